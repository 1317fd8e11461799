import Firewall
import Glibc
import Netfilter
import Testing
import Wire

@Suite struct FlowTableTests {
    /// By one message that the kernel filters, and by reading and deleting one by one.
    @Test(arguments: [true, false])
    func deletesTheFlowsOfOneSourceOnly(filteredDelete: Bool) async throws {
        let addresses = ["10.20.0.31", "fd20::31", "10.20.0.32", "fd20::32"]
        try await withPeer { peer in
            let features = try trackConnections()
            #expect(features.conntrackFilteredDelete, "this test is about kernels from 6.8 on")
            try await peer.run { try makeFlows(from: addresses) }
            var table = try FlowTable.open(filteredDelete: filteredDelete)
            for (index, address) in addresses.enumerated() {
                let others = addresses[(index + 1)...]
                let source = try #require(IPAddress(address))
                #expect(try table.count(from: source) == flowsPerSource)
                try table.deleteFlows(from: source)
                #expect(try table.count(from: source) == 0)
                for other in others {
                    let untouched = try #require(IPAddress(other))
                    let count = try table.count(from: untouched)
                    #expect(count == flowsPerSource, "\(other) after \(address)")
                }
            }
            // Nothing to delete is no error.
            try table.deleteFlows(from: try #require(IPAddress("10.20.0.31")))
        }
    }

    @Test(arguments: [true, false])
    func deletesTheFlowsOfOneMarkOnly(filteredDelete: Bool) async throws {
        try await withPeer { peer in
            _ = try trackConnections()
            try shell(
                """
                nft 'table inet marks { chain in { type filter hook input priority 0;
                  ip saddr 10.20.0.31 ct mark set 0x00020001
                  ip saddr 10.20.0.32 ct mark set 0x00010001; }; }'
                """)
            try await peer.run { try makeFlows(from: ["10.20.0.31", "10.20.0.32"]) }
            let cut = try #require(IPAddress("10.20.0.31"))
            let passed = try #require(IPAddress("10.20.0.32"))
            var table = try FlowTable.open(filteredDelete: filteredDelete)
            try table.deleteFlows(mark: 0x0002_0000, mask: 0x000f_0000)
            #expect(try table.count(from: cut) == 0)
            #expect(try table.count(from: passed) == flowsPerSource)
            let error = #expect(throws: NetfilterError.self) {
                try table.deleteFlows(mark: 0, mask: 0)
            }
            #expect(error?.code == EINVAL)
            #expect(try table.count(from: passed) == flowsPerSource)
        }
    }
}

private let flowsPerSource = 5

/// Connections are tracked only where a rule asks for their state.
private func trackConnections() throws -> KernelFeatures {
    var connection = try NftConnection.open()
    let features = try connection.probe()
    let chain = "chain c { type filter hook input priority 0; ct state new; }"
    try shell("nft 'table inet track { \(chain); }'")
    return features
}

private func makeFlows(from addresses: [String]) throws {
    for address in addresses {
        for index in 0..<flowsPerSource {
            let socket = try TestSocket(.udp, from: address)
            let gateway = address.contains(":") ? "fd20::1" : "10.20.0.1"
            try socket.connect(to: gateway, port: UInt16(7000 + index))
            try socket.send([1, 2, 3])
        }
    }
}
