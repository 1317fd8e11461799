import Capture
import Foundation
import Inspection
import Testing
import Wire

/// What real clients sent (Recorded/README.md says how each was recorded): every one asks for the
/// same name.
@Suite("Recorded clients")
struct RecordedTests {
    private static let name = "account.xiaomi.com"

    private static let recordings: [String] = {
        let directory = Bundle.module.url(forResource: "Recorded", withExtension: nil)
        let names = directory.flatMap {
            try? FileManager.default.contentsOfDirectory(atPath: $0.path)
        }
        return (names ?? []).filter { $0.hasSuffix(".pcap") }.sorted()
    }()

    @Test("all of them are there")
    func areAllThere() { #expect(Self.recordings.count == 18) }

    @Test("the name is shown, by the vector and once the client has sent it", arguments: recordings)
    func shows(file: String) throws {
        let vector: Vector =
            switch file.prefix(while: { $0 != "." }).dropLast(3) {
            case "dig": .dns
            case "dig-tcp": .dnsTCP
            case "curl-http", "curl-connect": .http
            case "aioquic", "chromium-quic": .quic
            default: .tls
            }
        var recorder = Recorder()
        let packets = try Self.packets(of: file)
        #expect(!packets.isEmpty)
        for (index, packet) in packets.enumerated() {
            recorder.see(packet, link: .ethernet, at: UInt64(index) * 1_000_000)
        }
        #expect(Set(recorder.names) == [Self.name])
        #expect(recorder.vectors.first == vector)
        #expect(recorder.counters.malformed == 0)
        // Chromium sends the extension to every server.
        #expect(recorder.areWithECH.contains(true) == file.hasPrefix("chromium"))
        if vector == .tls || vector == .quic { #expect(recorder.outcomes.contains(.settled)) }

        // In the reverse order as well: the packets are few, and no server has answered in between.
        if vector == .tls || vector == .quic {
            var reversed = Recorder()
            for packet in packets.reversed() { reversed.see(packet, link: .ethernet) }
            #expect(reversed.names.contains(Self.name), "reversed")
        }
    }

    private static func packets(of file: String) throws -> [[UInt8]] {
        let url = try #require(
            Bundle.module.url(forResource: "Recorded/\(file)", withExtension: nil))
        let octets = [UInt8](try Data(contentsOf: url))
        var parser = CaptureParser()
        var packets: [[UInt8]] = []
        _ = try parser.read(octets.span, isEnd: true) { _, frame in
            packets.append(frame.indices.map { frame[$0] })
        }
        return packets
    }
}
