/// Everything others can make grow in the engine, bounded.
package enum EngineLimits {
    /// Devices remembered: a /16 full of them. The least recently seen go first.
    package static let devices = 65_536
    /// Addresses remembered for one MAC: what a kernel with the usual settings holds of all
    /// neighbours together (neigh gc_thresh3). A cut device that makes up addresses so cannot push
    /// its real one out of the sets.
    package static let addressesPerDevice = 1_024
    /// Addresses remembered of all MACs. Beyond it those the neighbour table no longer names go,
    /// and with them the memory of whose they were.
    package static let bindings = 131_072
    /// How long an address stays its tenant's when somebody else answers for it. Every device asks
    /// for its gateway anew within 20 minutes, the slowest usual age of an ARP entry, and a Linux
    /// neighbour table asks it every minute that something is sent there. It is shorter than the
    /// hour that DHCP servers lend an address for at least: nobody else can have got it honestly.
    package static let tenancySeconds: Int64 = 1_800
    /// How long a device has to be silent at its former place before it counts as moved. A
    /// neighbour that something is sent to is asked again after 45 s at most and 5 s of delay, and
    /// has 3 s to answer (neigh base_reachable_time, delay_first_probe_time, ucast_solicit).
    package static let formerPlaceSeconds: Int64 = 60
    /// IPv4 addresses that answer on one MAC from which it looks like a router or a repeater. A
    /// device has one, and two for a moment when it changes networks.
    package static let routerAddresses = 4
    /// Source addresses of one MAC that the table does not bind to it from which it looks like a
    /// router; of IPv6 prefixes are counted, because hosts make up addresses (RFC 8981).
    package static let routerSources = 8
    /// How long these are counted together, and how long a router is shown after the last sign.
    package static let routerCountSeconds: Int64 = 3_600
    package static let routerShownSeconds: Int64 = 86_400
    /// MACs whose sources are counted, and routers remembered. Forged MACs only start the count
    /// anew.
    package static let routers = 1_024
    /// The same contest or forgery is told of once in this time.
    package static let suspicionSeconds: Int64 = 3_600
    /// Blocks in force: what one transaction loads in a third of a second.
    package static let blocks = 200_000
    /// Packet sources whose standing is kept ready; forged sources only empty the cache.
    package static let standings = 16_384
    /// An attempt that is only watched is told of once in this time, for each device and endpoint.
    package static let repeatSeconds: Int64 = 600
    /// Attempts remembered for that; beyond it the oldest half is forgotten and may be told again.
    package static let repeats = 8_192
    /// Kinds of attempts counted apart: 256 sites with one policy each and every way to be seen fit
    /// easily. Names come with each reload, so kinds could pile up; Prometheus keeps every one.
    package static let countedKinds = 4_096
    /// First activations remembered: they are never forgotten, so the memory for them is bounded
    /// here. 200,000 take some 60 MB; a shop has a few thousand.
    package static let ledgerEntries = 200_000
    /// Devices whose stages are remembered. Beyond it no further device leaves its first stage.
    package static let stagedDevices = 65_536
    /// A policy past its day of review is told of once in this time.
    package static let reviewSeconds: Int64 = 86_400
    /// Addresses remembered from answers, an endpoint's and others' each. A device that has many
    /// made up can only push out what would end first; 5 MB at the most.
    package static let addressClaims = 16_384
    /// An answer counts for this long at least: applications and systems keep addresses well past
    /// a short time to live (Android's and Java's resolvers, connection pools).
    package static let addressMinimumSeconds: Int64 = 3_600
    /// And for this long at most, whatever it says (RFC 8767 section 4 thinks of days at most).
    package static let addressMaximumSeconds: Int64 = 86_400
    /// How long an address counts as shared: twice as long as it may count as anybody's.
    package static let sharedAddressSeconds: Int64 = 172_800
    /// Devices whose words by DHCP are remembered, and cut ones among them: some 1 KB each at
    /// worst. The least recently heard go first.
    package static let identities = 16_384
    /// Leases of DHCP servers taken up, the last ones of the files: a /16 full of devices.
    package static let leases = 65_536
    /// Newcomers that look like a cut device, at a time.
    package static let returns = 1_024
    /// How long a newcomer may be seen before its first word by DHCP: a device that joins asks for
    /// an address at once, and what came without is no newcomer.
    package static let newcomerSeconds: Int64 = 30
    /// How long a cut device is given to answer, when another one looks like it: on a Wi-Fi it may
    /// sleep for three beacons of 102 ms at most in the usual settings, less the first.
    package static let answerMicroseconds: Int64 = 300_000
    /// How long a newcomer may take to use the address it has asked for.
    package static let returnSeconds: Int64 = 120
    /// Tags given at the prompt to one device.
    package static let tagsPerDevice = 32
}
