import Wire

@testable import Inspection

/// Answers on their way to a device: what they say, and what is made of them.
///
/// The input is a packet from its IP header on. A refusal says nothing but the question it answers,
/// and is one that can be read.
enum AnswerTarget {
    static func run(_ input: Span<UInt8>) {
        // The root is a name like any other here, and has no octets.
        var names = NameDigest()
        _ = DNSAnswer.read(input) { name, _ in if name.count > 0 { names.add(name) } }
        var said = 0
        let reading = AnswerPacket.read(input, link: .ip) { name, _ in
            if name.count > 0 { names.add(name) }
            said += 1
        }
        if reading == .foreign { precondition(said == 0, "something foreign said something") }
        for refusal in [AnswerRefusal.nameError, .noData] {
            guard let octets = AnswerPacket.refusing(input, with: refusal) else { continue }
            precondition(octets.count <= input.count, "a refusal is longer than its answer")
            guard let headers = try? PacketHeaders(octets.span, link: .ip),
                let before = try? PacketHeaders(input, link: .ip)
            else { preconditionFailure("a refusal that is no packet") }
            if headers.flow.transport == .tcp {
                precondition(headers.payload == before.payload, "the stream has lost its place")
            }
            let left = AnswerPacket.read(octets.span, link: .ip) { _, piece in
                guard case .question = piece else { preconditionFailure("a refusal says \(piece)") }
            }
            precondition(left == .read, "a refusal that cannot be read: \(left)")
        }
    }
}
