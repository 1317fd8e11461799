import Foundation
import Policy
import Settings
import Testing
import Wire

/// What is installed to /etc/regionlock must be right as it is.
struct ShippedConfigTests {
    static let directory = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../Config").standardized.resolvingSymlinksInPath()

    /// Every file of Config that a gateway would read.
    static func files(suffix: String = ".yaml") throws -> [SettingsFile] {
        let paths = try #require(FileManager.default.subpaths(atPath: directory.path))
        return try paths.filter { $0.hasSuffix(suffix) }.sorted().map { path in
            SettingsFile(
                path: path,
                text: try String(contentsOf: directory.appending(path: path), encoding: .utf8))
        }
    }

    private func read(_ files: [SettingsFile]) -> SettingsResult {
        SettingsReader.read(
            files: files, vendorRegistry: Fixtures.installedVendors,
            regions: Fixtures.installedRegions,
            hostName: "gw-test")
    }

    @Test func loadsCleanAndOnlyWatches() throws {
        var result = read(try Self.files())
        result.runTests(at: Timestamp(seconds: 1_795_392_000))
        #expect(result.problems.map { $0.rendered() } == [])
        let settings = try #require(result.settings)
        #expect(settings.mode == .monitor)
        #expect(settings.uplinks.isEmpty && settings.sites.sites.isEmpty)
        #expect(settings.unknownSite == .allow)
        #expect(settings.policies.map(\.name) == ["xiaomi-2021"])
        #expect(result.tests.count >= 15)
    }

    @Test func loadsOnAMachineWithoutTheLists() throws {
        let result = SettingsReader.read(
            files: try Self.files(), vendorRegistry: VendorRegistry(), regions: .builtIn,
            hostName: "gw-test")
        #expect(result.settings != nil)
        #expect(
            result.problems.map(\.message) == [
                "the list of makers is not installed: vendor names can't be matched"
            ])
    }

    @Test func theExamplesLoadOnceTheyAreNamedYaml() throws {
        let examples = try Self.files(suffix: ".yaml.example")
        #expect(examples.count == 11)
        let renamed = examples.map {
            SettingsFile(path: String($0.path.dropLast(".example".count)), text: $0.text)
        }
        var result = read(try Self.files() + renamed)
        result.runTests(at: Timestamp(seconds: 1_795_392_000))
        #expect(result.errorCount == 0)
        // Nobody gives its tag yet: that is the point of an example.
        #expect(result.problems.map(\.message) == ["no file in devices.d gives the tag \"tv-box\""])
        #expect(result.settings?.policies.map(\.name) == ["tv-boxes", "xiaomi-2021"])
    }

    @Test func thePolicyOf2021() throws {
        let policy = try #require(read(try Self.files()).settings?.policies.first)
        guard case .deny(let regions) = policy.regions else {
            Issue.record("not a list of denied regions")
            return
        }
        #expect(regions.map(\.value.code) == ["CU", "IR", "SY", "SD", "KP", "UA-43", "UA-40"])
        #expect(
            policy.message == """
                Xiaomi's policy does not allow the product to be sold or provided in the region \
                where you try to activate the product. Please contact the retailer directly for \
                more information.
                """)
        #expect(
            Set(policy.endpoints.map(\.pattern.name.text)) == [
                "api.account.xiaomi.com", "account.xiaomi.com", "c.id.mi.com",
                "api.device.xiaomi.net", "find.api.micloud.xiaomi.net",
                "findapi.micloud.xiaomi.net",
            ])
    }

    @Test func theCatalogueHoldsEveryKnownHost() throws {
        let catalogue = try #require(
            read(try Self.files()).catalogues.first { $0.name == "vendor/xiaomi" })
        #expect(catalogue.endpoints.count == 37)
        let count = { (role: EndpointRole) in catalogue.endpoints.count { $0.role == role } }
        #expect(count(.activation) == 2)
        #expect(count(.telemetry) == 9)
        #expect(count(.httpDNS) == 5)
    }

    static let triggersByVendor: [(vendor: String, words: String, names: [String])] = [
        ("apple", "activation, account, find-device", ["albert.apple.com"]),
        ("google", "activation", ["android.clients.google.com"]),
        ("windows", "activation", ["licensing.mp.microsoft.com"]),
        (
            "samsung", "enrolment",
            [
                "eula.secb2b.com", "gslb.secb2b.com", "samsungknox.com", "secb2b.com",
                "umc-cdn.secb2b.com", "us-be-api-mssl.samsungknox.com",
            ]
        ),
    ]

    /// What a policy that names a list and nothing more would take for an attempt: a host that many
    /// reach every day must not be among it.
    @Test(arguments: triggersByVendor)
    func theOtherCataloguesTrigger(
        vendor: String, words: String, names: [String]
    ) throws {
        let policy = Fixtures.policy(
            "other",
            activation: "{lists: [vendor/\(vendor)], trigger_roles: [\(words)]}")
        let result = read(try Self.files() + [policy])
        let endpoints = result.settings?.policies.first { $0.name == "other" }?.endpoints
        #expect(endpoints?.map(\.pattern.name.text).sorted() == names)
    }

    /// Connectivity checks and clocks of every vendor, put to a policy that names all lists.
    @Test func nothingThatRunsEveryDayTriggers() throws {
        let lists = "[vendor/apple, vendor/google, vendor/samsung, vendor/windows, vendor/xiaomi]"
        let roles = EndpointRole.mayTrigger.map(\.rawValue).sorted().joined(separator: ", ")
        let policy = Fixtures.policy(
            "all", activation: "{lists: \(lists), trigger_roles: [\(roles)]}")
        let result = read(try Self.files() + [policy])
        let settings = try #require(result.settings)
        let book = PolicyBook(settings: settings, seed: 1)
        var asked = 0
        for endpoint in result.catalogues.flatMap(\.endpoints)
        where EndpointRole.neverTriggers.contains(endpoint.role) {
            asked += 1
            #expect(!book.concerns(NameBuffer(endpoint.pattern.name.text)), "\(endpoint.pattern)")
        }
        #expect(asked > 40)
    }

    @Test func theMessageOf2021HasItsLanguages() throws {
        let policy = try #require(read(try Self.files()).settings?.policies.first)
        #expect(policy.translations.keys.sorted() == ["en", "es", "ru"])
        #expect(policy.translations["en"] == policy.message)
    }

    /// A commented default that is not the default would mislead.
    @Test func theAnnotatedFileSaysTheDefaults() throws {
        let annotated = try #require(read(try Self.files()).settings)
        let defaults = try #require(Fixtures.read(Fixtures.gateway, alone: true).settings)
        #expect(annotated.inspection == defaults.inspection)
        // The list of resolvers comes from the catalogue; every switch is off.
        #expect(!annotated.encryptedDNS.changesAnswers && !annotated.encryptedDNS.refusesPort853)
        #expect(annotated.encryptedDNS.names[.encryptedDNS]?.count == 19)
        #expect(annotated.encryptedDNS.addresses.count == 44)
        #expect(annotated.whileBlocked == defaults.whileBlocked)
        #expect(annotated.notice == defaults.notice)
        #expect(annotated.control == defaults.control)
        #expect(annotated.keepHistoryDays == defaults.keepHistoryDays)
        #expect(annotated.unknownSite == defaults.unknownSite)
    }
}
