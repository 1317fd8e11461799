import Foundation
import Testing

/// The keys in the changing sets of our table, as `nft -j` tells them.
struct KernelSets: Equatable {
    var blockedMACs: Set<String> = []
    var blockedAddresses: Set<String> = []
    var down: Set<String> = []
}

extension Gateway {
    func kernelSets() throws -> KernelSets {
        KernelSets(
            blockedMACs: try keys(of: "blocked_mac"),
            blockedAddresses: try keys(of: "blocked_ip4").union(keys(of: "blocked_ip6")),
            down: try keys(of: "down_ip4").union(keys(of: "down_ip6")))
    }

    /// Keys stand bare, or inside `elem` when they carry a comment or a counter.
    private func keys(of set: String) throws -> Set<String> {
        let text = try lab.run(.gw, "nft", "-j", "list", "set", "inet", "regionlock", set).text
        let document = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
        let items = document?["nftables"] as? [[String: Any]] ?? []
        let elements = items.compactMap { ($0["set"] as? [String: Any])?["elem"] as? [Any] }
        return Set(
            elements.joined().compactMap { element in
                if let text = element as? String { return text }
                let wrapped = (element as? [String: Any])?["elem"] as? [String: Any]
                return wrapped?["val"] as? String
            })
    }

    /// Devices cut off by the API's word.
    func devicesInForce() throws -> Set<String> { Set(try blocksInForce().map(\.device)) }

    /// Whether kernel and store agree, now: each device known by MAC, no residue.
    func kernelEqualsStore() throws -> Bool {
        let sets = try kernelSets()
        return try sets.blockedMACs == devicesInForce() && sets.blockedAddresses.isEmpty
    }

    /// The gateway asks each device, so that the neighbour table knows where they are.
    func meetTheNeighbours() throws {
        for name in ["phone", "phone2", "laptop"] {
            for family in Lab.Family.allCases {
                let address = try lab.address(name, family)
                try lab.run(.gw, "ping", "-c", "1", "-W", "1", address)
            }
        }
    }
}
