import Firewall
import Glibc
import Netfilter
import Wire

/// The least that can cut a device: every DNS question of one device waits in a queue, its MAC goes
/// into a set, and it is let go. No inspection, no policy, no record. Runs until it is killed.
enum QueueFloor {
    private static let queue: UInt16 = 5342

    static func run(mac: MACAddress) throws(NetfilterError) {
        var connection = try NftConnection.open()
        var features = try connection.probe()
        // A plain table: whoever measures takes the element out again.
        features.ownerPersist = false
        let rules = [
            Rule([.etherSourceIn(set: TableSets.blockedMAC.name), .drop]),
            Rule([
                .etherSourceIn(set: TableSets.deviceMAC.name), .destinationPort(.udp, 53),
                .queue(number: queue, bypass: false),
            ]),
        ]
        let chains = [("forward", BaseChain.Hook.forward), ("input", .input)].map { name, hook in
            Chain(
                name: name, base: BaseChain(kind: .filter, hook: hook, priority: -150),
                rules: rules)
        }
        let element = SetElement(.mac(mac))
        let ruleset = Ruleset(
            sets: [TableSets.blockedMAC, TableSets.deviceMAC], chains: chains,
            elements: [TableSets.deviceMAC.name: [element]])
        var tap = try PacketTap.open(.queue(number: queue, failOpen: false))
        try connection.commit(
            RulesetPlan.operations(from: nil as KernelTable?, to: ruleset), features: features)
        var poll = PollSet()
        poll.add(tap.fileDescriptor)
        print("ready")
        fflush(nil)
        while true {
            guard try poll.wait(timeoutMilliseconds: nil) else { continue }
            _ = try tap.receive { _, _, _ in
                do {
                    try connection.commit(
                        [.addElements(set: TableSets.blockedMAC, [element])], features: features)
                } catch {
                    print("bench: \(error)")
                    exit(1)
                }
                return .accept(mark: nil)
            }
        }
    }
}
