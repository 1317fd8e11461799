import Policy
import Settings
import Wire

/// Makes settings up from a seed: all that files can say, in any combination that loads.
struct SettingsMaker {
    struct Made {
        var settings: GatewaySettings
        var catalogues: [Catalogue]
        var tests: [PolicyTestCase]
    }

    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func settings() -> Made {
        let catalogues = makeCatalogues()
        let geoip = maybe { $0.makeGeoIP() }
        let sites = makeSites(hasGeoIP: geoip != nil)
        var settings = GatewaySettings(
            gatewayName: identifier(), mode: pick(PolicyMode.allCases), uplinks: makeUplinks(),
            sites: SiteTable(sites), unknownSite: makeUnknownSite(), tagRules: makeTagRules(),
            devices: makeDevices(), policies: [],
            inspection: InspectionSettings(
                tap: pick(InspectionSettings.Tap.allCases),
                hold: pick(InspectionSettings.Hold.allCases),
                whenDown: pick(InspectionSettings.WhenDown.allCases),
                queue: UInt16(number(0...65_535)),
                markMask: UInt32(0x0f) << UInt32(number(0...28)),
                answers: pick(InspectionSettings.Answers.allCases),
                sharedAddresses: (0..<number(0...2)).map { _ in prefix() }),
            whileBlocked: WhileBlocked(
                dns: pick(WhileBlocked.DNS.allCases), also: makeDestinations()),
            notice: NoticeSettings(isEnabled: chance(2), port: UInt16(number(1...65_535))),
            control: ControlSettings(admins: group(), readers: group()),
            keepHistoryDays: number(1...3_650), revision: "")
        settings.geoip = geoip
        settings.returning = pick(ReturningDevices.allCases)
        settings.leaseFiles = makeLeaseFiles()
        settings.encryptedDNS = makeEncryptedDNS(catalogues)
        var tests: [PolicyTestCase] = []
        let names = distinct(number(0...3)) { $0.identifier() }
        for (place, name) in names.enumerated() {
            let (policy, own) = makePolicy(
                name, file: "policy.d/\(place)-p.yaml", catalogues: catalogues, sites: sites)
            settings.policies.append(policy)
            tests += own
        }
        // As they are asked: stable, the highest priority first.
        settings.policies = settings.policies.enumerated().sorted {
            (-$0.element.priority, $0.offset) < (-$1.element.priority, $1.offset)
        }.map(\.element)
        return Made(settings: settings, catalogues: catalogues, tests: tests)
    }

    // MARK: Chance

