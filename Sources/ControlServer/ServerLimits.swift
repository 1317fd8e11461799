/// How much of the daemon any number of clients may use.
package struct ServerLimits: Hashable, Sendable {
    /// Connections of everybody but root and the daemon's user, over both sockets. Each costs a
    /// descriptor and about 20 KB; the unit file's LimitNOFILE leaves room for ten times that.
    package var connections = 64
    /// Connections of one account, so that no account can use up the others' share. It holds for
    /// root as well, beyond the common limit: root always gets in.
    package var connectionsPerUser = 16
    /// Event streams over all accounts: each new event is written to every one of them.
    package var eventStreams = 16
    /// Request line and header fields. Ours have less than 1 KB; curl adds 100 bytes.
    package var headBytes = 16 * 1_024
    /// The longest valid body is about 1 KB of reason and names, escaped to 12 KB at worst.
    package var bodyBytes = 64 * 1_024
    /// The body of `importLedger`, and of it alone: 10,000 activations of 100 octets and a source
    /// of 100 characters, four octets each. It is for callers who may change things.
    package var importBytes = 6 * 1_024 * 1_024
    /// A connection with no byte in or out for so long is closed. It also ends the stream of a
    /// client that stopped reading, and a request that never gets finished.
    package var idleSeconds: Int64 = 60
    /// Comment lines of an event stream: below `idleSeconds`, and often enough to notice a client
    /// that is gone.
    package var heartbeatSeconds: Int64 = 15
    /// Events read from the store at a time while a stream catches up.
    package var replayPage = 500

    package init() {}
}
