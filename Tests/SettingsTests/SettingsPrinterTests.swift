import Foundation
import Policy
import Settings
import Testing
import Wire

/// Printed settings read as the same settings, and print as the same text.
struct SettingsPrinterTests {
    /// Everything settings mean: where they were written, and the digest of the text, left out.
    struct Meaning: Hashable {
        let settings: GatewaySettings
        let catalogues: [Catalogue]
        let tests: [String]

        init(_ settings: GatewaySettings, _ catalogues: [Catalogue], _ tests: [PolicyTestCase]) {
            self.settings = settings.unlocated
            self.catalogues = catalogues.map(\.unlocated).sorted { $0.name < $1.name }
            self.tests = tests.map { test in
                "\(test.policy) \(test.tags.sorted()) \(test.region) \(test.site ?? "-") "
                    + "\(test.to?.text ?? "-") \(test.expect)"
            }.sorted()
        }
    }

    private func read(_ files: [SettingsFile]) -> SettingsResult {
        SettingsReader.read(
            files: files, vendorRegistry: Fixtures.vendors, regions: .builtIn,
            hostName: "gw-test")
    }

    private func print(_ result: SettingsResult, hasOrigins: Bool = false) throws -> [SettingsFile]
    {
        let settings = try #require(result.settings)
        return SettingsPrinter(
            settings: settings, catalogues: result.catalogues, tests: result.tests,
            hasOrigins: hasOrigins
        ).files
    }

