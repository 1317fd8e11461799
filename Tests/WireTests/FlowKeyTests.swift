import Testing
import Wire

@Suite("Flow keys and interface names")
struct FlowKeyTests {
    @Test("a flow reads as in the journal, IPv6 addresses in brackets")
    func text() throws {
        let v4 = FlowKey(
            transport: .tcp, source: try #require(IPAddress("10.20.0.31")), sourcePort: 41_112,
            destination: try #require(IPAddress("203.0.113.2")), destinationPort: 443)
        #expect(v4.description == "tcp 10.20.0.31:41112 -> 203.0.113.2:443")
        let v6 = FlowKey(
            transport: .udp, source: try #require(IPAddress("fd00::31")), sourcePort: 5_353,
            destination: try #require(IPAddress("2001:db8::2")), destinationPort: 53)
        #expect(v6.description == "udp [fd00::31]:5353 -> [2001:db8::2]:53")
    }

    @Test(
        "netdevice(7): what the kernel takes as an interface name",
        arguments: [
            ("lan0", true), ("eth0.20", true), ("wlan0@x", true), ("abcdefghijklmno", true),
            ("abcdefghijklmnop", false), ("", false), (".", false), ("..", false), ("a/b", false),
            ("a b", false), ("eth0:1", false), ("a\n", false), ("é", false),
        ])
    func interfaceName(text: String, isName: Bool) {
        #expect((InterfaceName(text) != nil) == isName)
    }
}
