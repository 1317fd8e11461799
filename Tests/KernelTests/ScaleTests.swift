import BlockStore
import Engine
import Foundation
import Policy
import Testing
import Wire

extension KernelSuite {
    /// A hundred thousand cut devices: nobody waits for them.
    @Suite(.serialized)
    struct ScaleTests {
        private static let count = 100_000

        /// As after a reboot: everything is in the store, nothing in the kernel.
        @Test func aHundredThousandBlocksAreBackAtStart() throws {
            let gateway = try Gateway.up()
            let lab = gateway.lab
            let block = try gateway.cutPhone()
            #expect(try gateway.end(SIGTERM).status == 0)
            try Self.fillStore(of: lab)
            try #require(
                try lab.run(.gw, "nft", "delete", "table", "inet", "regionlock").status == 0)

            let fromStore = try startMilliseconds(gateway)
            #expect(!(try lab.reaches(.phone)))
            #expect(try lab.reaches(.laptop))
            try expectAllBlocked(gateway)

            // And after a crash: the kernel has kept them, with the same references.
            try gateway.crash()
            #expect(!(try lab.reaches(.phone)))
            let fromKernel = try startMilliseconds(gateway)
            #expect(!(try lab.reaches(.phone)))
            print(
                "  100,000 blocks: enforced \(fromStore) ms after the start with an empty kernel,",
                "inspecting \(fromKernel) ms after a start that found them in the kernel")

            // A cut, a release and a question are as prompt as ever.
            try gateway.release(block.block)
            #expect(try lab.reaches(.phone))
            let again = try gateway.cutPhone()
            #expect(!(try lab.reaches(.phone)))
            print("  a cut beside them: \(again.latencyUs ?? -1) µs")
            try expectAllBlocked(gateway)
        }

        /// Elements that are in the kernel by a crash, or by another hand, and in no store.
        @Test func whatTheStoreDoesNotKnowIsTakenOverAfterTheStart() throws {
            let gateway = try Gateway.up()
            let lab = gateway.lab
            try gateway.crash()
            try Self.fillStore(of: lab)
            try gateway.start()
            try gateway.crash()
            let stranger = "02:00:00:0f:ff:ff"
            try #require(
                try lab.run(
                    .gw, "nft", "add element inet regionlock blocked_mac { \(stranger) }"
                ).status == 0)
            try gateway.start()
            let event = try gateway.awaitEvent("block.adopted", after: 0, seconds: 30)
            #expect(event.device == stranger)
            try gateway.release(event.block)
            #expect(!(try gateway.nftTable().contains(stranger)))
        }

        private func startMilliseconds(_ gateway: Gateway) throws -> Int {
            let start = nowMicroseconds
            try gateway.start()
            return (nowMicroseconds - start) / 1000
        }

        /// nft reads the set once, and lacks elements while the kernel makes its table larger.
        private func expectAllBlocked(_ gateway: Gateway) throws {
            var found = 0
            let isWhole = try waitUntil(seconds: 30) {
                found = try blockedInKernel(gateway)
                return found == Self.count + 1
            }
            #expect(isWhole, "\(found) elements")
        }

        private func blockedInKernel(_ gateway: Gateway) throws -> Int {
            let set = try gateway.lab.run(
                .gw, "nft", "list", "set", "inet", "regionlock", "blocked_mac", within: 60)
            return set.text.matches(of: /comment "B-/).count
        }

        /// Blocks of a hundred thousand tagged devices that nobody has seen.
        static func fillStore(of lab: Lab) throws {
            let store = try StateStore.open(directory: lab.path("state"))
            var references = ReferenceSource(seed: 7)
            var ids: Set<BlockID> = []
            while ids.count < count {
                if let id = BlockID("B-" + references.next()) { ids.insert(id) }
            }
            let cuba = try #require(Region("CU"))
            let since = Timestamp(microseconds: Int64(nowMicroseconds))
            let changes = ids.enumerated().map { number, id in
                let mac = MACAddress(value: 0x64b4_7380_0000 + UInt64(number))
                return StoreChange.put(
                    Block(
                        id: id, device: .mac(mac),
                        cause: .policy(
                            name: "xiaomi-2021", rule: nil,
                            evidence: Evidence(
                                vector: .dns, name: Gateway.trigger, flow: "udp a -> b")),
                        site: "havana-shop", region: cuba, since: since, until: nil))
            }
            try store.apply(changes)
        }
    }
}
