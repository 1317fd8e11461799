import Glibc
import InitialPackets

/// The forms in which a TLS hello may cross a gateway.
enum HelloForm: String, CaseIterable {
    case whole, halves, bytes, reversed, overlapping, repeated, records
    case largeAt1280 = "large-1280"
    case largeAt1500 = "large-1500"
    case quic, coalesced, lost
    case quicOverTwo = "quic-2"
    case quicOverThree = "quic-3"

    /// One piece of the stream, and where in it.
    struct Piece {
        let offset: Int
        let bytes: [UInt8]
    }

    /// With X25519MLKEM768, whose share alone has 1,216 octets, and the name behind it.
    private static let largeSize = 1780

    var isDatagrams: Bool {
        switch self {
        case .quic, .coalesced, .lost, .quicOverTwo, .quicOverThree: true
        default: false
        }
    }

    /// The segments in the order in which they are sent; `isV6` leaves them 20 octets less.
    ///
    /// - Parameter offset: where `halves` is cut; unless said, in the middle of the name, which is
    ///   the last of all.
    func segments(name: String, isV6: Bool, cutAt offset: Int? = nil) -> [Piece] {
        let small = HelloClient.clientHello(name: name, size: 260)
        let large = HelloClient.clientHello(name: name, size: Self.largeSize)
        let header = isV6 ? 60 : 40
        switch self {
        case .whole: return Self.cut(small, every: small.count)
        case .halves:
            let offset = offset ?? small.count - name.utf8.count / 2
            return [
                Piece(offset: 0, bytes: Array(small[..<offset])),
                Piece(offset: offset, bytes: Array(small[offset...])),
            ]
        case .bytes: return Self.cut(small, every: 1)
        case .reversed: return Self.cut(small, every: 50).reversed()
        case .overlapping: return Self.cut(small, every: 40, length: 100)
        case .repeated: return Self.cut(small, every: 90).flatMap { [$0, $0] }
        case .records: return Self.cut(Self.twoRecords(small, name: name), every: small.count + 5)
        case .largeAt1280: return Self.cut(large, every: 1280 - header)
        case .largeAt1500: return Self.cut(large, every: 1500 - header)
        default: return []
        }
    }

    private static func cut(_ bytes: [UInt8], every step: Int, length: Int? = nil) -> [Piece] {
        stride(from: 0, to: bytes.count, by: step).map { start in
            let end = min(start + (length ?? step), bytes.count)
            return Piece(offset: start, bytes: Array(bytes[start..<end]))
        }
    }

    /// The handshake message of one record in two (RFC 8446 section 5.1), cut in the name.
    private static func twoRecords(_ record: [UInt8], name: String) -> [UInt8] {
        let message = record.dropFirst(5)
        let first = message.dropLast(name.utf8.count / 2)
        let second = message.suffix(name.utf8.count / 2)
        return [first, second].flatMap {
            [22, 3, 1, UInt8($0.count >> 8), UInt8($0.count & 0xff)] + Array($0)
        }
    }

    /// The datagrams in the order in which they are sent. The last octet of the last one's source
    /// id tells the server that it has all.
    func datagrams(name: String, version: UInt32) -> [[UInt8]] {
        let message = Array(HelloClient.clientHello(name: name, size: Self.largeSize).dropFirst(5))
        let id = (0..<8).map { _ in UInt8.random(in: 0...255) }
        let frames = Initial.frames(message, size: 83)
        var dealt: [[UInt8]] = Array(repeating: [], count: count)
        // Each datagram has pieces of the whole message, in no order: the name needs all of them.
        for (index, frame) in frames.enumerated().reversed() { dealt[index % count] += frame }
        var packets = dealt.enumerated().map { index, frames in
            var initial = Initial(frames, version: version, connectionID: id)
            initial.number = UInt32(index)
            initial.sourceID = [0xc1, index == count - 1 ? 0xff : 0]
            return initial
        }
        switch self {
        case .coalesced:
            return packets.map { $0.earlyData(60) + $0.packet() + $0.earlyData(60) }
        case .lost:
            // The first is lost and comes again behind the second, with a number of its own.
            packets[0].number = 7
            packets[0].sourceID = [0xc1, 0xff]
            packets[1].sourceID = [0xc1, 0]
            return [packets[1], packets[0]].map { $0.packet(paddedTo: 1200) }
        default: return packets.map { $0.packet(paddedTo: 1200) }
        }
    }

    private var count: Int {
        switch self {
        case .quicOverTwo, .lost, .coalesced, .quic: 2
        case .quicOverThree: 3
        default: 1
        }
    }
}

/// Sends one form of a hello and counts what the server sends back.
struct FormClient {
    private let form: HelloForm
    private let address: String
    private let port: UInt16
    private let name: String
    private let version: UInt32
    private let offset: Int?
    private let waitMilliseconds: Int
    private let proxy: ProxyForm?
    /// Whom the proxy is asked for.
    private let proxied: String
    private let isPipelined: Bool

    init(_ arguments: Arguments) throws {
        guard let form = HelloForm(rawValue: try arguments.text("form")) else { throw WrongUse() }
        self.form = form
        address = try arguments.text("to")
        port = UInt16(try arguments.number("port"))
        name = try arguments.text("name")
        let offset = try arguments.number("at", or: 0)
        self.offset = offset == 0 ? nil : offset
        waitMilliseconds = try arguments.number("wait-ms", or: 600)
        proxy = try arguments.all("proxy").first.map { text in
            guard let form = ProxyForm(rawValue: text) else { throw WrongUse() }
            return form
        }
        proxied = arguments.all("proxied").first ?? "www.example.org"
        isPipelined = arguments.all("pipelined").first == "yes"
        let isSecond = try arguments.number("version", or: 1) == 2
        version = isSecond ? Initial.version2 : Initial.version1
    }

    func run() throws {
        let received = form.isDatagrams ? try sendDatagrams() : try sendSegments()
        var report = Report()
        report.add("received", received)
        report.printLine()
    }

    private func sendDatagrams() throws -> Int {
        let socket = try Socket.connected(.datagram, to: SocketAddress(address, port: port))
        for datagram in form.datagrams(name: name, version: version) {
            // A refusal of an earlier one shows as an error here, and is no answer.
            _ = socket.send(datagram)
            usleep(2000)
        }
        guard socket.isReadable(withinMilliseconds: waitMilliseconds) else { return 0 }
        return socket.receive()?.count ?? 0
    }

    private func sendSegments() throws -> Int {
        let stream = try RawStream(to: address, port: port)
        let messages = proxy?.messages(to: proxied) ?? []
        var start = 0
        for message in messages {
            try stream.send(message, at: start)
            start += message.count
            guard !isPipelined else { continue }
            // Nothing of the hello is sent to a proxy that does not answer.
            guard stream.octetsReceived(withinMilliseconds: waitMilliseconds) > 0 else { return 0 }
        }
        for piece in form.segments(name: name, isV6: stream.isV6, cutAt: offset) {
            try stream.send(piece.bytes, at: start + piece.offset)
        }
        if isPipelined, let proxy {
            // What the proxy says to the messages is no answer to the hello.
            var octets = 0
            while octets < proxy.answerOctets {
                let more = stream.octetsReceived(withinMilliseconds: waitMilliseconds)
                guard more > 0 else { return 0 }
                octets += more
            }
            if octets > proxy.answerOctets { return octets - proxy.answerOctets }
        }
        return stream.octetsReceived(withinMilliseconds: waitMilliseconds)
    }
}
