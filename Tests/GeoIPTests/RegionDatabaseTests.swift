import DatabaseMill
import FoundationEssentials
import GeoIP
import Policy
import Testing
import Wire

struct RegionDatabaseTests {
    @Test(arguments: [24, 28, 32], [4, 6])
    func readsCountriesAndParts(recordBits: Int, ipVersion: Int) throws {
        let folder = try Folder()
        let milled = SampleDatabase.make(ipVersion: ipVersion, recordBits: recordBits)
        let database = try RegionDatabase.open(path: folder.file(milled.octets))
        #expect(database.facts.description == "Test-City of 2026-11-20")
        #expect(database.facts.namesParts)
        let by = "by Test-City of 2026-11-20"
        #expect(database.text("192.0.2.5") == "192.0.2.5 is in CU, CU-03 \(by)")
        #expect(database.text("192.0.2.64") == "192.0.2.64 is in UA, UA-43 \(by)")
        #expect(database.text("192.0.2.127") == "192.0.2.127 is in UA, UA-43 \(by)")
        #expect(database.text("192.0.2.128") == "192.0.2.128 is in UA, UA-30 \(by)")
        #expect(database.text("192.0.2.200") == "192.0.2.200 is in UA \(by)")
        #expect(database.text("198.51.100.9") == "198.51.100.9 is in GB, GB-ENG, GB-WBK \(by)")
        #expect(database.text("::ffff:192.0.2.5") == "192.0.2.5 is in CU, CU-03 \(by)")
        #expect(
            database.text("203.0.113.3")
                == "the record of 203.0.113.3 in Test-City of 2026-11-20 names no country")
        #expect(database.text("8.8.8.8") == "8.8.8.8 is not in Test-City of 2026-11-20")
        let six = database.text("2001:db8:43::7")
        #expect(
            six
                == (ipVersion == 6
                    ? "2001:db8:43::7 is in UA, UA-43 \(by)"
                    : "2001:db8:43::7 is not in Test-City of 2026-11-20"))
        #expect(database.refusedRecords == 0)
    }

    @Test func countryDatabaseNamesNoPart() throws {
        let folder = try Folder()
        let octets = SampleDatabase.make(hasParts: false).octets
        let database = try RegionDatabase.open(path: folder.file(octets))
        #expect(!database.facts.namesParts)
        #expect(database.text("192.0.2.70") == "192.0.2.70 is in UA by Test-Country of 2026-11-20")
    }

    @Test(arguments: [
        "10.0.0.1", "100.64.0.1", "127.0.0.1", "169.254.1.1", "172.31.0.1", "192.168.1.1",
        "224.0.0.1", "255.255.255.255", "0.0.0.0", "fe80::1", "fd00::1", "::1", "ff02::1",
        "::ffff:10.0.0.1",
    ])
    func whatIsNotPublicIsNotLookedUp(address: String) throws {
        let folder = try Folder()
        // Whatever a database says of them.
        var milled = SampleDatabase.make()
        for network in ["0.0.0.0/1", "128.0.0.0/1", "fc00::/6"] {
            milled.add(
                try #require(IPPrefix(network)), SampleDatabase.record(country: "CU", parts: []))
        }
        let database = try RegionDatabase.open(path: folder.file(milled.octets))
        let region = database.region(of: try #require(IPAddress(address)))
        #expect(region.finding == .unknown(.notPublic))
    }

    /// Another reader of the format says the same of our writer's files.
    @Test func pythonReadsTheSame() throws {
        let folder = try Folder()
        let path = try folder.file(SampleDatabase.make(recordBits: 28).octets)
        let program = """
            import maxminddb, sys
            db = maxminddb.open_database(sys.argv[1], maxminddb.MODE_FILE)
            for a in sys.argv[2:]:
                r = db.get(a) or {}
                c = r.get("country", {}).get("iso_code")
                print(a, c, [s["iso_code"] for s in r.get("subdivisions", [])])
            print(db.metadata().database_type)
            """
        let output = try Python.run(
            program, path, "192.0.2.70", "192.0.2.200", "2001:db8:30::1", "203.0.113.3")
        #expect(
            output == """
                192.0.2.70 UA ['43']
                192.0.2.200 UA []
                2001:db8:30::1 UA ['30']
                203.0.113.3 None []
                Test-City

                """)
    }

    @Test func aFileThatIsCutShortInPlaceChangesNothing() throws {
        let folder = try Folder()
        let path = try folder.file(SampleDatabase.make().octets)
        let database = try RegionDatabase.open(path: path)
        let handle = try FileHandleCut.cut(path)
        #expect(handle)
        #expect(database.text("192.0.2.64").contains("UA-43"))
        #expect(FileIdentity(path: path) != database.identity)
    }
}
