import DatabaseMill
import GeoIP
import Policy
import Testing
import Wire

/// What is wrong with a file is said, counted or answered with "unknown": it never ends us.
struct DamageTests {
    private static let addresses = [
        "192.0.2.5", "192.0.2.70", "192.0.2.200", "198.51.100.9", "203.0.113.3", "8.8.8.8",
        "2001:db8:43::1", "2001:db8:cc::1", "2a00::1",
    ].compactMap { IPAddress($0) }

    private func error(_ octets: [UInt8]) throws -> DatabaseError? {
        let folder = try Folder()
        let path = try folder.file(octets)
        do throws(DatabaseError) {
            _ = try RegionDatabase.open(path: path)
            return nil
        } catch {
            return error
        }
    }

    @Test func namesWhatIsWrong() throws {
        let missing = #expect(throws: DatabaseError.self) {
            try RegionDatabase.open(path: "/nowhere/db.mmdb")
        }
        #expect(missing?.kind == .notFound)
        #expect(
            missing?.description
                == "can't use the GeoIP database /nowhere/db.mmdb: open: No such file or directory")
        let folder = #expect(throws: DatabaseError.self) { try RegionDatabase.open(path: "/tmp") }
        #expect(folder?.reason == "not a regular file")
        #expect(try error([])?.reason == "it is no MaxMind DB: there is no metadata")
        #expect(try error(Array("hello".utf8))?.kind == .damaged)
    }

    @Test func everyLengthIsRefusedOrAnswered() throws {
        let whole = SampleDatabase.make().octets
        for length in stride(from: 0, to: whole.count, by: 7) {
            #expect(try error(Array(whole.prefix(length)))?.kind == .damaged, "\(length)")
        }
        // The front is missing: the metadata is there, and promises more than there is.
        for start in stride(from: 1, to: whole.count, by: 61) { try ask(Array(whole[start...])) }
    }

    /// Each octet of a small file becomes three others: nothing ends us, and no answer is a region
    /// that is no code.
    @Test func anyOctetMayBeAnother() throws {
        var milled = MilledDatabase(type: "Test-City", buildEpoch: 1, ipVersion: 4)
        for place in SampleDatabase.places.prefix(3) {
            milled.add(
                try #require(IPPrefix(place.network)),
                SampleDatabase.record(country: place.country, parts: place.parts))
        }
        let whole = milled.octets
        var refusals = 0
        var unknown = 0
        for place in whole.indices {
            for octet in [0x00, 0xff, whole[place] ^ 0x20] as [UInt8] where octet != whole[place] {
                var octets = whole
                octets[place] = octet
                guard let outcome = try ask(octets) else {
                    refusals += 1
                    continue
                }
                unknown += outcome
            }
        }
        // The damage was felt: a loop that asked an intact file would feel none.
        #expect(refusals > 100)
        #expect(unknown > 100)
    }

    /// How many records were refused; nil when the file was.
    @discardableResult
    private func ask(_ octets: [UInt8]) throws -> Int? {
        let folder = try Folder()
        let path = try folder.file(octets)
        let database: RegionDatabase
        do throws(DatabaseError) {
            database = try RegionDatabase.open(path: path)
        } catch {
            return nil
        }
        for address in Self.addresses {
            if case .found(let country, let parts) = database.region(of: address).finding {
                #expect(!country.isSubdivision && parts.allSatisfy(\.isSubdivision))
            }
        }
        return Int(database.refusedRecords)
    }

    private func finding(of record: MilledValue) throws -> (AddressRegion.Finding, UInt64) {
        var milled = MilledDatabase(type: "Test-City", buildEpoch: 1)
        milled.add(try #require(IPPrefix("192.0.2.0/24")), record)
        let folder = try Folder()
        let database = try RegionDatabase.open(path: folder.file(milled.octets))
        let region = database.region(of: try #require(IPAddress("192.0.2.1")))
        return (region.finding, database.refusedRecords)
    }

    @Test func hostileRecordsAreCounted() throws {
        // A map in a map in a map: the library would go down all of it, on the caller's stack.
        let level: [UInt8] = [0xe1, 0x41, 0x61]
        let deep: [UInt8] = (0..<100_000).flatMap { _ in level }
        // A map of 16 million entries.
        let wide: [UInt8] = [0xff, 0xff, 0xff, 0xff]
        // A pointer to a pointer, that of itself.
        let loop: [UInt8] = [0x20, 0x00]
        let others: [[UInt8]] = [[0x00, 0xff], [0x5f, 0xff, 0xff, 0xff]]
        for octets in [deep, wide, loop] + others {
            #expect(try finding(of: .raw(octets)) == (.unknown(.damagedRecord), 1))
        }
        #expect(try finding(of: .string("UA")) == (.unknown(.damagedRecord), 1))
    }

    @Test func oddRecordsAreUnknown() throws {
        let odd: [MilledValue] = [
            .map([]), .map(["country": .string("UA")]), .map(["country": .map([])]),
            .map(["country": .map(["iso_code": .uint16(7)])]),
            .map(["country": .map(["iso_code": .string("Ukraine")])]),
            .map(["country": .map(["iso_code": .string("u\u{1b}")])]),
            .map(["country": .map(["iso_code": .string("??")])]),
        ]
        for record in odd { #expect(try finding(of: record) == (.unknown(.noCountry), 0)) }
        // A part that is no code is left out, and so is what comes after the fourth.
        let country = MilledValue.map(["iso_code": .string("UA")])
        let parts = ["\u{7}", "43", "Crimea", "", "30"].map {
            MilledValue.map(["iso_code": .string($0)])
        }
        let found = try finding(of: .map(["country": country, "subdivisions": .array(parts)]))
        let ukraine = try #require(Region("UA"))
        #expect(found.0 == .found(country: ukraine, parts: [try #require(Region("UA-43"))]))
    }
}
