import Foundation
import Testing

extension KernelSuite {
    /// What other programs do to our table while a device is cut off.
    @Suite(.serialized)
    struct ForeignTouchTests {
        /// The table has an owner: the kernel refuses every other hand, and a flush passes it by.
        @Test func anOwnedTableCannotBeTaken() throws {
            let gateway = try Gateway.up()
            let lab = gateway.lab
            let block = try gateway.cutPhone()
            for words in [
                ["delete", "table", "inet", "regionlock"],
                ["flush", "set", "inet", "regionlock", "blocked_mac"],
                ["flush", "chain", "inet", "regionlock", "fwd_gate"],
            ] {
                let said = try lab.run(.gw, words: ["nft"] + words)
                #expect(said.status != 0, "nft \(words) was allowed")
            }
            #expect(try lab.run(.gw, "nft", "flush", "ruleset").status == 0)
            #expect(try gateway.nftTable().contains(try #require(block.block)))
            for family in Lab.Family.allCases { #expect(!(try lab.reaches(.phone, family))) }
            #expect(try lab.reaches(.laptop))
        }

        /// An ownerless table, as on kernels before 6.9: whoever deletes it, it comes back whole.
        @Test func aPlainTableIsPutBack() throws {
            let gateway = try Gateway.up()
            let lab = gateway.lab
            try gateway.end(SIGTERM)
            // The kernel cannot give an existing plain table an owner.
            for words in [
                ["delete", "table", "inet", "regionlock"], ["add", "table", "inet", "regionlock"],
            ] {
                try #require(try lab.run(.gw, words: ["nft"] + words).status == 0)
            }
            try gateway.start()
            let block = try gateway.cutPhone()
            try #require(try lab.run(.gw, "nft", "flush", "ruleset").status == 0)
            try #require(try lab.reaches(.phone), "the control: without the table nothing cuts")
            let isBack = waitUntil(seconds: 25) {
                (try? gateway.nftTable().contains(block.block ?? "?")) ?? false
            }
            #expect(isBack)
            #expect(!(try lab.reaches(.phone)))
            #expect(try lab.reaches(.laptop))
            #expect(gateway.log.contains("was changed from outside"))
        }
    }
}
