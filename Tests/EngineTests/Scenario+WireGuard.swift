import Engine
import Policy
import Wire

extension Scenario {
    /// `peers wg0 A 10.8.0.2 wg0 B 0.0.0.0/0 fd00::/8`: all there are.
    mutating func meet(_ words: [String]) throws {
        var peers: [WireGuardPeer] = []
        var words = words[...]
        while let word = words.popFirst() {
            if let prefix = IPPrefix(word) {
                guard !peers.isEmpty else { throw ScenarioError("whose is \(prefix)?") }
                peers[peers.count - 1].prefixes.append(prefix)
                continue
            }
            guard let interface = InterfaceName(word), let letter = words.popFirst()?.utf8.first,
                let key = WireGuardKey(octets: Array(repeating: letter, count: 32))
            else { throw ScenarioError("no peer at \(word)") }
            peers.append(WireGuardPeer(interface: interface, key: key, prefixes: []))
        }
        let now = world.now
        world.run(world.engine?.handle(.wireGuardPeers(WireGuardTable(peers)), at: now) ?? [])
    }
}
