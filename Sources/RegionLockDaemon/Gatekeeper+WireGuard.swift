import ControlAPI
import Engine
import Logging
import Netfilter
import Policy
import Wire

/// The peers of WireGuard interfaces. The kernel tells nobody when they change, so they are read
/// again and again while the settings name one: it is one question for each interface.
extension Gatekeeper {
    /// How long a change of allowed IPs may go unnoticed.
    static let peerSeconds = 10

    /// - Parameter book: the settings they are for; those in force or those about to be.
    func readPeers(for book: PolicyBook) {
        arePeersStale = false
        var reading = WireGuardReader.Reading()
        if book.usesWireGuard {
            let names = wireGuards.compactMap { interfaces[$0] }.sorted()
            do throws(NetfilterError) {
                reading = try Self.peers(of: names)
            } catch {
                // What was known stays.
                complain("peers of WireGuard are not read: \(error)")
                return
            }
        }
        if arePeersWhole, !reading.isWhole { tell(Self.crowded) }
        arePeersWhole = reading.isWhole
        run(engine.handle(.wireGuardPeers(WireGuardTable(reading.peers)), at: clock.now()))
    }

    private static func peers(
        of interfaces: [InterfaceName]
    ) throws(NetfilterError) -> WireGuardReader.Reading {
        // A kernel without such an interface may not have WireGuard to ask.
        guard !interfaces.isEmpty else { return WireGuardReader.Reading() }
        var reader = try WireGuardReader.open()
        return try reader.read(interfaces)
    }

    /// Told once each: one that is back and is lost again is told of anew.
    func tellMissingPeers() {
        let missing = engine.missingPeers
        for peer in missing where !toldPeers.contains(peer.value) { tell(Self.warning(of: peer)) }
        toldPeers = Set(missing.map(\.value))
    }

    private func tell(_ warning: Warning) {
        logger.warning("\(warning.text)", metadata: ["event": "kernel.\(warning.code)"])
    }

    /// What is wrong with the peers now, for `regionlock status`.
    var peerWarnings: [Warning] {
        engine.missingPeers.map(Self.warning) + (arePeersWhole ? [] : [Self.crowded])
    }

    private static func warning(of peer: Located<WireGuardKey>) -> Warning {
        Warning(
            code: "wireguard_peer",
            text: "no WireGuard interface has the peer \(peer.value) (\(peer.source)): the line "
                + "fits nobody", fix: "compare with: wg show all peers")
    }

    private static let crowded = Warning(
        code: "wireguard_peer",
        text: "there are more than \(WireGuardLimits.peers) WireGuard peers or "
            + "\(WireGuardLimits.prefixes) allowed IPs: the rest are not known",
        fix: "tag these devices by interface or subnet")
}
