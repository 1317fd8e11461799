package import Wire

/// Behind which interfaces each MAC answers: the kernel's neighbour table, turned round.
package struct DevicePlaces: Sendable {
    private struct Entry: Hashable {
        let address: IPAddress
        let interface: InterfaceName
    }
    private struct Answer {
        let mac: MACAddress
        /// When it last answered, or took the address up.
        var seen: Timestamp
        /// It has answered when asked, and not only spoken.
        var isConfirmed: Bool
    }

    private var answers: [Entry: Answer] = [:]
    private var entries: [MACAddress: Set<Entry>] = [:]

    package init() {}

    /// The whole table follows: what has gone meanwhile must not stay.
    package mutating func removeAll() {
        answers = [:]
        entries = [:]
    }

    package mutating func note(
        _ address: IPAddress, of mac: MACAddress, on interface: InterfaceName, isConfirmed: Bool,
        at now: Timestamp
    ) {
        let entry = Entry(address: address, interface: interface)
        if let known = answers[entry], known.mac == mac {
            guard isConfirmed else { return }
            answers[entry] = Answer(mac: mac, seen: now, isConfirmed: true)
            return
        }
        remove(address, on: interface)
        // The kernel's own table bounds this one (net.ipv4.neigh.default.gc_thresh3).
        guard answers.count < EngineLimits.bindings else { return }
        answers[entry] = Answer(mac: mac, seen: now, isConfirmed: isConfirmed)
        entries[mac, default: []].insert(entry)
    }

    /// - Parameter interface: Nil: on whatever interface.
    package mutating func remove(_ address: IPAddress, on interface: InterfaceName?) {
        guard let interface else {
            for entry in answers.keys where entry.address == address { drop(entry) }
            return
        }
        drop(Entry(address: address, interface: interface))
    }

    private mutating func drop(_ entry: Entry) {
        guard let mac = answers.removeValue(forKey: entry)?.mac else { return }
        entries[mac]?.remove(entry)
        if entries[mac]?.isEmpty ?? false { entries[mac] = nil }
    }

    /// Whether the MAC is behind another interface and not behind this one.
    ///
    /// False for a MAC the table has nowhere else: nothing speaks against it then. A device that
    /// moves answers here, later than there, and no longer there. All three are asked for: an
    /// unsolicited ARP reply makes the kernel believe an answer (net/ipv4/arp.c, arp_process), so
    /// anybody can seem to be here; only that a device is silent there cannot be made up.
    package func contradict(
        _ mac: MACAddress, on interface: InterfaceName, at now: Timestamp
    ) -> Bool {
        var here: Timestamp?
        var elsewhere: Timestamp?
        for entry in entries[mac] ?? [] {
            guard let answer = answers[entry] else { continue }
            if entry.interface != interface {
                elsewhere = max(elsewhere ?? answer.seen, answer.seen)
            } else if answer.isConfirmed {
                here = max(here ?? answer.seen, answer.seen)
            }
        }
        guard let elsewhere else { return false }
        guard let here, here > elsewhere else { return true }
        return now.since(elsewhere) <= EngineLimits.formerPlaceSeconds * 1_000_000
    }

    /// Whether the table has this address of the MAC there.
    func isBehind(
        _ interface: InterfaceName, _ mac: MACAddress, _ address: IPAddress
    ) -> Bool { answers[Entry(address: address, interface: interface)]?.mac == mac }

    /// IPv4 addresses the MAC has answered for of late.
    package func ipv4Count(of mac: MACAddress, at now: Timestamp) -> Int {
        let recent = (entries[mac] ?? []).filter { entry in
            guard case .v4 = entry.address, let answer = answers[entry] else { return false }
            return now.since(answer.seen) <= EngineLimits.tenancySeconds * 1_000_000
        }
        return Set(recent.map(\.address)).count
    }
}
