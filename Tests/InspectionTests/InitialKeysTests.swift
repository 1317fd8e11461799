import CNettle
import InitialPackets
import Inspection
import PacketProtection
import Testing
import Wire

/// The examples that the RFCs print: RFC 9001 appendix A and RFC 9369 appendix A.
@Suite("Keys of QUIC Initials")
struct InitialKeysTests {
    private static let connectionID = octets("8394c8f03e515708")

    private static func octets(_ hexadecimal: String) -> [UInt8] {
        let digits = hexadecimal.compactMap { $0.hexDigitValue }
        return stride(from: 0, to: digits.count, by: 2).map {
            UInt8(digits[$0] << 4 | digits[$0 + 1])
        }
    }

    /// What appendix A prints of a version.
    struct Example: Sendable {
        let version: QUICVersion
        let key: String
        let iv: String
        let hp: String
        /// The packet's first octets, and its last: the tag covers all of it.
        let head: String
        let tail: String
    }

    static let examples = [
        Example(
            version: .one, key: "1f369613dd76d5467730efcbe3b1a22d", iv: "fa044b2f42a3fd3b46fb255c",
            hp: "9f50449e04a0e810283a1e9933adedd2",
            head: "c000000001088394c8f03e5157080000449e7b9aec34"
                + "d1b1c98dd7689fb8ec11d242b123dc9b",
            tail: "e221af44860018ab0856972e194cd934"),
        Example(
            version: .two, key: "8b1a0bc121284290a29e0971b5cd045d", iv: "91f73e2351d8fa91660e909f",
            hp: "45b95e15235d6f45a6b19cbcb0294ba9",
            head: "d76b3343cf088394c8f03e5157080000449ea0c95e82"
                + "ffe67b6abcdb4298b485dd04de806071",
            tail: "a18b2faa745b6fe189cf772a9f84cbfc"),
    ]

    /// The CRYPTO frame of A.2: a hello for example.com.
    private static let frame = octets(
        """
        060040f1010000ed0303ebf8fa56f12939b9584a3896472ec40bb863cfd3e868
        04fe3a47f06a2b69484c00000413011302010000c000000010000e00000b6578
        616d706c652e636f6dff01000100000a00080006001d00170018001000070005
        04616c706e000500050100000000003300260024001d00209370b2c9caa47fba
        baf4559fedba753de171fa71f50f1ce15d43e994ec74d748002b000302030400
        0d0010000e0403050306030203080408050806002d00020101001c0002400100
        3900320408ffffffffffffffff05048000ffff07048000ffff08011001048000
        75300901100f088394c8f03e51570806048000ffff
        """)

    private static func packet(_ version: QUICVersion) -> [UInt8] {
        var initial = Initial(frame, version: version.rawValue, connectionID: connectionID)
        initial.sourceID = []
        initial.number = 2
        return initial.packet(paddedTo: 1_200)
    }

    @Test("A.1: key, IV and header protection key of the client", arguments: examples)
    func keys(example: Example) {
        var keys = cnt_initial_keys()
        let id = Self.connectionID
        #expect(cnt_client_keys(example.version.rawValue, id, id.count, &keys) == 0)
        #expect(withUnsafeBytes(of: keys.key, Array.init) == Self.octets(example.key))
        #expect(withUnsafeBytes(of: keys.iv, Array.init) == Self.octets(example.iv))
        #expect(withUnsafeBytes(of: keys.hp, Array.init) == Self.octets(example.hp))
        #expect(cnt_client_keys(0xff00_001d, id, id.count, &keys) == -1)
    }

    @Test("A.2: the client's Initial is what the RFC prints", arguments: examples)
    func seal(example: Example) {
        let packet = Self.packet(example.version)
        #expect(packet.count == 1_200)
        #expect(Array(packet.prefix(38)) == Self.octets(example.head))
        #expect(Array(packet.suffix(16)) == Self.octets(example.tail))
    }

    @Test("A.2: the packet opens, and with one bit changed it does not", arguments: examples)
    func open(example: Example) {
        var packet = Self.packet(example.version)
        let keys = InitialKeys(example.version, connectionID: Self.connectionID.span)
        var plain = [UInt8](repeating: 0, count: 1_200)
        let frames = keys.open(packet.span, numberOffset: 18, into: &plain)
        #expect(frames == 22..<1_184)
        #expect(Array(plain[22..<22 + Self.frame.count]) == Self.frame)
        for place in [0, 1, 6, 17, 18, 21, 22, 37, 600, 1_183, 1_184, 1_199] {
            packet[place] ^= 0x08
            #expect(
                keys.open(packet.span, numberOffset: 18, into: &plain) == nil, "octet \(place)")
            packet[place] ^= 0x08
        }
        for count in 0..<38 {
            let short = packet.span.extracting(first: count)
            #expect(keys.open(short, numberOffset: min(18, count), into: &plain) == nil)
        }
    }

    @Test("A.2: the inspector reads the name in it", arguments: examples)
    func inspect(example: Example) {
        var recorder = Recorder()
        recorder.see(TestPackets.quic(Self.packet(example.version)))
        #expect(recorder.names == ["example.com"])
        #expect(recorder.vectors == [.quic])
        #expect(recorder.outcomes == [.settled])
    }
}
