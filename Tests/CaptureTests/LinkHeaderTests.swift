import Capture
import Testing
import Wire

@Suite struct LinkHeaderTests {
    private static let tail: [UInt8] = [0x45, 0, 0, 20]

    private static func frame(_ types: [UInt8]) -> [UInt8] {
        Array(repeating: 2, count: 12) + types + tail
    }

    @Test(arguments: [
        ([0x08, 0x00] as [UInt8], 14), ([0x86, 0xdd], 14), ([0x81, 0, 0, 5, 0x08, 0x00], 18),
        ([0x88, 0xa8, 0, 5, 0x81, 0, 0, 6, 0x08, 0x00], 22),
    ])
    func ethernet(types: [UInt8], length: Int) {
        let frame = Self.frame(types)
        #expect(LinkHeader(frame.span, link: .ethernet)?.length == length)
        for count in 0...length {
            #expect(LinkHeader(frame.span.extracting(first: count), link: .ethernet) == nil)
        }
    }

    @Test(
        "ARP, a third tag, 802.3 lengths carry no IP",
        arguments: [
            [0x08, 0x06] as [UInt8], [0x81, 0, 0, 5, 0x88, 0xa8, 0, 5, 0x81, 0, 0, 6, 0x08, 0x00],
            [0x00, 0x40],
        ])
    func other(types: [UInt8]) {
        #expect(LinkHeader(Self.frame(types).span, link: .ethernet) == nil)
    }

    @Test("a cooked capture of a link without MACs has no sender")
    func cooked() {
        // ARPHRD_PPP is 512.
        let frame = [0, 0, 2, 0, 0, 0] + [UInt8](repeating: 0, count: 8) + [8, 0] + Self.tail
        let header = LinkHeader(frame.span, link: .sll)
        #expect(header?.length == 16)
        #expect(header?.sender == nil)
    }
}
