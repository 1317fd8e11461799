import Wire

@testable import Inspection

/// Headers of packets, and what several segments make together.
enum PacketTargets {
    static func headers(_ input: Span<UInt8>) {
        guard !input.isEmpty else { return }
        let packet = input.extracting(droppingFirst: 1)
        let link = input[0] & 1 == 0 ? LinkLayer.ip : .ethernet
        if let headers = try? PacketHeaders(packet, link: link) {
            precondition(headers.payload.upperBound <= packet.count)
            precondition(headers.flow.description.utf8.count < 128)
        }
        _ = PacketInspector.sourceAddress(of: packet, link: link)
    }

    /// Little, so that a short input reaches every limit.
    private static let limit = 512
    private static let maximumSegments = 64

    /// A protocol; then segments: a place (16 bits), a length (8 bits), and the bytes.
    static func stream(_ input: Span<UInt8>) {
        var parts = InputReader(input)
        let dialects = [Dialect.stream, .http, .dnsStream]
        let reader = StreamReader(dialect: dialects[Int(parts.byte()) % 3], limit: limit)
        let start = UInt32.max - 100
        var buffer = StreamBuffer(at: start)
        var names = NameDigest()
        for _ in 0..<maximumSegments where !parts.isAtEnd {
            let position = start &+ UInt32(parts.uint16())
            let segment = input.extracting(parts.range(Int(parts.byte())))
            let place = buffer.place(of: position, count: segment.count, limit: limit)
            if place == .outOfWindow {
                reader.readAlone(segment) { name, _ in names.add(name) }
                continue
            }
            let finding = reader.read(segment, at: position, into: &buffer) { name, _ in
                names.add(name)
            }
            precondition(buffer.bytes.count <= limit)
            precondition(buffer.footprint <= 2 * (limit + 2_048))
            if case .settled = finding { return }
        }
    }
}
