import Firewall
import Glibc
import Netfilter
import Testing
import Wire

@Suite struct PacketTapTests {
    private static let field = MarkField(mask: 0x000f_0000)
    private static let phone = MACAddress("02:00:00:00:00:31")

    /// One UDP packet of a peer: what the tap tells, and what a later chain makes of its verdict.
    @Test(arguments: [("10.20.0.31", "10.20.0.1"), ("fd20::31", "fd20::1")])
    func theVerdictsMarkMeetsTheNextChain(source: String, destination: String) async throws {
        try await withPeer { peer in
            var connection = try NftConnection.open()
            let features = try connection.probe()
            try connection.commit(Self.inline(), features: features)
            // Bits of somebody else's.
            try shell(
                """
                nft 'table inet other { chain c { type filter hook prerouting priority -300;
                  meta mark set 0xa0002345; }; }'
                """)
            var tap = try PacketTap.open(.queue(number: 5, failOpen: false))
            var watch = try TestSocket(.udp, from: destination, port: 7000)
            try await peer.run {
                let socket = try TestSocket(.udp, from: source)
                try socket.connect(to: destination, port: 7000)
                for value in UInt8(1)...3 { try socket.send([value]) }
            }
            let index = try interfaceIndex("lan0")
            // The first is passed on, the second cut, the third left without a mark.
            var packets = 0
            while packets < 3 {
                packets += try receive(&tap) { packet, payload, _ in
                    #expect(packet.mark == 0xa000_2345)
                    #expect(packet.hardwareAddress == Self.phone)
                    #expect(packet.inputInterfaceIndex == index)
                    #expect(packet.hook == 1)
                    #expect(payload[0] >> 4 == (source.contains(":") ? 6 : 4))
                    switch payload[payload.count - 1] {
                    case 1: return .accept(mark: Self.field.setting(.pass, in: packet.mark))
                    case 2: return .accept(mark: Self.field.setting(.block, in: packet.mark))
                    default: return .accept(mark: nil)
                    }
                }
            }
            #expect(watch.receive() == [1])
            #expect(watch.receive() == [3])
            watch = try TestSocket(.udp, from: destination, port: 7001)
            let listing = try shell("nft list chain inet \(Ruleset.tableName) commit")
            #expect(listing.contains("0x00020000 counter packets 1 "))
            #expect(listing.contains("0x00010000 counter packets 1 "))
            #expect(listing.contains("0x00000000 counter packets 1 "))
            #expect(tap.counters.received == 3)
            #expect(tap.counters.lost == 0)
            #expect(tap.counters.malformed == 0)
            #expect(tap.counters.refusedVerdicts == 0)
        }
    }

    /// A hello of several segments comes whole and still with the sender's MAC.
    @Test func aPacketOfSeveralSegmentsStaysWhole() async throws {
        try await withPeer { peer in
            var connection = try NftConnection.open()
            let features = try connection.probe()
            try connection.commit(Self.inline(), features: features)
            var tap = try PacketTap.open(.queue(number: 5, failOpen: false))
            let server = try TestSocket(.tcp, from: "10.20.0.1", port: 4430)
            try server.startListening()
            let client = peer.start {
                let client = try TestSocket(.tcp, from: "10.20.0.31")
                try client.connect(to: "10.20.0.1", port: 4430)
                try client.send([UInt8](repeating: 7, count: 3000))
                _ = client.receive()
            }
            var greatest = 0
            while greatest == 0 {
                _ = try receive(&tap) { packet, payload, _ in
                    greatest = max(greatest, payload.count)
                    #expect(packet.hardwareAddress == Self.phone)
                    return .accept(mark: nil)
                }
            }
            #expect(greatest > 3000, "one packet of 3000 octets and headers")
            let accepted = try server.acceptOne()
            #expect(accepted.receive()?.isEmpty == false)
            try accepted.send([1])
            try await client.value
        }
    }

