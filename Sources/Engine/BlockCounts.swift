package import Policy

/// Blocks in force by policy, site and region, counted as they come and go: nobody who asks for the
/// figures makes the packet thread walk through 100,000 blocks.
package struct BlockCounts: Hashable, Sendable {
    package struct Kind: Hashable, Sendable {
        package let policy: String?
        package let site: String?
        package let region: Region?
    }

    package private(set) var counts: [Kind: Int] = [:]

    mutating func add(_ block: Block) { counts[Kind(block), default: 0] += 1 }

    mutating func remove(_ block: Block) {
        let kind = Kind(block)
        guard let count = counts[kind] else { return }
        counts[kind] = count > 1 ? count - 1 : nil
    }
}

extension BlockCounts.Kind {
    fileprivate init(_ block: Block) {
        self.init(policy: block.policyName, site: block.site, region: block.region)
    }
}
