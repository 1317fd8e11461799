import BlockStore
import Engine
import Policy
import Wire

/// A database with so many blocks in force, as a gateway that has run for years would have.
enum StoreFill {
    /// Of a maker whose devices the shipped settings tag: nobody else's block would last.
    private static let firstMAC: UInt64 = 0x64b4_7380_0000

    /// - Parameter directory: The daemon's state directory; no daemon may have it open.
    static func run(directory: String, count: Int) throws(StoreError) {
        let store = try StateStore.open(directory: directory)
        let since = Timestamp(seconds: 1_795_392_000)
        var changes: [StoreChange] = []
        changes.reserveCapacity(count)
        for number in 0..<count {
            guard let id = BlockID("B-" + reference(number)) else { continue }
            changes.append(
                .put(
                    Block(
                        id: id, device: .mac(MACAddress(value: Self.firstMAC + UInt64(number))),
                        cause: .policy(
                            name: "xiaomi-2021", rule: nil,
                            evidence: Evidence(
                                vector: .dns, name: Packets.trigger,
                                flow: "udp 10.20.0.31:5353 -> 10.20.0.1:53")),
                        site: "havana-shop", region: Region("CU"), since: since, until: nil)))
        }
        try store.apply(changes)
    }

    /// Six signs, no two numbers the same ones, in no order: as references are given.
    private static func reference(_ number: Int) -> String {
        // An odd factor permutes the numbers of 30 bits.
        var rest = number &* 0x2545_f491 & 0x3fff_ffff
        var signs: [UInt8] = []
        for _ in 0..<6 {
            signs.append(BlockID.alphabet[rest & 31])
            rest >>= 5
        }
        return String(decoding: signs, as: UTF8.self)
    }
}
