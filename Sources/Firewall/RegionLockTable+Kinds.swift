import Wire

/// Devices that are tagged by who gave them their MAC address.
extension TableDesign {
    /// Lengths of the assigned blocks that look made up; none where no rule asks.
    var assignedLengths: [Int] {
        guard !tagged.macKinds.isEmpty else { return [] }
        return makerLengths.filter { length in
            tagged.assignedLocal.contains { $0.length == length }
        }
    }

    /// Two bits of the address, and the few blocks that the IEEE assigned before it kept one of
    /// them for addresses that are made up. Exact: nobody else's packet comes to the daemon.
    func kindRules(to chain: String) -> [Rule] {
        var rules: [Rule] = []
        if tagged.macKinds.contains(.random) {
            let isAssignedNot = assignedLengths.map {
                Statement.etherSourceMaskedNotIn(
                    length: $0, set: TableSets.assignedLocal(length: $0).name)
            }
            rules.append(
                Rule([.etherSourceLooks(.random)] + isAssignedNot + [.goto(chain: chain)]))
        }
        if tagged.macKinds.contains(.fixed) {
            rules.append(Rule([.etherSourceLooks(.fixed), .goto(chain: chain)]))
            rules += assignedLengths.map {
                Rule([
                    .etherSourceMasked(
                        length: $0, set: TableSets.assignedLocal(length: $0).name),
                    .goto(chain: chain),
                ])
            }
        }
        return rules
    }
}
