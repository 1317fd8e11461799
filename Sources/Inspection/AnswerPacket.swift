package import Wire

/// A packet on its way to a device that carries DNS answers.
///
/// Over TCP only answers that lie whole in one segment are read: a server sends each in one write,
/// and what is split over two is longer than answers with addresses are.
package enum AnswerPacket {
    /// What one segment holds of an honest client's questions; the rest is not read.
    static let maximumMessages = 16

    /// Calls `visit` for each thing the answers say. Allocates nothing.
    package static func read(
        _ packet: Span<UInt8>, link: LinkLayer,
        piece visit: (borrowing NameBuffer, AnswerPiece) -> Void
    ) -> AnswerReading {
        let headers: PacketHeaders
        do throws(HeaderFault) {
            headers = try PacketHeaders(packet, link: link)
        } catch {
            return error == .malformed ? .malformed : .foreign
        }
        let payload = packet.extracting(headers.payload)
        switch headers.flow.transport {
        case .udp: return DNSAnswer.read(payload, piece: visit)
        case .tcp: return readStream(payload, visit)
        }
    }

    /// RFC 1035 section 4.2.2: two octets of length before each message.
    private static func readStream(
        _ payload: Span<UInt8>, _ visit: (borrowing NameBuffer, AnswerPiece) -> Void
    ) -> AnswerReading {
        var offset = 0
        for count in 0..<maximumMessages {
            guard offset < payload.count else { return .read }
            guard offset + 2 <= payload.count else { return .incomplete }
            let end = offset + 2 + Int(payload.uint16(at: offset))
            guard end <= payload.count else { return .incomplete }
            switch DNSAnswer.read(payload.extracting(offset + 2..<end), piece: visit) {
            case .read: offset = end
            // The message is all there, so what goes past its end never comes.
            case .incomplete: return .malformed
            // A stream that has answers is nothing else; what it said so far has been shown.
            case .foreign: return count == 0 ? .foreign : .malformed
            case .malformed: return .malformed
            }
        }
        return .read
    }
}

extension FlowKey {
    /// The other direction of the same flow.
    package var reversed: FlowKey {
        FlowKey(
            transport: transport, source: destination, sourcePort: destinationPort,
            destination: source, destinationPort: sourcePort)
    }
}
