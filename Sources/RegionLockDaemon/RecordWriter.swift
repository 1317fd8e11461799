import ControlAPI
import Engine
import Policy
import Settings
import Wire

/// Writes the engine's values as the records of the API.
struct RecordWriter: Sendable {
    let vendors: VendorRegistry

    func record(
        of device: SeenDevice, in engine: borrowing BlockEngine, at now: Timestamp
    ) -> DeviceRecord {
        let key = device.key
        let block = engine.block(of: key)
        let site = engine.book.site(of: device.facts)?.site
        let label = engine.book.label(of: device.facts)
        var mac: MACAddress?
        if case .mac(let address) = key { mac = address }
        let vendor = mac.flatMap { vendors.maker(of: $0) }
        var addresses = mac.map { engine.bindings.addresses(of: $0) } ?? []
        if let address = device.facts.address, !addresses.contains(address) {
            addresses.append(address)
        }
        let said = mac.flatMap { engine.identities.identity(of: $0) }
        var record = DeviceRecord(
            id: key.description, name: engine.displayName(of: key), label: label,
            mac: mac?.description, addresses: addresses.map(\.description), vendor: vendor,
            macKind: mac.map { vendors.kind(of: $0) == .random ? .random : .fixed },
            hostname: said?.hostName, site: site?.name, region: engine.region(of: device.facts),
            tags: engine.tags(of: key, facts: device.facts).map(\.tag),
            state: block != nil ? .cutOff : engine.isExempt(key, at: now) ? .exempt : .free,
            block: block?.id.text,
            lastSeen: device.lastSeen.microseconds == 0 ? nil : device.lastSeen,
            router: engine.routerSign(of: key)?.text)
        record.dhcp = said.map {
            .init(
                vendorClass: $0.vendorClass, fingerprint: $0.fingerprint,
                clientID: $0.clientIdentifierText, duid: $0.uniqueIdentifierText)
        }
        record.interface = device.facts.interface?.text
        let given = engine.tagsGiven(to: key)
        record.givenTags = given.isEmpty ? nil : given
        return record
    }

    func record(
        of key: DeviceKey, in engine: borrowing BlockEngine, at now: Timestamp
    ) -> DeviceRecord {
        let seen =
            engine.devices[key]
            ?? SeenDevice(
                key: key, facts: engine.facts(of: key), lastSeen: Timestamp(microseconds: 0))
        return record(of: seen, in: engine, at: now)
    }

    func record(of block: Block, in engine: borrowing BlockEngine) -> BlockRecord {
        var cause = BlockRecord.Cause.adopted
        var rule: String?
        var reason: String?
        var by: String?
        var evidence: EvidenceRecord?
        switch block.cause {
        case .policy(_, let line, let proof):
            cause = .policy
            rule = line?.description
            evidence = proof.map(Self.record)
        case .command(let why, let who):
            cause = .command
            reason = why
            by = who
        case .adopted(let comment): reason = "found in the kernel: \(comment)"
        }
        var record = BlockRecord(
            id: block.id.text, device: block.device.description,
            deviceName: engine.displayName(of: block.device),
            state: BlockRecord.State(rawValue: block.state.rawValue) ?? .inForce, cause: cause,
            policy: block.policyName, rule: rule, site: block.site, region: block.region,
            since: block.since, until: block.until, reason: reason, by: by, evidence: evidence,
            endedAt: block.endedAt, endedBecause: block.endedBecause, endedBy: block.endedBy)
        record.regionReason = block.regionReason
        return record
    }

    func record(of exemption: Exemption, in engine: borrowing BlockEngine) -> ExemptionRecord {
        ExemptionRecord(
            id: exemption.id, device: exemption.device.description,
            deviceName: engine.displayName(of: exemption.device), policy: exemption.policy,
            since: exemption.since, until: exemption.until, by: exemption.by,
            reason: exemption.reason)
    }

    static func record(_ evidence: Evidence) -> EvidenceRecord {
        EvidenceRecord(
            vector: evidence.vector, endpoint: evidence.name, flow: evidence.flow,
            latencyMicroseconds: evidence.latencyMicroseconds)
    }

    static func record(_ event: Event) -> EventRecord {
        EventRecord(
            id: event.number, time: event.time, timeMicroseconds: event.time.microseconds,
            type: event.kind.rawValue, block: event.block?.text,
            device: event.device?.description, deviceName: event.deviceName, site: event.site,
            region: event.region, policy: event.policy, rule: event.rule?.description,
            vector: event.evidence?.vector, endpoint: event.evidence?.name,
            verdict: event.verdict, latencyMicroseconds: event.evidence?.latencyMicroseconds,
            text: event.text, by: event.by, reason: event.reason)
    }

    // MARK: Policies

    func summary(of policy: RegionPolicy, in engine: borrowing BlockEngine) -> PolicySummary {
        var denies: [Region] = []
        var allows: [Region] = []
        switch policy.regions {
        case .deny(let list): denies = list.map(\.value)
        case .allow(let list): allows = list.map(\.value)
        }
        let blocks = engine.blocks.values.count { $0.policyName == policy.name }
        return PolicySummary(
            name: policy.name, mode: policy.mode, title: policy.title,
            tags: policy.tags.map(\.value), denies: denies, allows: allows,
            validFrom: policy.validFrom, validUntil: policy.validUntil, blocks: blocks)
    }

    func detail(of policy: RegionPolicy, in engine: borrowing BlockEngine) -> PolicyDetail {
        let watched = Set(policy.tags.map(\.value))
        var devices = 0
        for device in engine.knownDevices {
            let tags = engine.tags(of: device.key, facts: device.facts)
            if tags.contains(where: { watched.contains($0.tag) }) { devices += 1 }
        }
        let contact = policy.contact
        let hasContact =
            contact.name != nil || contact.phone != nil || contact.email != nil
            || contact.url != nil
        var detail = PolicyDetail(
            summary: summary(of: policy, in: engine), basis: policy.basis, reason: policy.reason,
            message: policy.message,
            contact: hasContact
                ? ContactRecord(
                    name: contact.name, phone: contact.phone, email: contact.email,
                    url: contact.url) : nil,
            reviewBy: policy.reviewBy, term: policy.term,
            endpoints: policy.endpoints.map {
                EndpointRecord(
                    pattern: $0.pattern.description, role: $0.role,
                    source: $0.source.description)
            },
            devices: devices, source: policy.source.description)
        detail.trigger = policy.trigger
        detail.action = policy.action
        detail.priority = policy.priority
        detail.stages = policy.stages.lengths.map {
            StageRecord(stage: $0.stage, seconds: $0.seconds)
        }
        detail.languages = policy.translations.keys.sorted()
        detail.sites = policy.sites.map(\.value)
        return detail
    }
}
