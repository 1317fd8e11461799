import Firewall
import Netfilter
import Testing
import Wire

@Suite(.serialized) struct ScaleTests {
    /// In one transaction and back; some with comments of the greatest length. Those are fewer
    /// because the kernel walks the whole set again for each 32 KiB it tells.
    @Test(arguments: [(100_000, false), (30_000, true)]) func manyElementsInOneTransaction(
        count: UInt64, commented: Bool
    ) async throws {
        let comment =
            commented
            ? String(repeating: "c", count: SetElement.maximumCommentLength) : nil
        try await inNetworkNamespace {
            let set = NftSet(name: "devices", key: .etherAddress)
            let elements = (0..<count).map {
                SetElement(.mac(MACAddress(value: 0x0200_0000_0000 + $0)), comment: comment)
            }
            var connection = try NftConnection.open()
            let features = try connection.probe()
            let start = MonotonicClock.nanoseconds()
            try connection.commit(
                [.addTable, .addSet(set), .addElements(set: set, elements)], features: features)
            let written = MonotonicClock.nanoseconds()
            let table = try connection.readTable()
            let read = MonotonicClock.nanoseconds()
            print(
                "\(count) elements, comments \(commented): written in",
                "\((written - start) / 1_000_000) ms, read in \((read - written) / 1_000_000) ms")
            // Without the elements themselves: a failure would print them all.
            let found = table?.elements[set.name] ?? []
            #expect(found.count == elements.count)
            #expect(found.symmetricDifference(elements).count == 0)
        }
    }

    @Test func manyPrefixesInOneTransaction() async throws {
        try await inNetworkNamespace {
            let set = NftSet(name: "prefixes", key: .ipv4Address, isInterval: true)
            let elements = try (0..<5000).map { index in
                let base = IPAddress.v4(IPv4Address(value: UInt32(index) << 12))
                return SetElement(.prefix(try #require(IPPrefix(base, length: 20))))
            }
            var connection = try NftConnection.open()
            let features = try connection.probe()
            try connection.commit(
                [.addTable, .addSet(set), .addElements(set: set, elements)], features: features)
            let found = try connection.readTable()?.elements[set.name] ?? []
            #expect(found.count == elements.count)
            #expect(found.symmetricDifference(elements).count == 0)
        }
    }

    /// Printed, not judged: the machine that runs the tests is busy.
    @Test func latencyOfOneBlock() async throws {
        try await inNetworkNamespace {
            let set = NftSet(name: "blocked", key: .etherAddress, hasCounter: true)
            var connection = try NftConnection.open()
            let features = try connection.probe()
            try connection.commit([.addTable, .addSet(set)], features: features)
            var microseconds: [Double] = []
            for index in 0..<1000 {
                let element = SetElement(
                    .mac(MACAddress(value: UInt64(index))), comment: "B-7F3K xiaomi-2021")
                let start = MonotonicClock.nanoseconds()
                try connection.commit([.addElements(set: set, [element])], features: features)
                microseconds.append(Double(MonotonicClock.nanoseconds() - start) / 1000)
            }
            microseconds.sort()
            print("one element: p50 \(microseconds[500]) µs, p99 \(microseconds[990]) µs")
            #expect(try connection.readTable()?.elements[set.name]?.count == 1000)
        }
    }
}
