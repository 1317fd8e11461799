import Inspection
import Testing
import Wire

/// Streams of many messages, cut, repeated and reordered at random: no name may be missed, whatever
/// the order of arrival.
@Suite("Reordered streams")
struct ReorderingTests {
    @Test("HTTP requests with and without bodies", arguments: 0..<8)
    func http(round: Int) {
        for seed in 0..<100 {
            var random = SplitMix64(state: UInt64(round * 1_000 + seed))
            let names = (0..<6).map { "h\($0).test" }
            let stream = names.flatMap { Self.request(to: $0, using: &random) }
            let seen = Recorder.names(Self.scramble(stream, to: 80, using: &random))
            #expect(Set(seen).isSuperset(of: names), "seed \(round * 1_000 + seed)")
        }
    }

    @Test("DNS messages over TCP", arguments: 0..<4)
    func dns(round: Int) {
        for seed in 0..<100 {
            var random = SplitMix64(state: UInt64(round * 1_000 + seed))
            let names = (0..<6).map { "h\($0).test" }
            let stream = names.flatMap { TestPackets.framed(TestPackets.query([$0])) }
            let seen = Recorder.names(Self.scramble(stream, to: 53, using: &random))
            #expect(Set(seen).isSuperset(of: names), "seed \(round * 1_000 + seed)")
        }
    }

    private static func request(to host: String, using random: inout SplitMix64) -> [UInt8] {
        let body = (0..<Int.random(in: 1...200, using: &random)).map { _ in
            UInt8.random(in: 0...255, using: &random)
        }
        let fields = "Accept: */*\r\nHost: \(host)\r\n"
        let head =
            switch Int.random(in: 0..<4, using: &random) {
            case 0: "POST / HTTP/1.1\r\n\(fields)Content-Length: \(body.count)\r\n\r\n"
            case 1: "POST / HTTP/1.1\r\n\(fields)Expect: x\r\nContent-Length: 999\r\n\r\n"
            default: "GET /index HTTP/1.1\r\n\(fields)\r\n"
            }
        return Array(head.utf8) + (head.hasPrefix("POST") ? body : [])
    }

    /// Segments of 1...150 bytes; a third repeated, a quarter late by up to five places.
    private static func scramble(
        _ stream: [UInt8], to port: Int, using random: inout SplitMix64
    ) -> [[UInt8]] {
        var cuts: [Int] = []
        var next = Int.random(in: 1...150, using: &random)
        while next < stream.count {
            cuts.append(next)
            next += Int.random(in: 1...150, using: &random)
        }
        let start = UInt32.random(in: 0...UInt32.max, using: &random)
        var pieces = TestPackets.cut(stream, at: cuts, to: port, sequence: start)
        for index in pieces.indices where Int.random(in: 0..<3, using: &random) == 0 {
            pieces.append(pieces[index])
            pieces.swapAt(
                pieces.count - 1, Int.random(in: index..<pieces.count, using: &random))
        }
        for index in pieces.indices where Int.random(in: 0..<4, using: &random) == 0 {
            let late = min(pieces.count - 1, index + Int.random(in: 1...5, using: &random))
            pieces.insert(pieces.remove(at: index), at: late)
        }
        return pieces
    }
}
