package import Policy
package import Wire

/// One entry of the ledger: a device was first activated there and then.
package struct LedgerRecord: Codable, Hashable, Sendable {
    /// From 1, in the order in which the gateway learnt of them.
    package let number: Int64
    /// When the device was activated.
    package let time: Timestamp
    /// The same in microseconds since 1970-01-01T00:00:00Z; the digest is over this one.
    package let timeMicroseconds: Int64
    /// `DeviceRecord.id`.
    package let device: String
    package let deviceName: String?
    package let region: Region
    /// `seen` or `imported`.
    package let origin: String
    /// The name that was asked for; of an imported one the list's source and who imported it.
    package let note: String
    /// 64 hexadecimal digits; see regionlock(1) for what it is over.
    package let digest: String

    package init(
        number: Int64, time: Timestamp, device: String, deviceName: String? = nil, region: Region,
        origin: String, note: String, digest: String
    ) {
        self.number = number
        self.time = time
        timeMicroseconds = time.microseconds
        self.device = device
        self.deviceName = deviceName
        self.region = region
        self.origin = origin
        self.note = note
        self.digest = digest
    }

    /// What an export holds: the name is the settings' and not the ledger's.
    package var withoutName: LedgerRecord {
        LedgerRecord(
            number: number, time: time, device: device, region: region, origin: origin,
            note: note, digest: digest)
    }

    package enum CodingKeys: String, CodingKey {
        case number, time
        case timeMicroseconds = "time_us"
        case device
        case deviceName = "device_name"
        case region, origin, note, digest
    }
}

/// Filters of `GET /v1/ledger`; they only narrow.
package struct LedgerQuery: Hashable, Sendable {
    package let device: String?
    /// A country stands for its parts as well.
    package let region: Region?
    /// Activated then or later.
    package let since: Timestamp?

    package init(device: String? = nil, region: Region? = nil, since: Timestamp? = nil) {
        self.device = device
        self.region = region
        self.since = since
    }

    package init(_ fields: QueryFields) throws(Problem) {
        device = try fields.text("device", maximum: FieldLimits.maximumDeviceLength)
        if let device { try FieldLimits.checkDevice(device) }
        region = try fields.value("region", "must be \(Region.shape)") { Region($0) }
        since = try fields.value("since", "must be \(Timestamp.shape)") { RFC3339.timestamp($0) }
    }
}

/// Whether the ledger's chain holds: the reply of `GET /v1/ledger/verify`.
package struct LedgerCheck: Codable, Hashable, Sendable {
    /// The first entry that does not follow from those before it.
    package struct Break: Codable, Hashable, Sendable {
        /// The number it has in a whole chain.
        package let number: Int64
        /// `number` or `digest`.
        package let part: String
        package let expected: String
        package let found: String

        package init(number: Int64, part: String, expected: String, found: String) {
            self.number = number
            self.part = part
            self.expected = expected
            self.found = found
        }
    }

    /// All there are.
    package let entries: Int64
    /// The digest of the last entry that follows from those before it.
    package let head: String
    package let broken: Break?
    /// The number of the entry whose digest was asked for, if it is in the part that holds.
    package let noted: Int64?

    package init(entries: Int64, head: String, broken: Break? = nil, noted: Int64? = nil) {
        self.entries = entries
        self.head = head
        self.broken = broken
        self.noted = noted
    }
}
