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
    /// The list's source and who imported it; the name that was asked for where the gateway saw it.
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

/// The first entry of a chain that does not follow from those before it.
package struct LedgerBreak: Error, Hashable, Sendable {
    package enum Part: String, Hashable, Sendable, CaseIterable {
        /// Another number stands there: entries are missing, or not in their order.
        case number
        /// The entry was changed, or one before it.
        case digest
    }

    /// The number that the entry has in a whole chain, from 1.
    package let number: Int64
    package let part: Part
    package let expected: String
    package let found: String

    package init(number: Int64, part: Part, expected: String, found: String) {
        self.number = number
        self.part = part
        self.expected = expected
        self.found = found
    }
}

/// Follows a chain from its first entry, one entry after the other.
package struct LedgerChain: Hashable, Sendable {
    /// Entries so far.
    package private(set) var count: Int64 = 0
    /// The digest of the last of them.
    package private(set) var head = Ledger.origin

    package init() {}

    package mutating func add(_ entry: LedgerEntry) throws(LedgerBreak) {
        let number = count + 1
        guard entry.number == number else {
            throw LedgerBreak(
                number: number, part: .number, expected: "\(number)", found: "\(entry.number)")
        }
        let digest = entry.expectedDigest(after: head)
        guard entry.digest == digest else {
            throw LedgerBreak(
                number: number, part: .digest, expected: digest, found: entry.digest)
        }
        count = number
        head = digest
    }
}

/// Which device was first activated where. Entries are added and never changed: each holds the
/// digest of all before it, so that a change in the middle shows.
package struct Ledger: Hashable, Sendable {
    package private(set) var entries: [LedgerEntry] = []
    private var firsts: [DeviceKey: Int] = [:]
    /// Of the last entry there is, in whatever state.
    private var lastNumber: Int64 = 0

    /// The digest before the first entry.
    package static let origin = String(repeating: "0", count: 64)

    package init() {}

    /// What a store held, in its order. It is taken as it is: see `firstBreak`.
    ///
    /// - Parameter lastNumber: of the last entry, should it be one that could not be read.
    package init(_ entries: [LedgerEntry], lastNumber: Int64 = 0) {
        self.entries = entries
        self.lastNumber = max(lastNumber, entries.last?.number ?? 0)
        for (index, entry) in entries.enumerated() where firsts[entry.device] == nil {
            firsts[entry.device] = index
        }
    }

    /// Where the chain does not hold, or nil. It walks all of it, some 10 us an entry.
    package var firstBreak: LedgerBreak? {
        var chain = LedgerChain()
        do throws(LedgerBreak) {
            for entry in entries { try chain.add(entry) }
            return unreadableEnd
        } catch {
            return error
        }
    }

    /// The break where the last entries are there and cannot be read.
    package var unreadableEnd: LedgerBreak? {
        let last = entries.last?.number ?? 0
        guard last < lastNumber else { return nil }
        return LedgerBreak(
            number: last + 1, part: .number, expected: "\(last + 1)",
            found: "nothing that can be read")
    }

    /// The digest of the last entry, which stands for all of them.
    package var head: String { entries.last?.digest ?? Self.origin }

    /// At most `limit` entries with a number above `number`, in their order.
    package func entries(after number: Int64, limit: Int) -> ArraySlice<LedgerEntry> {
        var (low, high) = (0, entries.count)
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].number <= number { low = middle + 1 } else { high = middle }
        }
        return entries[low...].prefix(limit)
    }

    package func first(of device: DeviceKey) -> LedgerEntry? { firsts[device].map { entries[$0] } }

    /// How many entries more it takes.
    package var room: Int { max(0, EngineLimits.ledgerEntries - entries.count) }

    /// Nil where the device has an entry already, or the ledger is full.
    package mutating func append(
        _ device: DeviceKey, in region: Region, origin: LedgerEntry.Origin, note: String,
        at time: Timestamp
    ) -> LedgerEntry? {
        guard firsts[device] == nil, room > 0 else { return nil }
        // Not the count: where an entry was deleted, the number of the last one is higher, and the
        // store would put the new entry in its place.
        guard lastNumber < .max else { return nil }
        let bare = LedgerEntry(
            number: lastNumber + 1, time: time, device: device, region: region,
            origin: origin, note: note, digest: "")
        let entry = LedgerEntry(
            number: bare.number, time: time, device: device, region: region, origin: origin,
            note: note, digest: bare.expectedDigest(after: head))
        firsts[device] = entries.count
        lastNumber = entry.number
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
