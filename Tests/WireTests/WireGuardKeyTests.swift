import Testing
import Wire

@Suite struct WireGuardKeyTests {
    /// As `wg genkey | wg pubkey` prints them.
    @Test(arguments: [
        "jtq7M+tVMiSu+BMaYsD0kAPl/AZEF+IPc8NYcrB3mws=",
        "kM5RAW5ctdvMy/+WnGiiFf/2DuqNbx9Z132Ppkh/hyA=",
        "//////////////////////////////////////////8=",
    ])
    func aKeyIsWrittenInOneWay(text: String) throws {
        let key = try #require(WireGuardKey(text))
        #expect(key.description == text)
        #expect(WireGuardKey(octets: key.octets) == key)
    }

    @Test func firstOctetIsFirst() throws {
        let key = try #require(WireGuardKey(octets: Array(1...32)))
        #expect(key.description == "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=")
        #expect(key.octets == Array(1...32))
    }

    @Test(arguments: [
        "", "=", "jtq7M+tVMiSu+BMaYsD0kAPl/AZEF+IPc8NYcrB3mws",
        // Two bits that are left over are set.
        "jtq7M+tVMiSu+BMaYsD0kAPl/AZEF+IPc8NYcrB3mwt=",
        // Another alphabet, a blank, too long, 31 octets.
        "jtq7M-tVMiSu+BMaYsD0kAPl/AZEF+IPc8NYcrB3mws=",
        "jtq7M tVMiSu+BMaYsD0kAPl/AZEF+IPc8NYcrB3mws=",
        "jtq7M+tVMiSu+BMaYsD0kAPl/AZEF+IPc8NYcrB3mwss=",
        "jtq7M+tVMiSu+BMaYsD0kAPl/AZEF+IPc8NYcrB3mw==",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    ])
    func nothingElseIsAKey(text: String) { #expect(WireGuardKey(text) == nil) }
}
