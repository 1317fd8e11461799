import Capture
import Engine
import Inspection
import Policy
import Wire

extension CaptureReplay {
    /// Takes what a device says of itself by DHCP: a tag may hang on it.
    func readIdentity(
        _ octets: Span<UInt8>, _ flow: FlowKey, of packet: CapturedPacket,
        from source: PacketSource,
        at now: Timestamp, _ visit: (ReplayFinding) -> Void
    ) {
        guard flow.transport == .udp, flow.destinationPort == 67 || flow.destinationPort == 547
        else { return }
        var address: IPAddress?
        do throws(DHCPFault) {
            let claim = try IdentityClaim.read(packet: octets, from: source.mac, source: &address)
            guard let claim else { return }
            tell(
                engine.handle(.identity(claim, from: source), at: now), of: packet, why: [], visit)
        } catch {
            if error != .foreign { counts.malformed += 1 }
        }
    }
}
