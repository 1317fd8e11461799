package import Firewall
package import Policy
package import Wire

/// What the engine asks the edges to do, in the order of the list.
package enum Effect: Hashable, Sendable {
    /// Change set elements, all in one transaction.
    case commit([ElementChange])
    /// Make our tables equal these.
    case install([Ruleset])
    /// Delete our tables with all that is in them, and leave it so.
    case removeTables
    /// End the flows these addresses began.
    case endFlows(from: [IPAddress])
    /// End the flows that carry the block mark.
    case endCutFlows
    /// Ask a MAC whether it still answers for these addresses, and be told by the neighbour table.
    case ask(MACAddress, addresses: [IPAddress], on: InterfaceName)
    /// Keep the changes; there is nothing to tell.
    case keep([StoreChange])
    /// Keep the changes, then tell the journal and the watchers of the event.
    case record([StoreChange], Event)
}

/// Where a packet came from, as the kernel saw it.
package struct PacketSource: Hashable, Sendable {
    package let mac: MACAddress?
    package let address: IPAddress
    package let interface: InterfaceName?

    package init(mac: MACAddress?, address: IPAddress, interface: InterfaceName?) {
        self.mac = mac
        self.address = address
        self.interface = interface
    }

    package var device: DeviceKey { mac.map(DeviceKey.mac) ?? .address(address) }
    package var facts: DeviceFacts {
        DeviceFacts(mac: mac, address: address, interface: interface)
    }
}

/// What the packet thread needs to know before it looks into a packet.
package enum Standing: Hashable, Sendable {
    /// No policy speaks of the device: its packet is not looked into.
    case ignored
    case watched
    /// The device is cut; only what it asks the gateway's resolver still comes here.
    case cut
}

/// The answer to a sighting.
package struct Judgement: Hashable, Sendable {
    package let verdict: Verdict
    package let effects: [Effect]
    /// The packet carries somebody else's MAC: refusing it must leave no trace on that device's
    /// flows, and there is nobody to answer.
    package let isForged: Bool
    /// What policy said; nil for a device that is cut already.
    package let decision: Decision?
    /// Whether the packet itself is refused.
    package var refusesPacket: Bool { verdict == .block || verdict == .refuse }

    package init(
        verdict: Verdict, effects: [Effect], isForged: Bool = false, decision: Decision? = nil
    ) {
        self.verdict = verdict
        self.effects = effects
        self.isForged = isForged
        self.decision = decision
    }
}

/// Something that happened outside, told to the engine.
package enum Occurrence: Sendable {
    /// The neighbour table gives this address to this MAC.
    ///
    /// - isConfirmed: the MAC has just answered for it (NUD_REACHABLE), and not only spoken.
    case neighbour(IPAddress, MACAddress, InterfaceName, isConfirmed: Bool)
    /// A DHCP message, and the frame it came in.
    case identity(IdentityClaim, from: PacketSource)
    /// The leases that DHCP servers have written down; `isWhole` when every file that the settings
    /// name could be read.
    case leases([LeaseWords], isWhole: Bool)
    /// - Nil: on an interface that has gone as well.
    case neighbourGone(IPAddress, InterfaceName?)
    /// The whole neighbour table is told anew.
    case neighboursRestarted
    /// New settings, already checked.
    ///
    /// - isTrial: they may be taken back, so no block ends by them until `settingsConfirmed`.
    case settings(PolicyBook, isTrial: Bool = false)
    /// The settings on trial stay.
    case settingsConfirmed
    /// What another GeoIP database says of the addresses that are asked for.
    case relocated([AddressRegion])
    /// Every interface that is a VLAN device, with its number.
    case vlans([InterfaceName: VLANID])
    /// The peers of every WireGuard interface; none while no setting names one.
    case wireGuardPeers(WireGuardTable)
    /// Blocks found in the kernel at start, and the ids the store knows to have ended.
    case kernelBlocks([SetElement], ended: Set<BlockID>)
    /// Time has passed.
    case tick
}

/// Why a command could not be carried out; nothing was changed.
package struct Refusal: Error, Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        case notFound
        case ambiguous(candidates: [String])
        case conflict
        case invalid
    }

    package let kind: Kind
    package let text: String
    package let hint: String?

    package init(_ kind: Kind, _ text: String, hint: String? = nil) {
        self.kind = kind
        self.text = text
        self.hint = hint
    }
}
