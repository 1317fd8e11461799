import CInitialSeal
import CNettle
import Wire

@testable import Inspection

/// QUIC in three ways, told by the first byte: datagrams as they are; frames that are sealed first,
/// since no tag would ever fit otherwise; frames alone, which is the fastest.
enum QUICTarget {
    /// Kept from one input to the next: its 64 KiB would cost more than the rest. It holds nothing
    /// between datagrams but room and counters.
    private nonisolated(unsafe) static var reader = QUICReader(limits: limits)
    private static let limits = InspectionLimits(
        bytesPerFlow: 2_048, datagramsPerFlow: 16, flows: 64, bytesInTotal: 65_536,
        flowTimeoutSeconds: 10)
    private static let connectionID: [UInt8] = [0x83, 0x94, 0xc8, 0xf0, 0x3e, 0x51, 0x57, 0x08]

    static func run(_ input: Span<UInt8>) {
        guard !input.isEmpty else { return }
        let rest = input.extracting(droppingFirst: 1)
        switch input[0] & 3 {
        case 0: datagrams(rest, sealedIn: nil)
        case 1: datagrams(rest, sealedIn: input[0] & 4 == 0 ? 1 : 0x6b33_43cf)
        default: frames(rest)
        }
    }

    /// Each datagram behind its length (16 bits).
    private static func datagrams(_ input: Span<UInt8>, sealedIn version: UInt32?) {
        var parts = InputReader(input)
        var flow = KeptFlow(buffer: StreamBuffer(at: 0))
        var number: UInt8 = 0
        while !parts.isAtEnd {
            let part = input.extracting(parts.range(parts.uint16()))
            let finding: StreamReader.Finding
            var names = NameDigest()
            if let version {
                let packet = sealed(part, version: version, number: number)
                finding = reader.read(packet.span, of: &flow) { name, _ in names.add(name) }
            } else {
                finding = reader.read(part, of: &flow) { name, _ in names.add(name) }
            }
            number &+= 1
            precondition(flow.buffer.bytes.count <= limits.bytesPerFlow)
            if case .settled = finding { return }
        }
    }

    private static func sealed(
        _ frames: Span<UInt8>, version: UInt32, number: UInt8
    ) -> [UInt8] {
        let type: UInt8 = version == 1 ? 0 : 1
        var packet: [UInt8] = [0xc0 | type << 4]
        for shift in [24, 16, 8, 0] as [UInt32] {
            packet.append(UInt8(truncatingIfNeeded: version >> shift))
        }
        packet += [8] + connectionID + [0, 0]
        let count = max(frames.count, 3)
        let length = 1 + count + 16
        packet += [
            0x40 | UInt8(truncatingIfNeeded: length >> 8), UInt8(truncatingIfNeeded: length),
        ]
        let numberOffset = packet.count
        packet.append(number)
        for index in 0..<count { packet.append(index < frames.count ? frames[index] : 0) }
        let sealedCount = packet.count
        packet += [UInt8](repeating: 0, count: 16)
        var keys = cnt_initial_keys()
        precondition(cnt_client_keys(version, connectionID, connectionID.count, &keys) == 0)
        cis_seal_initial(&keys, &packet, sealedCount, numberOffset)
        return packet
    }

    private static func frames(_ input: Span<UInt8>) {
        var handshake = StreamBuffer(at: 0)
        let collected = QUICFrames.collect(
            input, into: &handshake, limit: limits.bytesPerFlow, replacing: false)
        if collected.differs {
            _ = QUICFrames.collect(
                input, into: &handshake, limit: limits.bytesPerFlow, replacing: true)
        }
        let front = handshake.frontCount
        precondition(front <= limits.bytesPerFlow)
        var names = NameDigest()
        _ = ClientHello.readMessage(handshake.bytes.span.extracting(first: front)) { name, _ in
            names.add(name)
        }
    }
}
