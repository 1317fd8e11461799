import Wire

/// While a packet of a device waits for its verdict, the device's other packets wait behind it: in
/// the same queue, in their order. Otherwise they would slip through in the time from the trigger's
/// arrival to the cut.
///
/// A packet that may show a name puts its sender into `pending`, or into `pending_more` when it is
/// there already: the kernel lets one packet alone not find it (`add`). Whoever stands in
/// either waits. A verdict that says "the last of this device" takes one of the two away:
/// `pending_more` first, so that a packet that came between the daemon's last look into the queue
/// and its verdict still has `pending`. A packet that only waited has put nobody there, so by
/// itself it takes nobody away: it might take the element of a packet that came after it.
///
/// So an element may stay too long: where two that may show a name are judged together, one is
/// taken away. The timeout ends what is left, for `pending` gets its time anew only from a packet
/// that finds both. Were it from every one, a device that asks once a second would wait for ever.
extension TableDesign {
    /// Far more than a verdict takes. It bounds how long a device waits for a daemon that hangs.
    private static let holdSeconds = 1

    var isHolding: Bool {
        guard case .inline = tap else { return false }
        return holdsDevices && capabilities.senderSets
    }

    /// Senders without a MAC exist only where an interface, a subnet or a peer is tagged.
    private var holdKeys: [PacketKey] {
        let mayLackMAC =
            !tagged.interfaces.isEmpty || !tagged.prefixes.isEmpty || !peerSets.isEmpty
        return mayLackMAC ? PacketKey.allCases : [.etherSource]
    }

    var holdSets: [NftSet] {
        guard isHolding else { return [] }
        return holdKeys.flatMap { [TableSets.pending($0), TableSets.pendingMore($0)] }
    }

    /// Where a packet goes that may show a name.
    var holdChain: Chain {
        // The first of its sender goes no further than the first statement, nor does one for which
        // a set is full; the last rule taps it all the same.
        let seconds = Self.holdSeconds
        let rules = holdKeys.map { key in
            let (pending, more) = (TableSets.pending(key).name, TableSets.pendingMore(key).name)
            return Rule(
                key.condition + [
                    .change(set: pending, key: key, .add(timeoutSeconds: seconds)),
                    .change(set: more, key: key, .refresh(timeoutSeconds: seconds)),
                    .change(set: pending, key: key, .refresh(timeoutSeconds: seconds)),
                ])
        }
        return Chain(name: "hold", rules: rules + [Rule([.goto(chain: "tap")])])
    }

    var heldChain: Chain { Chain(name: "held", rules: heldRules) }

    /// For every other packet of a tagged device.
    var heldRules: [Rule] {
        guard isHolding else { return [] }
        return holdKeys.flatMap { key in
            [TableSets.pending(key), TableSets.pendingMore(key)].map {
                Rule(key.isIn($0) + [.setPacketMark(.held, mark), .goto(chain: "tap")])
            }
        }
    }

    /// After the verdict on the last packet of a device.
    var unholdChain: Chain {
        Chain(
            name: "unhold",
            rules: holdKeys.flatMap { key in
                let more = TableSets.pendingMore(key)
                return [
                    Rule(
                        key.isIn(more) + [
                            .change(set: more.name, key: key, .delete), .return,
                        ]),
                    Rule(
                        key.condition + [
                            .change(set: TableSets.pending(key).name, key: key, .delete)
                        ]),
                ]
            })
    }

    // MARK: Nobody at the tap

    /// With a passive tap the kernel cannot tell whether anybody reads the copies, and a queue may
    /// outlive the daemon that read it. So the daemon says again and again that it is there, and
    /// when it no longer does, what would be inspected is refused, or passes. A closed queue needs
    /// no word: what is in it does not pass.
    var aliveSets: [NftSet] {
        switch tap {
        case .inline(_, bypass: true): [TableSets.attended]
        case .passive(_, isClosed: true): [TableSets.alive]
        case .inline(_, bypass: false), .passive(_, isClosed: false): []
        }
    }

    var deadMan: Rule? {
        guard let set = aliveSets.first else { return nil }
        let fate: Statement = set == TableSets.alive ? .goto(chain: "refuse") : .accept
        return Rule([.familyNotIn(set: set.name), fate], comment: "nobody inspects")
    }
}

extension PacketKey {
    /// The match without which the key does not exist, or names nobody.
    fileprivate var condition: [Statement] { self == .etherSource ? [] : [.lacksEthernet] }

    fileprivate func isIn(_ set: NftSet) -> [Statement] {
        switch self {
        case .etherSource: [.etherSourceIn(set: set.name)]
        case .ipv4Source: condition + [.sourceIn(set: set.name, family: .ipv4)]
        case .ipv6Source: condition + [.sourceIn(set: set.name, family: .ipv6)]
        }
    }
}
