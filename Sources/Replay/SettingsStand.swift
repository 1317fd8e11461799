package import Engine
import Firewall
package import Policy
package import Wire

/// Settings that are not in force, by an engine of their own: what they would say of a question.
package struct SettingsStand {
    /// What somebody knows of a device beside the settings.
    package struct Knowledge: Sendable {
        package let key: DeviceKey
        package let address: IPAddress?
        package let interface: InterfaceName?
        /// Tags given at the prompt.
        package let tags: [Tag]
        package let exemptions: [Exemption]

        package init(
            key: DeviceKey, address: IPAddress?, interface: InterfaceName?, tags: [Tag],
            exemptions: [Exemption]
        ) {
            self.key = key
            self.address = address
            self.interface = interface
            self.tags = tags
            self.exemptions = exemptions
        }
    }

    private let engine: BlockEngine
    private let now: Timestamp

    /// - Parameters:
    ///   - now: When the question is asked.
    ///   - region: Looks the device's address up where a site asks for its region.
    package init(
        settings: GatewaySettings, knowing device: Knowledge? = nil, at now: Timestamp,
        region: (IPAddress) -> AddressRegion
    ) {
        self.now = now
        var snapshot = EngineSnapshot()
        if let device {
            snapshot.tags = device.tags.map {
                GrantedTag(device: device.key, tag: $0, by: "an operator", reason: nil, since: now)
            }
            snapshot.exemptions = device.exemptions
        }
        // Any seed will do: the names looked up are those of the question.
        var engine = BlockEngine(
            book: PolicyBook(settings: settings, seed: 1), snapshot: snapshot,
            capabilities: .all, references: ReferenceSource(seed: 1))
        if let device, let address = device.address {
            var mac: MACAddress?
            if case .mac(let own) = device.key { mac = own }
            engine.note(
                PacketSource(mac: mac, address: address, interface: device.interface), at: now)
            // Wherever the settings place it: the question may name another site.
            if settings.hasAddressSites { engine.locate([region(address)]) }
        }
        self.engine = engine
    }

    /// The device a word stands for by the settings alone; a MAC and an address name themselves.
    package func device(named reference: String) throws(Refusal) -> DeviceKey {
        try engine.device(named: reference, allowUnseen: true)
    }

    package func answer(
        to question: Question
    ) -> (decision: Decision, trials: [PolicyTrial]) {
        (engine.simulate(question, at: now), engine.trials(of: question, at: now))
    }
}
