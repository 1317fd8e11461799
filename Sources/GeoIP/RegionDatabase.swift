import CMaxMindDB
package import Policy
import Synchronization
package import Wire

/// An open database, in memory. Any thread may ask it; nothing in it changes.
@safe
package final class RegionDatabase: @unchecked Sendable {
    package let path: String
    package let facts: DatabaseFacts
    /// The file as it was when it was copied.
    package let identity: FileIdentity
    private let handle: OpaquePointer
    private let refused = Atomic<UInt64>(0)

    /// - Throws: for anything that is not a whole database: then nothing of it is used.
    package static func open(path: String) throws(DatabaseError) -> RegionDatabase {
        let copy = try DatabaseCopy.make(of: path)
        let tail = copy.tail(GeoIPLimits.metadataOctets)
        let facts: DatabaseFacts
        do throws(RecordFault) {
            facts = try DatabaseMetadata.read(tail.span)
        } catch {
            throw DatabaseError(kind: .damaged, path: path, reason: "\(error.text)")
        }
        var status: Int32 = 0
        guard let handle = unsafe cmm_open(copy.path, &status) else {
            throw DatabaseError(
                kind: .damaged, path: path, reason: unsafe String(cString: cmm_words(status)))
        }
        // The library has mapped the copy, which lives as long as its mapping.
        return unsafe RegionDatabase(
            path: path, facts: facts, identity: copy.identity, handle: handle)
    }

    private init(
        path: String, facts: DatabaseFacts, identity: FileIdentity, handle: OpaquePointer
    ) {
        self.path = path
        self.facts = facts
        self.identity = identity
        unsafe self.handle = handle
    }

    deinit { unsafe cmm_close(handle) }

    /// Records that were not what the format allows, since it was opened.
    package var refusedRecords: UInt64 { refused.load(ordering: .relaxed) }

    package func region(of address: IPAddress) -> AddressRegion {
        let address = address.unmapped
        return AddressRegion(address, finding(of: address), database: facts)
    }

    private func finding(of address: IPAddress) -> AddressRegion.Finding {
        guard address.isPublic else { return .unknown(.notPublic) }
        let octets = address.octets
        var offset: UInt32 = 0
        let found = unsafe octets.withUnsafeBufferPointer { octets in
            unsafe cmm_find(handle, octets.baseAddress, octets.count, &offset)
        }
        switch Int(found) {
        case CMM_NOT_FOUND, CMM_OTHER_FAMILY: return .unknown(.noRecord)
        case CMM_FOUND: return record(at: Int(offset))
        default:
            refused.add(1, ordering: .relaxed)
            return .unknown(.damagedRecord)
        }
    }

    private func record(at offset: Int) -> AddressRegion.Finding {
        var length = 0
        guard let start = unsafe cmm_records(handle, &length) else {
            return .unknown(.damagedRecord)
        }
        let records = unsafe UnsafeBufferPointer(start: start, count: length)
        do throws(RecordFault) {
            return try unsafe CountryRecord.read(records.span, at: offset)
        } catch {
            refused.add(1, ordering: .relaxed)
            return .unknown(.damagedRecord)
        }
    }
}
