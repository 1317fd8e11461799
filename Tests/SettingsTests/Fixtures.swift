import Policy
import Settings

/// The surroundings every test reads its files in: a short list of makers, the built-in regions.
enum Fixtures {
    static let vendors = VendorRegistry(csv: [
        """
        Registry,Assignment,Organization Name,Organization Address\r
        MA-L,640980,Xiaomi Communications Co Ltd,"No.019, 9th Floor\r
        Beijing CN 100085"\r
        MA-L,50EC50,"Beijing Xiaomi Mobile Software Co., Ltd",Beijing CN\r
        MA-L,58C41E,IEEE Registration Authority,445 Hoes Lane US\r
        MA-L,02608C,3COM,US\r
        """,
        """
        Registry,Assignment,Organization Name,Organization Address
        MA-M,58C41E8,"Xiaomi EV Technology ""Co.,"" Ltd.",CN
        """,
        """
        Registry,Assignment,Organization Name,Organization Address
        MA-S,70B3D5001,SOREDI touch systems GmbH,DE
        """,
    ])

    /// The lists of this machine, read once: in a debug build that takes seconds.
    static let installedVendors = VendorRegistry.installed()
    static let installedRegions = RegionTable.installed()

    static let gateway = SettingsFile(path: "regionlock.yaml", text: "version: 1\n")

    static let devices = SettingsFile(
        path: "devices.d/10-tags.yaml",
        text: "version: 1\ntag: xiaomi\nmatch: [{interface: lan0}]\n")

    static let catalogue = SettingsFile(
        path: "catalogue.d/vendor/test.yaml",
        text: """
            version: 1
            catalogue: vendor/test
            title: Test hosts
            endpoints:
              - {name: a.example.com, match: suffix, role: activation, confidence: high, source: s}
              - {name: b.example.com, match: exact, role: account, confidence: medium, source: s}
              - {name: c.example.com, match: exact, role: account, confidence: low, source: s}
              - {name: t.example.com, match: exact, role: telemetry, confidence: high, source: s}
            """)

    /// A policy that has everything it needs, with lines put behind it.
    static func policy(
        _ name: String = "test", regions: String = "deny_regions: [CU]",
        activation: String = "{lists: [vendor/test]}", more: String = ""
    ) -> SettingsFile {
        SettingsFile(
            path: "policy.d/\(name).yaml",
            text: """
                version: 1
                policy: \(name)
                title: A policy
                mode: monitor
                applies_to: {tags: [xiaomi]}
                \(regions)
                activation: \(activation)
                message: Not here.
                \(more)
                """)
    }

    /// Reads the files together with those above that they do not replace.
    static func read(_ files: SettingsFile..., alone: Bool = false) -> SettingsResult {
        let paths = Set(files.map(\.path))
        let others = alone ? [] : [gateway, devices, catalogue].filter { !paths.contains($0.path) }
        return SettingsReader.read(
            files: files + others, vendorRegistry: vendors, regions: .builtIn, hostName: "gw-test")
    }
}