    @Test func theLogGroupDeliversCopiesAtOnce() async throws {
        try await withPeer { peer in
            var connection = try NftConnection.open()
            let features = try connection.probe()
            try connection.commit(
                Self.table(.log(group: 7, prefix: "regionlock")), features: features)
            var tap = try PacketTap.open(.log(group: 7))
            let server = try TestSocket(.udp, from: "10.20.0.1", port: 7000)
            try await peer.run {
                let socket = try TestSocket(.udp, from: "10.20.0.31")
                try socket.connect(to: "10.20.0.1", port: 7000)
                for value in UInt8(1)...3 { try socket.send([value]) }
            }
            var seen: [UInt8] = []
            while seen.count < 3 {
                _ = try receive(&tap) { packet, payload, _ in
                    #expect(packet.hardwareAddress == Self.phone)
                    #expect(packet.hook == 1)
                    #expect(payload.count == 29)
                    seen.append(payload[payload.count - 1])
                    return .accept(mark: 1)
                }
            }
            #expect(seen == [1, 2, 3])
            for value in UInt8(1)...3 { #expect(server.receive() == [value]) }
            #expect(tap.counters.lost == 0)
            #expect(tap.counters.malformed == 0)
        }
    }

    /// A burst beyond one batch: every packet is answered, none twice.
    @Test func aBurstIsAnsweredWhole() async throws {
        try await withPeer { peer in
            var connection = try NftConnection.open()
            let features = try connection.probe()
            try connection.commit(Self.inline(), features: features)
            var tap = try PacketTap.open(.queue(number: 5, failOpen: false))
            let server = try TestSocket(.udp, from: "10.20.0.1", port: 7000)
            try await peer.run {
                let socket = try TestSocket(.udp, from: "10.20.0.31")
                try socket.connect(to: "10.20.0.1", port: 7000)
                for value in UInt8(0)..<200 { try socket.send([value]) }
            }
            var calls = 0
            var last: [UInt8] = []
            while tap.counters.received < 200 {
                _ = try receive(&tap) { _, payload, isLastOfSender in
                    if isLastOfSender { last.append(payload[payload.count - 1]) }
                    return .accept(mark: nil)
                }
                calls += 1
            }
            #expect(calls < 50, "packets come in batches")
            // While a batch is full nobody can know what waits behind it.
            #expect(last == [199])
            for value in UInt8(0)..<200 { #expect(server.receive() == [value]) }
            #expect(tap.counters.lost == 0)
            #expect(tap.counters.refusedVerdicts == 0)
        }
    }

    /// A buffer too small for the burst: what is missing is known by the numbers of what came.
    @Test func lossIsCounted() async throws {
        try await withPeer { peer in
            var connection = try NftConnection.open()
            let features = try connection.probe()
            try connection.commit(
                Self.table(.log(group: 7, prefix: "regionlock")), features: features)
            var tap = try PacketTap.open(.log(group: 7))
            var octets: Int32 = 4096
            setsockopt(tap.fileDescriptor, SOL_SOCKET, SO_RCVBUF, &octets, 4)
            let server = try TestSocket(.udp, from: "10.20.0.1", port: 7000)
            func burst(_ count: Int) async throws {
                try await peer.run {
                    let socket = try TestSocket(.udp, from: "10.20.0.31")
                    try socket.connect(to: "10.20.0.1", port: 7000)
                    for _ in 0..<count { try socket.send([1]) }
                }
            }
            try await burst(200)
            while try tap.receive({ _, _, _ in .accept(mark: nil) }) > 0 {}
            // The next packet that arrives shows the gap.
            try await burst(1)
            _ = try receive(&tap) { _, _, _ in .accept(mark: nil) }
            #expect(tap.counters.lost > 0)
            #expect(tap.counters.lost + tap.counters.received == 201)
            // The packets themselves are not concerned.
            #expect(server.receive() == [1])
        }
    }

    @Test func aQueueAndAGroupHaveOneListener() async throws {
        try await inNetworkNamespace {
            for mode in [TapMode.queue(number: 5, failOpen: true), .log(group: 7)] {
                let first = try PacketTap.open(mode)
                let error = #expect(throws: NetfilterError.self) {
                    _ = try PacketTap.open(mode).mode
                }
                #expect(error?.isNotPermitted == true)
                #expect(error?.description.contains("\(mode.description)") == true)
                #expect(first.mode == mode)
            }
        }
    }

    /// Queues what comes in, and counts behind it what the verdicts said.
    private static func inline() -> [FirewallOperation] {
        table(.queue(number: 5, bypass: false)) + [
            .addChain(
                name: "commit", base: BaseChain(kind: .filter, hook: .input, priority: -149))
        ]
            + [
                [.packetMark(.block, field), .counter, .drop],
                [.packetMark(.pass, field), .counter],
                [.packetMarkIsClear(field), .counter],
            ].map { .addRule(chain: "commit", Rule([.destinationPort(.udp, 7000)] + $0)) }
    }

    /// Taps UDP to port 7000 and the payload of TCP to port 4430.
    private static func table(_ tap: Statement) -> [FirewallOperation] {
        [
            .addTable,
            .addChain(name: "gate", base: BaseChain(kind: .filter, hook: .input, priority: -150)),
            .addRule(chain: "gate", Rule([.destinationPort(.udp, 7000), tap])),
            .addRule(chain: "gate", Rule([.destinationPort(.tcp, 4430), .hasPayload, tap])),
        ]
    }
}

/// Receives once, after waiting for packets for two seconds at most.
private func receive(
    _ tap: inout PacketTap, _ body: (TappedPacket, Span<UInt8>, Bool) -> TapVerdict
) throws -> Int {
    var poll = PollSet()
    poll.add(tap.fileDescriptor)
    let isReady = try poll.wait(timeoutMilliseconds: 2000)
    try #require(isReady, "no packet came")
    return try tap.receive(body)
}
