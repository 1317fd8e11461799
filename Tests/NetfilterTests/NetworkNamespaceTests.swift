import Testing

/// The other tests stand on this: what they start is where they think it is.
@Suite struct NetworkNamespaceTests {
    @Test func programsStartedInsideAreInside() async throws {
        let outside = try shell("readlink /proc/self/ns/net")
        let (first, second) = try await inNetworkNamespace {
            let first = try shell("readlink /proc/self/ns/net")
            let second = try await inNetworkNamespace { try shell("readlink /proc/self/ns/net") }
            return (first, second)
        }
        #expect(first.hasPrefix("net:["))
        #expect(first != outside)
        #expect(second != first)
    }

    @Test func peersReachEachOther() async throws {
        try await withPeer { peer in
            try shell("ping -c1 -W2 10.20.0.31")
            _ = try await peer.run { try shell("ping -c1 -W2 fd20::1") }
        }
    }
}
