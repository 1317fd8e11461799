/// Everything others can make grow in the engine, bounded.
package enum EngineLimits {
    /// Devices remembered: a /16 full of them. The least recently seen go first.
    package static let devices = 65_536
    /// Addresses remembered for one MAC. RFC 8981 hosts hold a handful of temporary addresses; more
    /// than this is a router behind the MAC, or somebody trying to fill our table.
    package static let addressesPerDevice = 64
    /// Blocks in force: what one transaction loads in a third of a second.
    package static let blocks = 200_000
    /// Packet sources whose standing is kept ready; forged sources only empty the cache.
    package static let standings = 16_384
    /// An attempt that is only watched is told of once in this time, for each device and endpoint.
    package static let repeatSeconds: Int64 = 600
    /// Attempts remembered for that; beyond it the oldest half is forgotten and may be told again.
    package static let repeats = 8_192
    /// Tags given at the prompt to one device.
    package static let tagsPerDevice = 32
}
