import Synchronization
import Wire

/// Who is connected, so that neither all devices together nor one alone take every place.
package final class ConnectionLimits: Sendable {
    /// Each costs a descriptor and some 10 KiB; a shop with hundreds of cut phones fits.
    package static let maximumConnections = 256
    /// A page load takes one or two; the apps of a cut phone retry all the time.
    package static let maximumPerAddress = 8
    /// A request that shows a page has no body and few headers.
    package static let maximumRequestBytes = 16 * 1_024
    /// From accept to close: a page of 5 kB on poor Wi-Fi takes a second.
    package static let lifetime: Duration = .seconds(10)

    private let connections = Mutex<[IPAddress: Int]>([:])

    /// False when there is no place; each true is followed by one `leave`.
    func enter(_ address: IPAddress) -> Bool {
        connections.withLock { connections in
            let total = connections.values.reduce(0, +)
            let own = connections[address] ?? 0
            guard total < Self.maximumConnections, own < Self.maximumPerAddress else {
                return false
            }
            connections[address] = own + 1
            return true
        }
    }

    func leave(_ address: IPAddress) {
        connections.withLock { connections in
            let own = connections[address] ?? 0
            connections[address] = own > 1 ? own - 1 : nil
        }
    }
}
