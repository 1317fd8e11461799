package import Policy
package import Wire

/// One line of the ledger: a device was first activated here and then.
package struct LedgerEntry: Hashable, Sendable {
    /// How the gateway knows.
    package enum Origin: String, Hashable, Sendable, CaseIterable {
        /// It saw the attempt.
        case seen
        /// A list said so.
        case imported
    }

    /// Counts from 1.
    package let number: Int64
    package let time: Timestamp
    package let device: DeviceKey
    package let region: Region
    package let origin: Origin
    /// Who gave the list; the name that was asked for where the gateway saw it.
    package let note: String
    /// SHA-256 of the digest before and this entry's fields, 64 hexadecimal digits.
    package let digest: String

    package init(
        number: Int64, time: Timestamp, device: DeviceKey, region: Region, origin: Origin,
        note: String, digest: String
    ) {
        self.number = number
        self.time = time
        self.device = device
        self.region = region
        self.origin = origin
        self.note = note
        self.digest = digest
    }

    package var activation: Activation { Activation(region: region, time: time) }

    /// What the digest must be behind `previous`.
    package func expectedDigest(after previous: String) -> String {
        let fields: [String] = [
            previous, "\(number)", "\(time.microseconds)", "\(device)", region.code,
            origin.rawValue, note,
        ]
        // A tab stands in no field but the note, which is the last.
        return SHA256.hex(fields.joined(separator: "\t"))
    }
}

/// Which device was first activated where. Entries are added and never changed: each holds the
/// digest of all before it, so that a change in the middle shows.
package struct Ledger: Hashable, Sendable {
    package private(set) var entries: [LedgerEntry] = []
    private var firsts: [DeviceKey: Int] = [:]

    /// The digest before the first entry.
    package static let origin = String(repeating: "0", count: 64)

    package init() {}

    /// What a store held, in its order. It is taken as it is: see `firstBreak`.
    package init(_ entries: [LedgerEntry]) {
        self.entries = entries
        for (index, entry) in entries.enumerated() where firsts[entry.device] == nil {
            firsts[entry.device] = index
        }
    }

    /// The number of the first entry that does not follow from those before it, or nil.
    package var firstBreak: Int64? {
        var previous = Self.origin
        for (index, entry) in entries.enumerated() {
            guard entry.number == Int64(index + 1),
                entry.digest == entry.expectedDigest(after: previous)
            else { return Int64(index + 1) }
            previous = entry.digest
        }
        return nil
    }

    package func first(of device: DeviceKey) -> LedgerEntry? { firsts[device].map { entries[$0] } }

    /// Nil where the device has an entry already, or the ledger is full.
    package mutating func append(
        _ device: DeviceKey, in region: Region, origin: LedgerEntry.Origin, note: String,
        at time: Timestamp
    ) -> LedgerEntry? {
        guard firsts[device] == nil, entries.count < EngineLimits.ledgerEntries else { return nil }
        let previous = entries.last?.digest ?? Self.origin
        let bare = LedgerEntry(
            number: Int64(entries.count + 1), time: time, device: device, region: region,
            origin: origin, note: note, digest: "")
        let entry = LedgerEntry(
            number: bare.number, time: time, device: device, region: region, origin: origin,
            note: note, digest: bare.expectedDigest(after: previous))
        firsts[device] = entries.count
        entries.append(entry)
        return entry
    }
}

/// When a policy's stages began for a device.
package struct StageStart: Hashable, Sendable {
    package let device: DeviceKey
    package let policy: String
    package let since: Timestamp

    package init(device: DeviceKey, policy: String, since: Timestamp) {
        self.device = device
        self.policy = policy
        self.since = since
    }
}
