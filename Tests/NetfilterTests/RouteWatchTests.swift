import Glibc
import Netfilter
import Testing
import Wire

@Suite struct RouteWatchTests {
    @Test func tellsTheStateFirstAndChangesAfterwards() async throws {
        try await withPeer { peer in
            let phone = try #require(MACAddress("02:00:00:00:00:31"))
            let lan = try interfaceIndex("lan0")
            let first = try #require(IPAddress("10.20.0.31"))
            let second = try #require(IPAddress("fd20::31"))
            let absent = try #require(IPAddress("10.20.0.99"))
            let name = try #require(InterfaceName("lan0"))
            try shell("ping -c1 -W2 \(first)")

            var watch = try RouteWatch.open()
            var events = try wait(
                for: .neighbour(interfaceIndex: lan, address: first, mac: phone, isConfirmed: true),
                &watch)
            #expect(events.first == .restarted)
            #expect(events.contains(.link(index: lan, name: name, kind: .other)))

            try shell("ping -c1 -W2 \(second)")
            events = try wait(
                for: .neighbour(
                    interfaceIndex: lan, address: second, mac: phone, isConfirmed: true),
                &watch)
            #expect(!events.contains(.restarted))

            // An address that nobody has gets no MAC. Three questions, 20 ms apart, settle it.
            try shell("ip ntable change name arp_cache dev lan0 retrans 20")
            let datagram = try TestSocket(.udp, from: "10.20.0.1")
            try datagram.connect(to: "\(absent)", port: 9)
            try datagram.send([1])
            _ = try wait(
                for: .neighbour(interfaceIndex: lan, address: absent, mac: nil, isConfirmed: false),
                &watch)

            try shell("ip neighbour del \(first) dev lan0")
            _ = try wait(
                for: .neighbour(interfaceIndex: lan, address: first, mac: nil, isConfirmed: false),
                &watch)

            try shell("ip link add pair7 type veth peer name pair8")
            let pair = try interfaceIndex("pair7")
            _ = try wait(
                for: .link(
                    index: pair, name: try #require(InterfaceName("pair7")), kind: .other),
                &watch)
            try shell("ip link set pair7 name renamed")
            _ = try wait(
                for: .link(
                    index: pair, name: try #require(InterfaceName("renamed")), kind: .other),
                &watch)
            try shell("ip link del renamed")
            _ = try wait(for: .linkGone(index: pair), &watch)

            try shell("ip link add br7 type bridge")
            let bridge = try #require(InterfaceName("br7"))
            _ = try wait(
                for: .link(index: try interfaceIndex("br7"), name: bridge, kind: .bridge), &watch)
        }
    }

    /// The kernel drops events that nobody reads; the whole state is told again then.
    @Test func startsAgainAfterAnOverrun() async throws {
        try await withPeer { _ in
            var watch = try RouteWatch.open()
            try watch.receive { _ in }
            try shrinkReceiveBuffer(watch.fileDescriptor)
            try shell(
                """
                for i in $(seq 2 250); do
                  echo neighbour replace 10.20.0.$i lladdr 02:00:00:00:01:01 dev lan0
                done | ip -batch -
                """)
            var events: [RouteEvent] = []
            try watch.receive { events.append($0) }
            #expect(events.contains(.restarted))
            let known = Set(
                events.split(separator: .restarted).last?.compactMap { event -> IPAddress? in
                    guard case .neighbour(_, let address, .some, _) = event else { return nil }
                    return address
                } ?? [])
            for host in 2...250 {
                #expect(known.contains(try #require(IPAddress("10.20.0.\(host)"))))
            }
        }
    }
}

private func shrinkReceiveBuffer(_ descriptor: Int32) throws {
    var octets: Int32 = 4096
    try #require(setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &octets, 4) == 0)
}

/// Collects events until the one waited for has come; fails when two seconds bring none.
private func wait(for event: RouteEvent, _ watch: inout RouteWatch) throws -> [RouteEvent] {
    var poll = PollSet()
    poll.add(watch.fileDescriptor)
    var events: [RouteEvent] = []
    while !events.contains(event) {
        let isReady = try poll.wait(timeoutMilliseconds: 2000)
        try #require(isReady, "\(event) did not come, only \(events)")
        try watch.receive { events.append($0) }
    }
    return events
}
