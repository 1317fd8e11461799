package import Firewall
import Policy
import Wire

extension BlockEngine {
    /// Our tables as they should be now: none while everything is taken down.
    package func rulesets() -> [Ruleset] {
        removal == nil ? design.rulesets(cut: cutElements) : []
    }

    /// The table's shape by the settings and the tags given at the prompt.
    package var design: TableDesign {
        let settings = book.settings
        let inspection = settings.inspection
        let tap: TableDesign.Tap =
            switch inspection.tap {
            case .inline:
                .inline(queue: inspection.queue, bypass: inspection.whenDown == .open)
            case .passive:
                .passive(group: inspection.queue, isClosed: inspection.whenDown == .closed)
            }
        return TableDesign(
            tap: tap, holdsDevices: inspection.hold == .device && mode == .enforce,
            mark: MarkField(mask: inspection.markMask), shape: shape, tagged: tagged,
            cutFamilies: cutFamilies,
            allowed: settings.whileBlocked.also.map {
                TableDesign.Allowed(prefix: $0.prefix, port: $0.port)
            },
            keepsGatewayDNS: settings.whileBlocked.dns == .gateway,
            dhcpGroup: capabilities.logGroup ? inspection.dhcpGroup : nil,
            noticePort: settings.notice.isEnabled ? settings.notice.port : nil,
            uplinks: settings.uplinks, capabilities: capabilities, readsAnswers: readsAnswers,
            refusedDNS: refusedDNS)
    }

    /// Answers come to us only where something hangs on them.
    package var readsAnswers: Bool {
        mode != .disabled && !book.watchedTags.isEmpty
            && (book.settings.inspection.answers == .read
                || mode == .enforce && book.settings.encryptedDNS.changesAnswers)
    }

    /// A gateway that only watches refuses nothing.
    private var refusedDNS: RefusedDNS {
        let settings = book.settings.encryptedDNS
        guard mode == .enforce else { return RefusedDNS() }
        return RefusedDNS(
            port853: settings.refusesPort853,
            resolvers: settings.refusesHTTPS ? settings.addresses : [])
    }

    /// Only tags some policy speaks of reach the kernel: nobody else's packet is ever queued.
    private var tagged: TableDesign.Tagged {
        var tagged = TableDesign.Tagged()
        let watched = book.watchedTags
        for rule in book.settings.tagRules where watched.contains(rule.tag) {
            for line in rule.match { add(line.value, comment: rule.tag.text, to: &tagged) }
        }
        for known in book.settings.devices where known.tags.contains(where: watched.contains) {
            let comment = known.label ?? known.tags.first?.text ?? ""
            add(known.selector, comment: comment, to: &tagged)
            for mac in known.otherMACs { tagged.macs[mac] = comment }
        }
        // What gives one of its MACs a tag gives it to the others.
        for known in book.settings.devices where !known.otherMACs.isEmpty {
            let device = DeviceKey.mac(known.macs[0])
            let tags = tags(of: device, facts: device.lastingFacts)
            guard let tag = tags.first(where: { watched.contains($0.tag) })?.tag else { continue }
            for mac in known.macs where tagged.macs[mac] == nil { tagged.macs[mac] = tag.text }
        }
        for (device, list) in grants {
            guard let grant = list.first(where: { watched.contains($0.tag) }) else { continue }
            switch device {
            case .mac(let mac): tagged.macs[mac] = grant.tag.text
            case .address(let address):
                if let prefix = IPPrefix(address, length: address.bitWidth) {
                    tagged.prefixes.insert(prefix)
                }
            }
        }
        for (mac, tag) in claimedTags { tagged.macs[mac] = tag.text }
        spare(in: &tagged)
        return tagged
    }