    private func meaning(of result: SettingsResult) throws -> Meaning {
        Meaning(try #require(result.settings), result.catalogues, result.tests)
    }

    /// Reads what is printed of settings that were read, twice.
    private func holds(_ first: SettingsResult, _ what: String) throws {
        let printed = try print(first)
        let second = read(printed)
        #expect(second.errorCount == 0, "\(what): \(second.problems.map { $0.rendered() })")
        #expect(try meaning(of: second) == meaning(of: first), "\(what)")
        #expect(try print(second) == printed, "\(what)")
        // Comments change nothing.
        let third = read(try print(first, hasOrigins: true))
        #expect(try meaning(of: third) == meaning(of: first), "\(what)")
    }

    @Test(arguments: [UInt64(1), 2, 3, 4]) func madeUpSettingsComeBack(seed: UInt64) throws {
        var maker = SettingsMaker(seed: seed)
        var policies = 0
        for number in 0..<550 {
            let made = maker.settings()
            policies += made.settings.policies.count
            let printed = SettingsPrinter(
                settings: made.settings, catalogues: made.catalogues, tests: made.tests,
                hasOrigins: false
            ).files
            let result = read(printed)
            let what = "seed \(seed), number \(number)"
            guard result.settings != nil else {
                Issue.record("\(what): \(result.problems.map { $0.rendered() })")
                return
            }
            let given = Meaning(made.settings, made.catalogues, made.tests)
            #expect(try meaning(of: result) == given, "\(what)")
            #expect(try print(result) == printed, "\(what)")
        }
        #expect(policies > 500)
    }

    @Test func whatIsShippedComesBack() throws {
        let files = try ShippedConfigTests.files()
        let examples = try ShippedConfigTests.files(suffix: ".yaml.example").map {
            SettingsFile(path: String($0.path.dropLast(".example".count)), text: $0.text)
        }
        for set in [files, files + examples] {
            let first = SettingsReader.read(
                files: set, vendorRegistry: VendorRegistry(), regions: .builtIn, hostName: "gw")
            let printed = try print(first)
            let second = SettingsReader.read(
                files: printed, vendorRegistry: VendorRegistry(), regions: .builtIn, hostName: "gw")
            #expect(try meaning(of: second) == meaning(of: first))
            #expect(try print(second) == printed)
        }
    }

    /// Those that load, with warnings or none.
    @Test(arguments: GoldenTests.cases) func theCasesComeBack(name: String) throws {
        let text = try String(
            contentsOf: GoldenTests.directory.appending(path: "\(name).yaml"), encoding: .utf8)
        let result = Fixtures.read(SettingsFile(path: try GoldenTests.path(of: name), text: text))
        guard result.settings != nil else { return }
        try holds(result, name)
    }

    static let awkward = [
        "yes", "No", "on", "~", "null", "007", "1e3", "0x1f", "12:30:45", "2026-11-23", "a: b",
        "a #b", " leading", "trailing ", "- item", "* star", "&anchor", "!tag", "%directive",
        "@at", "`tick`", "{a: b}", "[a]", "quote \" and \\ backslash", "it's", "Póngase", "نقدی",
        "می\u{200c}خواهم", "Привет", "北京", "\u{1f4f1}", "a\u{a0}b", "\u{fffe}\u{ffff}", ".", "..",
        "---", "...", "?", ": ", "#", "|", ">-", "\u{10ffff}", "<<", "=", "a,b", "100%",
    ]

    @Test(arguments: awkward) func anyTextComesBack(text: String) throws {
        let quoted = text.replacing("'", with: "''")
        let policy = Fixtures.policy(more: "basis: '\(quoted)'\ncontact: {name: '\(quoted)'}")
        // What YAML itself can't hold raw is written as an escape.
        let escaped =
            policy.text.unicodeScalars.contains { [0xfffe, 0xffff].contains($0.value) }
            ? policy.text.replacing("'\u{fffe}\u{ffff}'", with: "\"\\uFFFE\\uFFFF\"") : policy.text
        let result = Fixtures.read(SettingsFile(path: policy.path, text: escaped))
        #expect(result.settings?.policies.first?.basis == text)
        try holds(result, text)
    }

    @Test func commentsSayWhereItWasWritten() throws {
        let result = Fixtures.read(
            Fixtures.policy(
                "here",
                more: "tests:\n  - {device: {tags: []}, region: CU, "
                    + "to: a.example.com, expect: allow}"))
        let printed = try print(result, hasOrigins: true)
        let policy = try #require(printed.first { $0.path == "policy.d/here.yaml" })
        #expect(policy.text.contains("policy: here  # policy.d/here.yaml:2\n"))
        #expect(policy.text.contains("  - CU  # policy.d/here.yaml:6\n"))
        #expect(policy.text.contains("expect: allow}  # policy.d/here.yaml:10\n"))
        let stream = SettingsPrinter.stream(of: printed)
        #expect(stream.hasPrefix("--- # regionlock.yaml\nversion: 1\n"))
        #expect(stream.contains("--- # catalogue.d/vendor/test.yaml\nversion: 1\n"))
    }

    /// The test must be able to fail.
    @Test func anotherMeaningIsSeen() throws {
        let one = Fixtures.read(Fixtures.policy(more: "review_by: 2027-01-01"))
        let other = Fixtures.read(Fixtures.policy(more: "review_by: 2027-01-02"))
        #expect(try meaning(of: one) != meaning(of: other))
    }
}

extension GatewaySettings {
    /// The same, written nowhere.
    var unlocated: GatewaySettings {
        var settings = self
        settings.revision = ""
        settings.sites = SiteTable(
            sites.sites.map {
                Site(
                    name: $0.name, region: $0.region, interfaces: $0.interfaces,
                    subnets: $0.subnets, source: .nowhere, regionSource: .nowhere)
            })
        settings.geoip = geoip.map {
            GeoIPSettings(
                database: $0.database, uplinkAddress: $0.uplinkAddress,
                maximumAgeDays: $0.maximumAgeDays, source: .nowhere)
        }
        settings.leaseFiles = leaseFiles.map {
            LeaseList(format: $0.format, path: $0.path, source: .nowhere)
        }
        settings.tagRules = tagRules.map {
            TagRule(
                tag: $0.tag, match: $0.match.map(\.unlocated), except: $0.except.map(\.unlocated))
        }
        settings.devices = devices.map {
            KnownDevice(
                selector: $0.selector, otherMACs: $0.otherMACs, label: $0.label, tags: $0.tags,
                source: .nowhere)
        }
        settings.policies = policies.map(\.unlocated)
        return settings
    }
}

extension Policy.SourceLocation {
    static let nowhere = Policy.SourceLocation(file: "", line: 1)
}

extension Located {
    var unlocated: Located { Located(value, at: .nowhere) }
}

extension Endpoint {
    var unlocated: Endpoint { Endpoint(pattern: pattern, role: role, source: .nowhere) }
}

extension Catalogue {
    var unlocated: Catalogue {
        Catalogue(
            name: name, title: title,
            entries: entries.map {
                CatalogueEntry(
                    endpoint: $0.endpoint.unlocated, confidence: $0.confidence,
                    authority: $0.authority, note: $0.note, addresses: $0.addresses)
            })
    }
}

extension RegionPolicy {
    var unlocated: RegionPolicy {
        let regions: RegionRule =
            switch self.regions {
            case .deny(let list): .deny(list.map(\.unlocated))
            case .allow(let list): .allow(list.map(\.unlocated))
            }
        var policy = RegionPolicy(
            name: name, title: title, mode: mode, tags: tags.map(\.unlocated), regions: regions,
            validFrom: validFrom, validUntil: validUntil, reviewBy: reviewBy,
            endpoints: endpoints.map(\.unlocated), term: term, basis: basis, reason: reason,
            message: message, contact: contact, source: .nowhere)
        policy.translations = translations
        policy.trigger = trigger
        policy.action = action
        policy.stages = stages
        policy.exemptions = exemptions.map {
            PolicyExemption(
                subject: $0.subject, until: $0.until, reason: $0.reason, source: .nowhere)
        }
        policy.priority = priority
        policy.sites = sites.map(\.unlocated)
        policy.lists = lists.map(\.unlocated)
        policy.triggerRoles = triggerRoles
        return policy
    }
}
