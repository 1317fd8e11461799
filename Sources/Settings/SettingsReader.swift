package import Policy

/// What reading the operator's files came to.
package struct SettingsResult: Sendable {
    /// Nil when any file has an error: settings are taken whole or not at all.
    package var settings: GatewaySettings?
    /// All problems of all files, in order of file, line and column.
    package var problems: [SettingsProblem]
    /// For the caller to run against `settings`; a failure must refuse them.
    package var tests: [PolicyTestCase]
    /// Every catalogue that was read, in order of name.
    package var catalogues: [Catalogue]
    /// The texts all this was read from.
    package var files: [SettingsFile]

    /// `1 warning, 2 errors`; `no warnings, no errors`.
    package var counts: String {
        let word = { (count: Int, noun: String) in
            "\(count == 0 ? "no" : String(count)) \(noun)\(count == 1 ? "" : "s")"
        }
        return "\(word(warningCount, "warning")), \(word(errorCount, "error"))"
    }

    package var errorCount: Int { problems.count { $0.severity == .error } }
    package var warningCount: Int { problems.count { $0.severity == .warning } }
}

/// Turns the text of files into settings. Reads no file and no clock.
package enum SettingsReader {
    /// - Parameters:
    ///   - files: In any order; they are read in order of path, catalogues before policies.
    ///   - vendorRegistry: Where `oui_vendor` is looked up.
    ///   - regions: The regions there are.
    ///   - hostName: The gateway's name when the files give none.
    package static func read(
        files: [SettingsFile], vendorRegistry: VendorRegistry, regions: RegionTable,
        hostName: String
    ) -> SettingsResult {
        let context = ReadingContext(regions: regions, vendors: vendorRegistry)
        var settings = GatewaySettings.standard(hostName: hostName)
        settings.revision = Revision.of(files)
        var shelf = CatalogueShelf()
        var catalogues: [Catalogue] = []
        var devices = DevicesDecoder()
        var drafts: [PolicyDraft] = []
        var problems: [SettingsProblem] = []
        var scopes: [FileScope] = []

        for (kind, file) in inReadingOrder(files) {
            let scope = FileScope(file, context: context)
            scopes.append(scope)
            guard file.text.utf8.count <= SettingsLimits.fileBytes else {
                scope.error("the file has more than \(SettingsLimits.fileBytes) bytes", at: nil)
                continue
            }
            if let message = refusal(of: kind) {
                scope.error(message.message, at: nil, hint: message.hint)
                continue
            }
            let root = YAMLComposer.compose(file.text, in: scope)
            if case .catalogue(let name) = kind {
                let catalogue = shelf.decode(root, name: name, in: scope)
                if let catalogue { catalogues.append(catalogue) }
            }
            guard let root else { continue }
            switch kind {
            case .gateway: GatewayDecoder.decode(root, in: scope, into: &settings)
            case .devices: devices.decode(root, in: scope, into: &settings)
            case .policy:
                let draft = PolicyDecoder(shelf: shelf).decode(root, in: scope)
                if let draft { drafts.append(draft) }
            case .catalogue, .fleet, .other: break
            }
        }
        if !files.contains(where: { $0.path == FileKind.gatewayPath }) {
            problems.append(
                SettingsProblem(
                    severity: .error, file: FileKind.gatewayPath, message: "there is no such file",
                    hint: "The least it needs is: version: 1"))
        }
        CrossChecks.run(
            policies: drafts, settings: settings,
            areDevicesWhole: !scopes.contains { $0.hasErrors && $0.path.hasPrefix("devices.d/") },
            areSitesWhole: !scopes.contains { $0.hasErrors && $0.path == FileKind.gatewayPath })
        problems += scopes.flatMap(\.problems)
        settings.policies = inDecidingOrder(drafts.map(\.policy))
        EncryptedDNSDecoder.fill(&settings.encryptedDNS, from: shelf)
        let isUsable = !problems.contains { $0.severity == .error }
        return SettingsResult(
            settings: isUsable ? settings : nil, problems: problems.sorted(),
            tests: drafts.flatMap(\.tests), catalogues: catalogues, files: files)
    }

    /// Catalogues come first because policies name them, the rest in order of path.
    private static func inReadingOrder(
        _ files: [SettingsFile]
    ) -> [(kind: FileKind, file: SettingsFile)] {
        let sorted = files.sorted { $0.path < $1.path }.map { (FileKind(path: $0.path), $0) }
        let isCatalogue = { (kind: FileKind) in
            if case .catalogue = kind { true } else { false }
        }
        return sorted.filter { isCatalogue($0.0) } + sorted.filter { !isCatalogue($0.0) }
    }

    /// The order in which they are asked and shown: the highest priority first, in order of path
    /// within one.
    private static func inDecidingOrder(_ policies: [RegionPolicy]) -> [RegionPolicy] {
        policies.enumerated().sorted { left, right in
            (-left.element.priority, left.offset) < (-right.element.priority, right.offset)
        }.map(\.element)
    }

    private static func refusal(of kind: FileKind) -> (message: String, hint: String)? {
        switch kind {
        case .fleet:
            (
                "fleets are not supported by this version",
                "Remove the file: each gateway works alone."
            )
        case .other:
            (
                "this file is none of ours",
                "There are: regionlock.yaml, devices.d, policy.d and catalogue.d"
            )
        default: nil
        }
    }
}
