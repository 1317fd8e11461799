import Policy
import Testing
import Wire

@Suite struct SelectorTests {
    private let phone = DeviceFacts(
        mac: MACAddress("64:b4:73:00:00:10"), address: IPAddress("10.20.0.31"),
        interface: InterfaceName("lan0"))

    @Test func regionsContainTheirParts() throws {
        let ukraine = try #require(Region("UA"))
        let crimea = try #require(Region("UA-43"))
        #expect(crimea.isWithin(ukraine))
        #expect(!ukraine.isWithin(crimea))
        #expect(Region("ua") == nil)
        #expect(Region("UA-") == nil)
        #expect(Region("UA-1234") == nil)
    }

    @Test func eachSelectorMatchesItsOwn() throws {
        let maker = MACPrefix(base: try #require(MACAddress("64:b4:73:00:00:00")), length: 24)
        #expect(DeviceSelector.vendor(pattern: "Xiaomi*", prefixes: [maker]).matches(phone))
        #expect(DeviceSelector.interface(try #require(InterfaceName("lan0"))).matches(phone))
        #expect(DeviceSelector.prefix(try #require(IPPrefix("10.20.0.0/16"))).matches(phone))
        #expect(!DeviceSelector.prefix(try #require(IPPrefix("10.21.0.0/16"))).matches(phone))
        let other = try #require(MACAddress("64:b4:73:00:00:11"))
        #expect(!DeviceSelector.mac(other).matches(phone))
    }

    @Test func aMACIsRandomOrFixed() throws {
        let old = [MACPrefix(base: MACAddress(value: 0x0260_8c00_0000), length: 24)]
        for (text, kind) in [
            ("64:b4:73:00:00:10", MACKind.fixed), ("02:60:8c:00:00:01", .fixed),
            ("02:60:8d:00:00:01", .random), ("fe:ff:ff:ff:ff:ff", .random),
            ("fd:ff:ff:ff:ff:ff", nil), ("01:00:5e:00:00:01", nil), ("00:00:00:00:00:00", nil),
        ] {
            let mac = try #require(MACAddress(text))
            let facts = DeviceFacts(mac: mac, address: nil, interface: nil)
            for asked in MACKind.allCases {
                let test = DeviceSelector.macKind(asked, assigned: old)
                #expect(test.matches(facts) == (asked == kind), "\(mac) \(asked)")
            }
        }
        let none = DeviceFacts(mac: nil, address: phone.address, interface: phone.interface)
        for kind in MACKind.allCases {
            #expect(!DeviceSelector.macKind(kind, assigned: old).matches(none))
        }
    }

    @Test func exceptWinsOverMatch() throws {
        let line = Policy.SourceLocation(file: "devices.d/10-xiaomi.yaml", line: 3)
        let lan = DeviceSelector.interface(try #require(InterfaceName("lan0")))
        let mac = DeviceSelector.mac(try #require(phone.mac))
        let tag = try #require(Tag("xiaomi"))
        let rule = TagRule(
            tag: tag, match: [Located(lan, at: line)], except: [Located(mac, at: line)])
        #expect(rule.grant(to: phone) == nil)
        let open = TagRule(tag: tag, match: [Located(lan, at: line)], except: [])
        #expect(open.grant(to: phone)?.source == line)
    }

    @Test func longestSubnetFindsTheSiteThenTheInterface() throws {
        let line = Policy.SourceLocation(file: "regionlock.yaml", line: 1)
        func site(_ name: String, _ region: String, _ subnets: [String], _ lan: String) throws
            -> Site
        {
            let region: Region = try #require(Region(region))
            return Site(
                name: name, region: region,
                interfaces: [try #require(InterfaceName(lan))],
                subnets: try subnets.map { try #require(IPPrefix($0)) }, source: line,
                regionSource: line)
        }
        let table = SiteTable([
            try site("wide", "CU", ["10.0.0.0/8"], "lan9"),
            try site("narrow", "ES", ["10.20.0.0/16"], "lan8"),
            try site("port", "IR", [], "lan0"),
        ])
        #expect(table.site(interface: phone.interface, address: phone.address)?.name == "narrow")
        #expect(table.site(interface: phone.interface, address: nil)?.name == "port")
        #expect(table.site(interface: nil, address: IPAddress("192.0.2.1")) == nil)
    }
}
