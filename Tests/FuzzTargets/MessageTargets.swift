import Wire

@testable import Inspection

/// The decoders of one message or stream, without packets around it.
enum MessageTargets {
    static func dns(_ input: Span<UInt8>) {
        var names = NameDigest()
        _ = DNSQuestion.read(input) { names.add($0) }
        if case .message(let length) = DNSQuestion.readFramed(input, name: { names.add($0) }) {
            precondition(length >= 2 + DNSQuestion.headerLength)
        }
        if let next = DNSQuestion.nextFramed(input) {
            precondition((1..<input.count).contains(next))
        }
    }

    /// A hello shows the same names whether it comes whole or in two segments.
    static func tls(_ input: Span<UInt8>) {
        guard input.count > 2 else { return }
        let stream = input.extracting(droppingFirst: 2)
        let cut = (Int(input[0]) << 8 | Int(input[1])) % stream.count
        let whole = digest(stream, cutAt: 0)
        precondition(whole == digest(stream, cutAt: cut), "the cut at \(cut) changed the names")
        _ = ClientHello.readMessage(stream) { _, _ in }
    }

    private static func digest(_ stream: Span<UInt8>, cutAt cut: Int) -> NameDigest {
        var names = NameDigest()
        let reader = StreamReader(dialect: .stream, limit: InspectionLimits.standard.bytesPerFlow)
        // Sequence numbers wrap inside the stream.
        let start = UInt32.max - 7
        var buffer = StreamBuffer(at: start)
        var finding = StreamReader.Finding.open
        if cut > 0 {
            finding = reader.read(
                stream.extracting(first: cut), at: start, into: &buffer,
                name: { name, _ in names.add(name) })
        }
        if case .settled = finding { return names }
        _ = reader.read(
            stream.extracting(droppingFirst: cut), at: start &+ UInt32(cut), into: &buffer,
            name: { name, _ in names.add(name) })
        return names
    }

    static func http(_ input: Span<UInt8>) {
        var names = NameDigest()
        if case .message(let length) = HTTPRequest.read(input, name: { names.add($0) }) {
            precondition(length > 0)
        }
        if let next = HTTPRequest.nextRequest(input) {
            precondition((1..<input.count).contains(next))
        }
    }
}

/// Which names were shown, in order, as far as a comparison needs it.
struct NameDigest: Hashable {
    private var count = 0
    private var hash: UInt64 = 0xcbf2_9ce4_8422_2325

    mutating func add(_ name: borrowing NameBuffer) {
        let length = name.count
        precondition((1...NameBuffer.capacity).contains(length))
        count += 1
        for index in 0..<length {
            hash = (hash ^ UInt64(name[index])) &* 0x0000_0100_0000_01b3
        }
        hash = (hash ^ 0xff) &* 0x0000_0100_0000_01b3
    }
}
