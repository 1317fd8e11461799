import Firewall
import Glibc
import Testing
import Wire

@testable import Netfilter

/// A queue that outlives its tap, on the real kernel: nothing that waits is lost.
@Suite struct KeptQueueTests {
    private static let mode = TapMode.queue(number: 5, failOpen: true)
    private static let count = UInt8(200)

    /// What a life has left: packets it has read and not answered, and packets it has not read.
    private func leave(_ tap: consuming PacketTap) throws -> KeptQueue {
        guard let kept = try KeptQueue.of(tap) else { throw TrafficError("no queue") }
        var octets = [UInt8](repeating: 0, count: 70_000)
        for _ in 0..<40 { #expect(recv(tap.fileDescriptor, &octets, octets.count, 0) > 0) }
        return kept
    }

    private func burst(
        of peer: NetworkNamespace, from source: String = "10.20.0.31"
    ) async throws {
        try await peer.run {
            let socket = try TestSocket(.udp, from: source)
            try socket.connect(to: "10.20.0.1", port: 7000)
            for value in 0..<Self.count { try socket.send([value]) }
        }
    }

    /// The length of queue 5, as the third column of nfnetlink_queue has it; nil without a queue.
    private func waiting() throws -> Int? {
        let text = try shell("cat /proc/self/net/netfilter/nfnetlink_queue")
        let fields = text.split(whereSeparator: \.isWhitespace)
        return fields.count == 9 ? Int(fields[2]) : nil
    }

    @Test func whatWaitedIsReadAnewInItsOrder() async throws {
        try await withPeer { peer in
            var connection = try NftConnection.open()
            let features = try connection.probe()
            try connection.commit(Self.table(bypass: true), features: features)
            let server = try TestSocket(.udp, from: "10.20.0.1", port: 7000)
            let tap = try PacketTap.open(Self.mode)
            try await burst(of: peer)
            let kept = try leave(tap)
            #expect(try waiting() == Int(Self.count))
            var next = try kept.tap(Self.mode)
            try next.repeatWaiting()
            #expect(try waiting() == Int(Self.count))
            var seen: [UInt8] = []
            while try next.receive({ packet, payload, _ in
                #expect(packet.hardwareAddress == MACAddress("02:00:00:00:00:31"))
                seen.append(payload[payload.count - 1])
                return .accept(mark: nil)
            }) > 0 {}
            #expect(seen == Array(0..<Self.count))
            for value in 0..<Self.count { #expect(server.receive() == [value]) }
            #expect(try waiting() == 0)
            #expect(next.counters.lost == 0)
            #expect(next.counters.refusedVerdicts == 0)
            #expect(next.counters.malformed == 0)
        }
    }

    /// What waits meets the rules once more, so a device that was cut meanwhile is refused.
    @Test(arguments: [true, false])
    func aReleasedQueueFollowsItsPolicy(isOpen: Bool) async throws {
        try await withPeer { peer in
            var connection = try NftConnection.open()
            let features = try connection.probe()
            try connection.commit(Self.table(bypass: isOpen), features: features)
            let server = try TestSocket(.udp, from: "10.20.0.1", port: 7000)
            let tap = try PacketTap.open(.queue(number: 5, failOpen: isOpen))
            try await burst(of: peer)
            try await burst(of: peer, from: "10.20.0.32")
            let kept = try leave(tap)
            try connection.commit(
                [.addElements(set: Self.cut, [SetElement(.address(IPAddress("10.20.0.32")!))])],
                features: features)
            try kept.release()
            #expect(try waiting() == nil, "a queue that nobody reads")
            // What comes later goes the same way.
            try await peer.run {
                let socket = try TestSocket(.udp, from: "10.20.0.31")
                try socket.connect(to: "10.20.0.1", port: 7000)
                try socket.send([Self.count])
            }
            let expected = isOpen ? Array(0...Self.count) : []
            var seen: [UInt8] = []
            while seen.count < expected.count, let octets = server.receive() { seen += octets }
            #expect(seen == expected)
            #expect(server.receiveAtOnce() == nil)
        }
    }

    /// The control of the two above: without a second hold on its socket the queue ends, and what
    /// waits with it.
    @Test func anAbandonedQueueLosesWhatWaits() async throws {
        try await withPeer { peer in
            var connection = try NftConnection.open()
            let features = try connection.probe()
            try connection.commit(Self.table(bypass: true), features: features)
            let server = try TestSocket(.udp, from: "10.20.0.1", port: 7000)
            do {
                let tap = try PacketTap.open(Self.mode)
                try await burst(of: peer)
                #expect(tap.mode == Self.mode)
            }
            #expect(try waiting() == nil)
            #expect(server.receiveAtOnce() == nil)
        }
    }

    /// Asking what the kernel can do ends no hook: that would empty every queue there is.
    @Test func theProbeLosesNothingThatWaits() async throws {
        try await withPeer { peer in
            var connection = try NftConnection.open()
            let features = try connection.probe()
            try connection.commit(Self.table(bypass: true), features: features)
            let tap = try PacketTap.open(Self.mode)
            try await burst(of: peer)
            #expect(try connection.probe() == features)
            #expect(try waiting() == Int(Self.count))
            #expect(tap.mode == Self.mode)
        }
    }

    @Test func whatIsNoQueueOfOursIsRefused() async throws {
        try await inNetworkNamespace {
            let file = open("/dev/null", O_RDONLY)
            let error = #expect(throws: NetfilterError.self) {
                _ = try KeptQueue.adopt(file, number: 5).number
            }
            #expect(error?.code == EINVAL)
            #expect(fcntl(file, F_GETFD) == -1, "it is closed")

            let tap = try PacketTap.open(Self.mode)
            guard let kept = try KeptQueue.of(tap) else { throw TrafficError("no queue") }
            for (mode, code) in [
                (TapMode.queue(number: 6, failOpen: true), ENODEV), (.log(group: 5), EINVAL),
            ] {
                let error = #expect(throws: NetfilterError.self) { _ = try kept.tap(mode).mode }
                #expect(error?.code == code, "\(mode)")
            }
            // Somebody else's queue is not touched.
            let other = try PacketTap.open(.queue(number: 6, failOpen: true))
            let copy = fcntl(other.fileDescriptor, F_DUPFD_CLOEXEC, 3)
            let stranger = try KeptQueue.adopt(copy, number: 5)
            let refusal = #expect(throws: NetfilterError.self) {
                _ = try stranger.tap(Self.mode).mode
            }
            #expect(refusal?.isNotPermitted == true)
            try stranger.release()
            let lines = try shell("cat /proc/self/net/netfilter/nfnetlink_queue")
            #expect(lines.split(separator: "\n").count == 2, "\(lines)")
            #expect(other.mode == .queue(number: 6, failOpen: true) && tap.mode == Self.mode)
            #expect(kept.number == 5)
        }
    }

    private static let cut = NftSet(name: "cut", key: .ipv4Address)

    private static func table(bypass: Bool) -> [FirewallOperation] {
        let rules: [[Statement]] = [
            // Conntrack is in use, as with our own table.
            [.isReply, .accept],
            [.sourceIn(set: cut.name, family: .ipv4), .drop],
            [.destinationPort(.udp, 7000), .queue(number: 5, bypass: bypass)],
        ]
        return [
            .addTable, .addSet(cut),
            .addChain(name: "gate", base: BaseChain(kind: .filter, hook: .input, priority: -150)),
        ] + rules.map { .addRule(chain: "gate", Rule($0)) }
    }
}
