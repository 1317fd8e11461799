package import Policy
package import Wire

/// One line of an import.
package struct ActivationClaim: Codable, Hashable, Sendable {
    /// A MAC, or `DeviceRecord.id` of a device without one.
    package let device: String
    package let region: Region
    package let activatedAt: Timestamp
    /// Where the list has it from.
    package let source: String

    package init(device: String, region: Region, activatedAt: Timestamp, source: String) {
        self.device = device
        self.region = region
        self.activatedAt = activatedAt
        self.source = source
    }

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case device, region
        case activatedAt = "activated_at"
        case source
    }

    package init(from decoder: any Decoder) throws {
        let known = CodingKeys.allCases.map(\.stringValue)
        let found = try decoder.container(keyedBy: AnyKey.self).allKeys.map(\.stringValue)
        if let unknown = found.sorted().first(where: { !known.contains($0) }) {
            let name = Printable.escaped(String(unknown.prefix(FieldLimits.maximumNameLength)))
            throw Problem(
                title: "A field is not known", status: 400, code: .unknownField,
                detail: "there is no field \"\(name)\" in an activation",
                hint: "Fields: \(known.joined(separator: ", "))")
        }
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        device = try fields.decode(String.self, forKey: .device)
        region = try fields.decode(Region.self, forKey: .region)
        let time = try fields.decode(Timestamp.self, forKey: .activatedAt)
        // Replies have times to the millisecond, and an activation is known to a day or a second.
        activatedAt = Timestamp(microseconds: time.microseconds / 1_000 * 1_000)
        source = try fields.decode(String.self, forKey: .source)
    }

    func validate(at index: Int) throws(Problem) {
        let place = "activations[\(index)]"
        let isDevice = MACAddress(device).map(\.isDevice) ?? (IPAddress(device) != nil)
        guard isDevice else {
            throw .invalid("\(place).device", "must be a device's MAC or id")
        }
        guard FieldLimits.activationTimes.contains(activatedAt) else {
            throw .invalid("\(place).activated_at", "must be from 1970 to 9999")
        }
        try FieldLimits.checkSource(source, field: "\(place).source")
    }
}

/// Body of `POST /v1/ledger/import`: all of it, or nothing.
package struct LedgerImportRequest: RequestBody {
    package let activations: [ActivationClaim]
    package let reason: String?
    /// Say what would be added; nothing changes.
    package let isDryRun: Bool?

    package init(activations: [ActivationClaim], reason: String? = nil, isDryRun: Bool? = nil) {
        self.activations = activations
        self.reason = reason
        self.isDryRun = isDryRun
    }

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case activations, reason
        case isDryRun = "dry_run"
    }

    package func validate() throws(Problem) {
        guard (1...FieldLimits.maximumActivations).contains(activations.count) else {
            throw .invalid(
                "activations", "must be 1 to \(FieldLimits.maximumActivations)",
                hint: "Import a longer list in parts.")
        }
        if let reason { try FieldLimits.checkReason(reason) }
        for (index, claim) in activations.enumerated() { try claim.validate(at: index) }
    }
}

/// What an import did, or would do.
package struct LedgerImportReply: Codable, Hashable, Sendable {
    /// Entries that are new; in a dry run those that would be.
    package let added: Int
    /// Devices of the list that have an entry already, which stays.
    package let known: Int
    /// Devices that have their internet back by it; in a dry run those that would.
    package let released: Int
    package let isDryRun: Bool
    /// The digest of the ledger's last entry, before a dry run and after an import.
    package let head: String
    /// The first `FieldLimits.maximumPage` of the new ones. In a dry run their numbers are those
    /// they would have now.
    package let entries: [LedgerRecord]
    /// The first `FieldLimits.maximumPage` entries of devices that were known.
    package let knownEntries: [LedgerRecord]

    package init(
        added: Int, known: Int, released: Int, isDryRun: Bool, head: String,
        entries: [LedgerRecord], knownEntries: [LedgerRecord]
    ) {
        self.added = added
        self.known = known
        self.released = released
        self.isDryRun = isDryRun
        self.head = head
        self.entries = entries
        self.knownEntries = knownEntries
    }

    package enum CodingKeys: String, CodingKey {
        case added, known, released
        case isDryRun = "dry_run"
        case head, entries
        case knownEntries = "known_entries"
    }
}