    private mutating func next() -> UInt64 {
        // SplitMix64.
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    private mutating func number(_ range: ClosedRange<Int>) -> Int {
        range.lowerBound + Int(next() % UInt64(range.count))
    }

    private mutating func chance(_ oneIn: Int) -> Bool { number(1...oneIn) == 1 }
    private mutating func pick<Value>(_ values: [Value]) -> Value {
        values[number(0...(values.count - 1))]
    }

    private mutating func maybe<Value>(_ make: (inout Self) -> Value) -> Value? {
        chance(2) ? make(&self) : nil
    }

    private mutating func distinct<Value: Hashable>(
        _ count: Int, _ make: (inout Self) -> Value
    ) -> [Value] {
        var seen: Set<Value> = []
        var values: [Value] = []
        while values.count < count {
            let value = make(&self)
            if seen.insert(value).inserted { values.append(value) }
        }
        return values
    }

    // MARK: Words

    private static let words = [
        "yes", "no", "On", "off", "true", "null", "y", "N", "007", "1e3", "0x1f", "2026-11-23",
        "1.5", "12", "lan0", "shop.1", "a_b", "_x", "Havana", "NO",
    ]

    private mutating func identifier() -> String {
        chance(2) ? pick(Self.words) : pick(Self.words) + "-\(number(0...999))"
    }

    private mutating func tag() -> Tag {
        let words = ["yes", "no", "on", "007", "1e3", "xiaomi", "press-sample", "y", "null"]
        let text = pick(words) + (chance(2) ? "" : "-\(number(0...99))")
        return Tag(text) ?? .neverBlock
    }

    private mutating func group() -> String { pick(["no", "root", "_rl", "on", "yes", "a-1"]) }

    private static let pieces = [
        "yes", "a: b", "x #y", " ", "- ", "* ", "&a", "!t", "%d", "@", "`", "{", "}", "[", "]", ",",
        "\"", "\\", "'", "é", "نقد", "\u{200c}", "Привет", "北京", "\u{1f4f1}", "\u{a0}", "\u{fffe}",
        "\u{10ffff}", "12", ".", "?", "|", ">", "~", "=", "<<", "\\n", "\\u0041", "100%", "null",
    ]

    /// Any text of one line that files may hold.
    private mutating func text() -> String {
        var text = pick(Self.pieces)
        for _ in 0..<number(0...6) { text += pick(Self.pieces) }
        return text
    }

    private mutating func interface() -> InterfaceName {
        let text = pick(["lan0", "no", "br-1", "en'p\"3", "1", "wg{0}", "lan0.20", "#x", "@a", "ü"])
        return InterfaceName(text) ?? InterfaceName("eth\(number(0...9))") ?? interface()
    }

    private mutating func region() -> Region {
        let codes = ["NO", "CU", "IR", "UA-43", "UA-40", "KP", "ES", "SD", "UA-30", "DE"]
        return Region(pick(codes)) ?? region()
    }

    private mutating func mac() -> MACAddress {
        MACAddress(value: next() & 0xfeff_ffff_ffff | 1)
    }

    private mutating func address() -> IPAddress {
        chance(2)
            ? .v4(IPv4Address(value: UInt32(truncatingIfNeeded: next())))
            : .v6(IPv6Address(high: 0x2001_0db8_0000_0000 | next() >> 32, low: next()))
    }

    private mutating func prefix() -> IPPrefix {
        let address = address()
        let length = number(8...address.bitWidth)
        return IPPrefix(address, length: length) ?? prefix()
    }

    private mutating func domain() -> DomainName {
        let label = pick(["no", "account", "1", "on", "_x", "a-b", "xn--p1ai", "360"])
        return DomainName("\(label).h\(number(0...9_999)).example") ?? domain()
    }

    private mutating func day() -> CalendarDay {
        CalendarDay(daysSinceEpoch: Int64(number(18_000...24_000)))
    }

    private mutating func located<Value: Sendable>(_ value: Value, _ file: String) -> Located<Value>
    {
        Located(value, at: SourceLocation(file: file, line: number(1...99)))
    }

    // MARK: Files

    private mutating func makeCatalogues() -> [Catalogue] {
        ["a", "vendor/yes"].prefix(number(0...2)).map { name in
            let file = "catalogue.d/\(name).yaml"
            var names = distinct(number(0...4)) { $0.domain() }
            // A list without a trigger can't be named.
            names.append(DomainName("trigger.\(name.count).example") ?? domain())
            let last = names.count - 1
            let entries = names.enumerated().map { place, host in
                let role = place == last ? .activation : pick(EndpointRole.allCases)
                return CatalogueEntry(
                    endpoint: Endpoint(
                        pattern: chance(2) ? .exact(host) : .suffix(host), role: role,
                        source: SourceLocation(file: file, line: number(1...99))),
                    confidence: place == last ? .high : pick(Confidence.allCases),
                    authority: text(), note: maybe { $0.text() },
                    addresses: role == .encryptedDNS
                        ? (0..<number(0...2)).map { _ in address() } : [])
            }
            return Catalogue(name: name, title: text(), entries: entries)
        }
    }

    private mutating func makeEncryptedDNS(_ catalogues: [Catalogue]) -> EncryptedDNSSettings {
        var settings = EncryptedDNSSettings()
        settings.refusesPort853 = chance(2)
        settings.refusesHTTPS = chance(2)
        settings.answersCanary = chance(2)
        settings.refusesPrivateRelay = chance(2)
        settings.stripsBindings = chance(2)
        settings.refusesHTTPDNS = chance(2)
        for entry in catalogues.flatMap(\.entries)
        where entry.confidence != .low
            && [.encryptedDNS, .bypassRelay, .httpDNS].contains(entry.endpoint.role)
        {
            settings.names[entry.endpoint.role, default: []].append(entry.endpoint.pattern)
            settings.addresses.formUnion(entry.addresses)
        }
        return settings
    }

    private mutating func makeUplinks() -> [InterfaceName] {
        distinct(number(0...2)) { InterfaceName("wan\($0.number(0...9))") ?? $0.interface() }
    }

    private mutating func makeGeoIP() -> GeoIPSettings {
        let addresses = ["198.41.0.4", "2001:500:2f::f"].compactMap { IPAddress($0) }
        return GeoIPSettings(
            database: "/" + text(), uplinkAddress: maybe { $0.pick(addresses) },
            maximumAgeDays: number(1...3_650), source: .nowhere)
    }

    private mutating func makeLeaseFiles() -> [LeaseList] {
        distinct(number(0...2)) { "/" + $0.text() }.map {
            LeaseList(format: pick(LeaseList.Format.allCases), path: $0, source: .nowhere)
        }
    }

    private mutating func makeSites(hasGeoIP: Bool) -> [Site] {
        let names = distinct(number(0...3)) { $0.identifier() }
        var interfaces = distinct(number(0...5)) { $0.interface() }
        var subnets = distinct(number(0...5)) { $0.prefix() }
        return names.compactMap { name -> Site? in
            var site: (interfaces: [InterfaceName], subnets: [IPPrefix]) = ([], [])
            for _ in 0..<number(0...2) {
                if let interface = interfaces.popLast() { site.interfaces.append(interface) }
                if let subnet = subnets.popLast() { site.subnets.append(subnet) }
            }
            guard !site.interfaces.isEmpty || !site.subnets.isEmpty else { return nil }
            return Site(
                name: name, region: hasGeoIP && chance(3) ? nil : region(),
                interfaces: site.interfaces, subnets: site.subnets,
                source: .nowhere, regionSource: .nowhere)
        }
    }

    private mutating func makeUnknownSite() -> UnknownSite {
        switch number(0...2) {
        case 0: .allow
        case 1: .deny
        default: .region(region())
        }
    }

    private mutating func makeDestinations() -> [AllowedDestination] {
        (0..<number(0...3)).map { _ in
            AllowedDestination(
                prefix: prefix(), port: maybe { UInt16($0.number(1...65_535)) })
        }
    }

    private mutating func selector() -> DeviceSelector {
        switch number(0...9) {
        case 0: .mac(mac())
        case 3: .dhcpHostName(TextPattern(pick(["Redmi*", "no", "on", "*: phone", "007"])))
        case 4: .dhcpVendorClass(TextPattern(pick(["android-dhcp-*", "yes", "é", "'x"])))
        case 5: .dhcpFingerprint(TextPattern(pick(["1,3,6,*", "1", "*,43", "1,121,255"])))
        case 1:
            .vendor(
                pattern: "*Xiaomi*", prefixes: Fixtures.vendors.prefixes(matching: "*Xiaomi*"))
        case 2: .interface(interface())
        case 8:
            WireGuardKey(octets: (0..<32).map { _ in UInt8(number(1...255)) })
                .map(DeviceSelector.wireGuardPeer) ?? selector()
        case 7: VLANID(number(VLANID.range)).map(DeviceSelector.vlan) ?? selector()
        case 6:
            .macKind(pick(MACKind.allCases), assigned: Fixtures.vendors.assignedLocalBlocks)
        default: .prefix(prefix())
        }
    }

    private mutating func makeTagRules() -> [TagRule] {
        (0..<number(0...3)).map { place in
            let file = "devices.d/\(place)-tag.yaml"
            let match = (0...number(0...2)).map { _ in located(selector(), file) }
            let except = (0..<number(0...2)).map { _ in located(selector(), file) }
            return TagRule(tag: tag(), match: match, except: except)
        }
    }

    private mutating func makeDevices() -> [KnownDevice] {
        let labels = distinct(8) { $0.identifier() }
        return (0..<number(0...8)).map { place in
            let address = address()
            let single = IPPrefix(address, length: address.bitWidth)
            let key = chance(2) ? single.map(DeviceSelector.prefix) : nil
            return KnownDevice(
                selector: key ?? .mac(mac()),
                otherMACs: key == nil ? distinct(number(0...2)) { $0.mac() } : [],
                label: chance(3) ? nil : labels[place],
                tags: distinct(number(0...3)) { $0.tag() },
                source: SourceLocation(file: "devices.d/\(place < 4 ? 5 : 9)-list.yaml", line: 3))
        }
    }

    // MARK: Policies

    private mutating func makePolicy(
        _ name: String, file: String, catalogues: [Catalogue], sites: [Site]
    ) -> (RegionPolicy, [PolicyTestCase]) {
        let trigger = pick(PolicyTrigger.allCases)
        let regions = distinct(number(1...4)) { $0.region() }.map { located($0, file) }
        let from = maybe { $0.day() }
        let until = maybe { $0.day() }
        let action = trigger == .entry ? .cutOff : pick(PolicyAction.allCases)
        let languages = distinct(number(0...3)) { $0.pick(["no", "en", "on", "fa", "es", "ru"]) }
        let translations = Dictionary(uniqueKeysWithValues: languages.map { ($0, text()) })
        var lists = catalogues.filter { _ in chance(2) }.map { located($0.name, file) }
        let roles = maybe { _ in Set<EndpointRole>([.activation, .unlock]) }
        let hasTriggers = trigger != .entry || chance(2)
        if !hasTriggers { lists = [] }
        let triggers = hasTriggers ? makeTriggers(lists, roles, catalogues, file) : []
        var policy = RegionPolicy(
            name: name, title: text(), mode: pick(PolicyMode.allCases),
            tags: distinct(number(1...3)) { $0.tag() }.map { located($0, file) },
            regions: chance(2) ? .deny(regions) : .allow(regions), validFrom: from,
            validUntil: until.map { max($0, from ?? $0) }, reviewBy: maybe { $0.day() },
            endpoints: triggers,
            term: action == .denyActivation || chance(2)
                ? .untilReleased : .seconds(Int64(number(1...5_000)) * 60),
            basis: maybe { $0.text() }, reason: maybe { $0.text() },
            message: translations.values.first ?? text(),
            contact: Contact(
                name: maybe { $0.text() }, phone: maybe { $0.text() }, email: maybe { $0.text() },
                url: maybe { "https://example.com/" + $0.text() }),
            source: SourceLocation(file: file, line: 2))
        policy.translations = translations
        policy.trigger = trigger
        policy.action = action
        policy.priority = number(0...3)
        policy.sites = sites.filter { _ in chance(3) }.map { located($0.name, file) }
        policy.lists = lists
        policy.triggerRoles = hasTriggers ? roles : nil
        if chance(2) {
            let lengths = (0..<3).map { _ in chance(2) ? 0 : Int64(number(1...9_000)) * 60 }
            policy.stages = PolicyStages(
                observeSeconds: lengths[0], warnSeconds: lengths[1], graceSeconds: lengths[2])
        }
        policy.exemptions = makeExemptions(file)
        return (policy, makeTests(of: policy, sites: sites))
    }

    private mutating func makeTriggers(
        _ lists: [Located<String>], _ roles: Set<EndpointRole>?, _ catalogues: [Catalogue],
        _ file: String
    ) -> [Endpoint] {
        let wanted = roles ?? EndpointRole.triggersByDefault
        let listed = lists.flatMap { list in
            (catalogues.first { $0.name == list.value }?.entries ?? [])
                .filter { wanted.contains($0.endpoint.role) && $0.confidence != .low }
                .map(\.endpoint)
        }
        let own = (0..<number(lists.isEmpty ? 1...3 : 0...3)).compactMap { place in
            // Of no catalogue, so that no role of one forbids it.
            DomainName("own\(place).\(pick(["1", "no", "z"])).test").map { name in
                Endpoint(
                    pattern: chance(2) ? .exact(name) : .below(name), role: .activation,
                    source: SourceLocation(file: file, line: number(1...99)))
            }
        }
        return listed + own
    }

    private mutating func makeExemptions(_ file: String) -> [PolicyExemption] {
        (0..<number(0...3)).map { _ in
            let address = address()
            let single = IPPrefix(address, length: address.bitWidth)
            let subject: PolicyExemption.Subject =
                switch number(0...2) {
                case 0: .tag(tag())
                case 1: .device(.mac(mac()))
                default: single.map { .device(.prefix($0)) } ?? .tag(tag())
                }
            return PolicyExemption(
                subject: subject, until: maybe { $0.day() }, reason: maybe { $0.text() },
                source: SourceLocation(file: file, line: number(1...99)))
        }
    }

    private mutating func makeTests(of policy: RegionPolicy, sites: [Site]) -> [PolicyTestCase] {
        (0..<number(0...3)).map { _ in
            let isPresence = policy.trigger == .entry && chance(2)
            return PolicyTestCase(
                policy: policy.name, tags: Set(distinct(number(0...2)) { $0.tag() }),
                region: region(), site: sites.isEmpty || chance(2) ? nil : pick(sites).name,
                to: isPresence ? nil : domain(),
                expect: pick([Verdict.allow, .monitor, .refuse, .block]), source: .nowhere,
                column: 1, excerpt: nil)
        }
    }
}
