import Inspection
import Testing
import Wire

/// Lists of dnsmasq 2.90 and Kea 2.2, as the two write them.
@Suite struct LeaseFileTests {
    private func dnsmasq(_ text: String) -> LeaseFile.Reading {
        var reading = LeaseFile.Reading()
        LeaseFile.readDnsmasq(Array(text.utf8).span, into: &reading)
        return reading
    }

    private func kea(_ texts: String...) -> LeaseFile.Reading {
        var reading = LeaseFile.Reading()
        for text in texts { LeaseFile.readKea(Array(text.utf8).span, into: &reading) }
        return reading
    }

    private func lease(
        _ mac: String, _ name: String, _ identifier: [UInt8], isIPv6: Bool = false
    ) throws -> WrittenLease {
        WrittenLease(
            mac: try #require(MACAddress(mac)), hostName: Array(name.utf8),
            clientIdentifier: identifier, isIPv6: isIPv6)
    }

    private static let keaHeader =
        "address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,"
        + "state,user_context\n"

    @Test func dnsmasqsListIsRead() throws {
        let reading = dnsmasq(
            """
            1795434382 04:cf:8c:11:22:99 10.77.0.81 Redmi-Note-9 00:de:ad:be:ef
            1795434000 02:aa:00:00:00:01 10.77.0.82 * *
            1795434000 06-aa-00-00-00-00-01 10.77.0.83 odd 01:02
            duid 00:01:00:01:31:a2:b3:c4:02:00:00:00:00:01
            1795434382 16909060 fd77::51 Redmi-Note-9 00:01:00:01:aa:bb:cc:dd:04:cf:8c:11:22:99

            """)
        #expect(
            reading.leases == [
                "10.77.0.81": try lease(
                    "04:cf:8c:11:22:99", "Redmi-Note-9", [0, 0xde, 0xad, 0xbe, 0xef]),
                "10.77.0.82": try lease("02:aa:00:00:00:01", "", []),
            ])
        #expect(reading.badLines == 1)
    }

    /// The server writes while we read: the rest of the line comes with the next look.
    @Test func aLineWithoutItsEndWaits() {
        let whole = "1795434382 04:cf:8c:11:22:99 10.77.0.81 Redmi-Note-9 00:de:ad"
        #expect(dnsmasq(whole).leases.isEmpty)
        #expect(dnsmasq(whole + "\n").leases.count == 1)
    }

    @Test func keasJournalIsReadToItsEnd() throws {
        let reading = kea(
            Self.keaHeader
                + "10.77.0.81,04:cf:8c:11:22:99,00:de:ad,600,1795434382,1,0,0,redmi,0,\n"
                + "10.77.0.82,02:aa:00:00:00:01,,600,1795434382,1,0,0,a&#x2cb,0,\n",
            // What came after the clean-up began.
            Self.keaHeader
                + "10.77.0.81,06:aa:00:00:00:02,00:de:ad,600,1795434999,1,0,0,redmi,0,\n"
                + "10.77.0.83,,,86400,1795434999,1,0,0,,1,\n"
                + "10.77.0.84,02:aa:00:00:00:07,,600,1795434382,1,0,0,gone,0,\n"
                + "10.77.0.84,02:aa:00:00:00:07,,0,1795434382,1,0,0,gone,0,\n")
        #expect(
            reading.leases == [
                "10.77.0.81": try lease("06:aa:00:00:00:02", "redmi", [0, 0xde, 0xad]),
                "10.77.0.82": try lease("02:aa:00:00:00:01", "a,b", []),
            ])
        #expect(reading.badLines == 0)
    }

    @Test func keasSecondFamilyNamesItsColumns() throws {
        let reading = kea(
            "address,duid,valid_lifetime,expire,subnet_id,pref_lifetime,lease_type,iaid,"
                + "prefix_len,fqdn_fwd,fqdn_rev,hostname,hwaddr,state,user_context,hwtype,"
                + "hwaddr_source\n"
                + "2001:db8:20::51,00:03:00:01:02:aa,600,1795434382,1,300,0,7,128,0,0,mi.lab.,"
                + "02:aa:00:00:00:01,0,,1,2\n")
        #expect(
            reading.leases == [
                "2001:db8:20::51": try lease(
                    "02:aa:00:00:00:01", "mi.lab.", [0, 3, 0, 1, 2, 0xaa], isIPv6: true)
            ])
    }

    @Test(arguments: [
        "", "\n\n", "x\n", "1 2 3 4 5\n", "1795434382 ff:ff:ff:ff:ff:ff 10.0.0.1 a *\n",
        "1795434382 00:00:00:00:00:00 10.0.0.1 a *\n",
    ]) func whatIsNoLeaseIsPassedOver(text: String) {
        #expect(dnsmasq(text).leases.isEmpty)
        #expect(kea(text).leases.isEmpty)
        #expect(kea(Self.keaHeader + text).leases.isEmpty)
    }

    @Test func aLineWithoutEndIsBounded() {
        let text = String(repeating: "a", count: LeaseFile.maximumLineLength + 1)
        #expect(dnsmasq(text + "\n").badLines == 1)
        #expect(dnsmasq(text + "\n1 02:aa:00:00:00:01 10.0.0.1 * *\n").leases.count == 1)
    }
}
