import Policy
import Wire

/// Whether blocks still have the ground they were made on.
extension BlockEngine {
    /// What was found out for one block and holds for others: a hundred thousand of them stand on a
    /// few grounds, unless a device has one of its own.
    private struct Grounds {
        struct Ground: Hashable {
            let policy: String
            let region: Region?
            let site: String?
        }
        struct Trigger: Hashable {
            let policy: String
            let name: String
        }
        var denied: [Ground: Bool] = [:]
        var triggers: [Trigger: Bool] = [:]
        /// Of the policies in the settings.
        let tags: [String: Set<Tag>]
        let hasExemptions: Bool

        init(_ policies: [RegionPolicy]) {
            tags = Dictionary(
                policies.map { ($0.name, Set($0.tags.map(\.value))) }, uniquingKeysWith: { $1 })
            hasExemptions = policies.contains { !$0.exemptions.isEmpty }
        }
    }

    /// Ends blocks whose policy is gone, over, no longer denies the region, no longer names what
    /// they were made for or no longer applies to the device, and of devices nothing may cut off.
    mutating func endUnfounded(at now: Timestamp) -> [Effect] {
        guard !isOnTrial else { return [] }
        var grounds = Grounds(book.settings.policies)
        let endings = blocks.values.compactMap { block -> Ending? in
            guard let why = lostGround(of: block, &grounds, at: now) else { return nil }
            let name = displayName(of: block.device)
            return Ending(id: block.id, text: "\(name) has its internet back: \(why)")
        }
        return end(
            endings.sorted { $0.id < $1.id } + strangers(), state: .released,
            kind: .blockReleased, by: nil, reason: nil, at: now)
    }

    /// Why the block has no ground any more; nil where it goes on.
    private func lostGround(
        of block: Block, _ grounds: inout Grounds, at now: Timestamp
    ) -> String? {
        if isSparedForGood(block.device) { return "it is tagged never-block" }
        guard let policy = block.policyName else { return nil }
        if let why = lostDenial(of: block, by: policy, &grounds, at: now)
            ?? lostTrigger(of: block, of: policy, &grounds)
        {
            return why
        }
        // Who was taken for a cut device is free with that one, whatever its own tags are.
        if !block.isReturn, !mayHave(grounds.tags[policy] ?? [], block.device) {
            return "\(policy) no longer applies to it"
        }
        // An exemption ends what it covers when it is given, but for MACs listed together since.
        let isOneOfSeveral = relatives(of: block.device).count > 1
        if isOneOfSeveral,
            exemptionsInForce(of: block.device, at: now).contains(where: { $0.covers(policy) })
        {
            return "exempt from \(policy)"
        }
        return nil
    }

    private func lostDenial(
        of block: Block, by policy: String, _ grounds: inout Grounds, at now: Timestamp
    ) -> String? {
        let ground = Grounds.Ground(policy: policy, region: block.region, site: block.site)
        let activation = firstActivation(of: block.device)?.activation
        let isCommon = !grounds.hasExemptions && activation == nil
        var noLonger: String {
            "\(policy) no longer denies \(block.region?.code ?? "an unknown region")"
        }
        if isCommon, let isDenied = grounds.denied[ground] { return isDenied ? nil : noLonger }
        let facts = devices[block.device]?.facts ?? facts(of: block.device)
        let tags = tags(of: block.device, facts: facts)
        func denies(_ activation: Activation?) -> Bool {
            book.stillDenies(
                policy: policy, region: block.region, site: block.site, device: facts,
                tags: tags, activation: activation, at: now)
        }
        let isDenied = denies(activation)
        if isCommon { grounds.denied[ground] = isDenied }
        if isDenied { return nil }
        if let activation, denies(nil) {
            return "it was first activated in \(activation.region), where it may be"
        }
        return noLonger
    }

    private func lostTrigger(
        of block: Block, of policy: String, _ grounds: inout Grounds
    ) -> String? {
        guard case .policy(_, _, let evidence) = block.cause else { return nil }
        guard let evidence else {
            let isEntry = book.settings.policies.contains {
                $0.name == policy && $0.trigger == .entry
            }
            return isEntry ? nil : "being there is no trigger of \(policy) any more"
        }
        switch evidence.vector {
        case .dns, .dnsTCP, .dnsAnswer, .tls, .quic, .http, .socks, .address: break
        // The block it was made after says what for.
        case .dhcp, .settings: return nil
        }
        // A name with strange octets is kept escaped, and cannot be asked about.
        guard !evidence.name.contains("\\") else { return nil }
        let trigger = Grounds.Trigger(policy: policy, name: evidence.name)
        let isNamed =
            grounds.triggers[trigger]
            ?? book.isTrigger(NameBuffer(evidence.name), of: policy)
        grounds.triggers[trigger] = isNamed
        return isNamed ? nil : "\(evidence.name) is no trigger of \(policy) any more"
    }

    // MARK: Tags

    /// Whether the device may have one of the tags: nothing rules it out, under any of its MACs.
    private func mayHave(_ tags: Set<Tag>, _ device: DeviceKey) -> Bool {
        relatives(of: device).contains { relative in
            grants[relative]?.contains { tags.contains($0.tag) } ?? false
                || book.mayGive(tags, to: relative.lastingFacts)
        }
    }

    /// Whether it carries never-block wherever it is and whatever it says.
    private func isSparedForGood(_ device: DeviceKey) -> Bool {
        relatives(of: device).contains { relative in
            grants[relative]?.contains { $0.tag == .neverBlock } ?? false
                || book.gives(.neverBlock, forGoodTo: relative.lastingFacts)
        }
    }
}