    private func add(
        _ selector: DeviceSelector, comment: String, to tagged: inout TableDesign.Tagged
    ) {
        switch selector {
        case .mac(let mac): tagged.macs[mac] = comment
        case .vendor(_, let prefixes): tagged.makers.formUnion(prefixes)
        case .macKind(let kind, let assigned):
            tagged.macKinds.insert(kind)
            tagged.assignedLocal.formUnion(assigned)
        case .interface(let name): tagged.interfaces.insert(name)
        case .vlan(let number):
            tagged.interfaces.formUnion(vlans.lazy.filter { $0.value == number }.map(\.key))
        case .prefix(let prefix): tagged.prefixes.insert(prefix)
        case .wireGuardPeer(let key):
            for peer in peers.peers(with: key) where !peer.prefixes.isEmpty {
                tagged.peerInterfaces.insert(peer.interface)
                tagged.peerPrefixes.formUnion(peer.prefixes)
            }
        case .dhcpHostName, .dhcpVendorClass, .dhcpFingerprint: tagged.expectsMACs = true
        }
    }

    /// MACs named in the settings that carry no watched tag, or never-block, are left to the
    /// kernel: their packets are not even handed to us. A tag by interface or subnet may still
    /// apply to them, so those devices are told apart here and not in the kernel.
    private func spare(in tagged: inout TableDesign.Tagged) {
        let granted = grants.filter { $0.value.contains { $0.tag == .neverBlock } }.keys
        let spares = SparedDevices(book: book, granted: granted.flatMap { relatives(of: $0) })
        let byAddress = book.settings.devices.contains { known in
            if case .prefix = known.selector {
                return known.tags.contains(where: book.watchedTags.contains)
            }
            return false
        }
        func look(at mac: MACAddress) {
            if spares.contains(mac) {
                tagged.macs[mac] = nil
                tagged.exceptMACs.insert(mac)
            } else if tagged.macs[mac] == nil, !mayBeTaggedElsewhere(mac, byAddress: byAddress) {
                tagged.exceptMACs.insert(mac)
            }
        }
        func look(at selector: DeviceSelector) {
            if case .mac(let mac) = selector { look(at: mac) }
        }
        for rule in book.settings.tagRules { rule.except.forEach { look(at: $0.value) } }
        for known in book.settings.devices {
            look(at: known.selector)
            known.otherMACs.forEach { look(at: $0) }
        }
        for device in grants.keys {
            if case .mac(let mac) = device { look(at: mac) }
        }
    }

    /// Whether a selector that is not about the MAC could still give it a watched tag.
    private func mayBeTaggedElsewhere(_ mac: MACAddress, byAddress: Bool) -> Bool {
        let facts = DeviceFacts(mac: mac, address: nil, interface: nil)
        let byRule = book.settings.tagRules.contains { rule in
            guard book.watchedTags.contains(rule.tag),
                !rule.except.contains(where: { $0.value.matches(facts) })
            else { return false }
            return rule.match.contains { line in
                switch line.value {
                case .interface, .vlan, .prefix, .dhcpHostName, .dhcpVendorClass,
                    .dhcpFingerprint:
                    true
                case .mac, .vendor, .macKind: line.value.matches(facts)
                // Whoever is behind one has no MAC.
                case .wireGuardPeer: false
                }
            }
        }
        return byRule || byAddress
    }
}

/// Devices that carry never-block by anything their MAC alone tells. Asked of a million MACs, most
/// of which have nothing to do with it.
private struct SparedDevices {
    private var macs: Set<MACAddress> = []
    private let rules: [TagRule]

    init(book: PolicyBook, granted: [DeviceKey]) {
        rules = book.settings.tagRules.filter { $0.tag == .neverBlock }
        for device in granted {
            if case .mac(let mac) = device { macs.insert(mac) }
        }
        for known in book.settings.devices {
            let isOneOfSeveral = !known.otherMACs.isEmpty
            if known.tags.contains(.neverBlock)
                || isOneOfSeveral && known.macs.contains(where: isSparedByRule)
            {
                macs.formUnion(known.macs)
            }
        }
    }

    func contains(_ mac: MACAddress) -> Bool { macs.contains(mac) || isSparedByRule(mac) }

    private func isSparedByRule(_ mac: MACAddress) -> Bool {
        guard !rules.isEmpty else { return false }
        let facts = DeviceKey.mac(mac).lastingFacts
        return rules.contains { $0.givesForGood(to: facts) == true }
    }
}
