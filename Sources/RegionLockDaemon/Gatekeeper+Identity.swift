import Engine
import Inspection
import Logging
import Netfilter
import Policy
import Wire

/// What devices say of themselves by DHCP comes by a log group of its own: copies, which nothing
/// waits for.
extension Gatekeeper {
    /// A frame of 1,500 octets; what a jumbo frame has beyond that is not read.
    private static let octetsRead: UInt32 = 1_500

    /// The source of DHCP messages; nil where the kernel has no log groups or the group is taken:
    /// what is said by DHCP is then not known, and nothing else is different.
    static func identityTap(
        _ settings: InspectionSettings, features: KernelFeatures, complain: (String) -> Void
    ) -> PacketTap? {
        guard features.logGroup else {
            complain("this kernel has no log groups (nft log): DHCP is not read")
            return nil
        }
        do throws(NetfilterError) {
            return try PacketTap.open(.log(group: settings.dhcpGroup, range: octetsRead))
        } catch {
            complain("DHCP is not read: \(error)")
            return nil
        }
    }

    /// Takes one batch, whatever else waits: a flood here must not delay a verdict.
    func readIdentities() throws(NetfilterError) {
        let arrival = clock.monotonicNanoseconds()
        let now = clock.now()
        _ = try identities?.receive { packet, payload, _ in
            hear(packet, payload, arrival: arrival, now: now)
            return .accept(mark: nil)
        }
    }

    private func hear(
        _ packet: TappedPacket, _ payload: Span<UInt8>, arrival: UInt64, now: Timestamp
    ) {
        var address: IPAddress?
        let claim: IdentityClaim?
        do throws(DHCPFault) {
            claim = try IdentityClaim.read(
                packet: payload, from: packet.hardwareAddress, source: &address)
        } catch {
            counters.malformed += 1
            return
        }
        counters.sightings.note(.dhcp)
        guard let address, let claim else { return }
        let source = PacketSource(
            mac: packet.hardwareAddress, address: address,
            interface: interfaces[packet.inputInterfaceIndex])
        run(engine.handle(.identity(claim, from: source), at: now), arrival: arrival)
    }

    /// Nanoseconds until a newcomer is to be looked at again.
    var returnWait: UInt64? {
        engine.returnDue.map { UInt64(max(0, $0.since(clock.now()))) * 1_000 }
    }

    /// Cuts newcomers whose time of waiting is over.
    func settleReturns() {
        guard let due = engine.returnDue, clock.now().since(due) >= 0 else { return }
        run(engine.settleReturns(at: clock.now()), arrival: clock.monotonicNanoseconds())
    }

    /// Has the kernel ask a device whether it is still there. Where it cannot, nobody answers, and
    /// the newcomer's other signs decide.
    func ask(_ mac: MACAddress, _ addresses: [IPAddress], on interface: InterfaceName) {
        guard let index = interfaces.first(where: { $0.value == interface })?.key else { return }
        do throws(NetfilterError) {
            var question = try NeighbourQuestion.open()
            for address in addresses {
                try question.ask(address, at: mac, interfaceIndex: index)
            }
        } catch {
            logger.warning(
                "\(mac) could not be asked whether it is still there",
                metadata: ["event": "identity.failed", "error": "\(error)"])
        }
    }
}
