import Testing
import Wire

@Suite("IP addresses")
struct IPAddressTests {
    @Test(
        "IPv4 text is four decimal octets without leading zeros",
        arguments: [
            ("0.0.0.0", 0), ("10.20.0.31", 0x0a14_001f), ("255.255.255.255", 0xffff_ffff),
            ("01.2.3.4", nil), ("1.2.3", nil), ("1.2.3.4.5", nil), ("1.2.3.256", nil),
            ("1.2.3.+4", nil), ("1..3.4", nil), ("", nil), ("1.2.3.4 ", nil), ("1.2.3.٤", nil),
        ] as [(String, UInt32?)])
    func ipv4(text: String, value: UInt32?) {
        #expect(IPv4Address(text)?.value == value)
        if let value { #expect(IPv4Address(value: value).description == text) }
    }

    @Test(
        "RFC 5952 4: one text for each address",
        arguments: [
            // 4.1 leading zeros, 4.2.1 as short as can be, 4.2.2 no `::` for one group,
            // 4.2.3 the longest run, then the first; 4.3 lower case.
            ("2001:0db8::0001", "2001:db8::1"),
            ("2001:db8:0:0:0:0:2:1", "2001:db8::2:1"),
            ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),
            ("2001:0:0:1:0:0:0:1", "2001:0:0:1::1"),
            ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
            ("2001:DB8::AbCd", "2001:db8::abcd"),
            ("0:0:0:0:0:0:0:0", "::"),
            ("::1", "::1"),
            ("1::", "1::"),
            ("0:1:2:3:4:5:6:7", "0:1:2:3:4:5:6:7"),
            ("1:2:3:4:5:6:0:0", "1:2:3:4:5:6::"),
            ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"),
            ("64:ff9b::192.0.2.33", "64:ff9b::c000:221"),
            ("1:2:3:4:5:6:192.0.2.33", "1:2:3:4:5:6:c000:221"),
        ])
    func ipv6Text(text: String, canonical: String) throws {
        let address = try #require(IPv6Address(text))
        #expect(address.description == canonical)
        #expect(IPv6Address(canonical) == address)
        #expect(IPAddress(octets: address.octets) == .v6(address))
    }

    @Test(
        "text that is no IPv6 address",
        arguments: [
            "", ":", ":::", "1", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3", ":1::2", "1::2:",
            "12345::", "g::", "1:2:3:4:5:6:7:8::", "::1%lan0", "1.2.3.4::", "::1.2.3", "::+1",
        ])
    func notIPv6(text: String) {
        #expect(IPv6Address(text) == nil)
    }

    @Test("RFC 4291 2.5.6: fe80::/10 is link-local")
    func linkLocal() {
        #expect(IPv6Address("fe80::1")?.isLinkLocal == true)
        #expect(IPv6Address("febf::1")?.isLinkLocal == true)
        #expect(IPv6Address("fec0::1")?.isLinkLocal == false)
        #expect(IPv6Address("2001:db8::fe80")?.isLinkLocal == false)
    }

    @Test("four or sixteen octets make an address, no other count does")
    func octets() {
        #expect(IPAddress(octets: [10, 0, 0, 1])?.description == "10.0.0.1")
        #expect(IPAddress("10.0.0.1")?.octets == [10, 0, 0, 1])
        for count in [0, 3, 5, 15, 17] {
            #expect(IPAddress(octets: Array(repeating: 0, count: count)) == nil)
        }
    }
}

@Suite("IP prefixes")
struct IPPrefixTests {
    @Test(
        "CIDR text, host bits cleared",
        arguments: [
            ("10.1.2.3/8", "10.0.0.0/8"), ("10.1.2.3", "10.1.2.3"), ("10.1.2.3/32", "10.1.2.3"),
            ("1.2.3.4/0", "0.0.0.0/0"), ("203.0.113.255/31", "203.0.113.254/31"),
            ("fd00::1/64", "fd00::/64"), ("2001:db8:ffff::/33", "2001:db8:8000::/33"),
            ("::1/128", "::1"), ("2001:db8::1/0", "::/0"), ("2001:db8::ff/127", "2001:db8::fe/127"),
            ("10.0.0.0/33", nil), ("fd00::/129", nil), ("10.0.0.0/", nil), ("10.0.0.0/8/8", nil),
            ("10.0.0.0/-0", nil), ("10.0.0.0/+8", nil), ("/8", nil), ("", nil), ("10.0.0/8", nil),
        ] as [(String, String?)])
    func text(text: String, canonical: String?) {
        #expect(IPPrefix(text)?.description == canonical)
    }

    @Test(
        "the first and last address lie inside, their neighbours outside",
        arguments: [
            ("10.20.0.0/22", "10.20.0.0", "10.20.3.255", "10.19.255.255", "10.20.4.0"),
            (
                "fd00:0:0:8::/61", "fd00:0:0:8::", "fd00::f:ffff:ffff:ffff:ffff", "fd00::7:0:0:0:0",
                "fd00:0:0:10::"
            ),
            ("2001:db8::f0/124", "2001:db8::f0", "2001:db8::ff", "2001:db8::ef", "2001:db8::100"),
        ])
    func edges(text: String, first: String, last: String, below: String, above: String) throws {
        let prefix = try #require(IPPrefix(text))
        #expect(prefix.base.description == first)
        #expect(prefix.last.description == last)
        #expect(prefix.contains(prefix.base) && prefix.contains(prefix.last))
        #expect(!prefix.contains(try #require(IPAddress(below))))
        #expect(!prefix.contains(try #require(IPAddress(above))))
    }

    @Test("blocks of two families never meet; nested blocks do")
    func overlap() throws {
        let wide = try #require(IPPrefix("10.0.0.0/8"))
        let narrow = try #require(IPPrefix("10.20.0.0/22"))
        let other = try #require(IPPrefix("10.24.0.0/22"))
        let everything6 = try #require(IPPrefix("::/0"))
        #expect(wide.overlaps(narrow) && narrow.overlaps(wide))
        #expect(!narrow.overlaps(other))
        #expect(!wide.overlaps(everything6) && !everything6.contains(wide.base))
    }
}
