import Foundation
import Testing

extension KernelSuite {
    /// Whatever becomes of the daemon, a cut-off device stays so.
    @Suite(.serialized)
    struct BootTests {
        /// As after the start of the system: the kernel knows nothing of us.
        private func forget(_ gateway: Gateway) throws {
            try gateway.end(SIGTERM)
            try #require(
                try gateway.lab.run(.gw, "nft", "delete", "table", "inet", "regionlock").status
                    == 0)
        }

        private func restore(_ gateway: Gateway) throws -> Output {
            try gateway.lab.run(.gw, words: gateway.command + ["--restore"])
        }

        @Test func restoredBlocksHoldBeforeTheDaemonIsReady() throws {
            let gateway = try Gateway.up()
            let block = try gateway.cutPhone()
            try forget(gateway)
            let said = try restore(gateway)
            #expect(said.status == 0, "\(said.errors)")
            let leak = try gateway.leak { try gateway.start() }
            #expect(leak.packets == 0)
            #expect(try gateway.blocksInForce().map(\.id) == [block.block])
            #expect(try gateway.lab.reaches(.laptop))
        }

        /// The control: without it the flood gets out until the daemon has put its table in.
        @Test func withoutRestoringItLeaks() throws {
            let gateway = try Gateway.up()
            try gateway.cutPhone()
            try forget(gateway)
            #expect(try gateway.leak { try gateway.start() }.packets > 0)
        }

        @Test func badSettingsRestoreBlocksAllTheSame() throws {
            let gateway = try Gateway.up()
            try gateway.cutPhone()
            try forget(gateway)
            let good = try gateway.read("regionlock.yaml")
            try gateway.write("version: nonsense\n", to: "regionlock.yaml")
            let said = try restore(gateway)
            #expect(said.status == 78)
            #expect(said.errors.contains("blocks are in the kernel all the same: 1"))
            try gateway.write(good, to: "regionlock.yaml")
            #expect(try gateway.leak { try gateway.start() }.packets == 0)
        }

        @Test func aDamagedStoreLeavesTheKernelAlone() throws {
            let gateway = try Gateway.up()
            try gateway.cutPhone()
            try gateway.end(SIGTERM)
            let file = URL(filePath: gateway.lab.path("state/regionlock.db"))
            try Data(repeating: 0x5a, count: 20_000).write(to: file)
            let leak = try gateway.leak {
                let said = try restore(gateway)
                #expect(said.status == 74, "\(said.errors)")
                try gateway.start()
            }
            #expect(leak.packets == 0)
            #expect(try gateway.blocksInForce().count == 1, "taken over from the kernel")
            #expect(try gateway.events().contains { $0.type == "store.lost" })
        }

        @Test func aRunningDaemonIsNotDisturbed() throws {
            let gateway = try Gateway.up()
            try gateway.cutPhone()
            let table = try gateway.nftTable()
            let said = try restore(gateway)
            #expect(said.status == 71)
            #expect(said.errors.split { $0 == "\n" }.count == 1, "\(said.errors)")
            #expect(try gateway.nftTable().contains("blocked_mac") && !table.isEmpty)
            #expect(try gateway.succeed("status").status == 0)
        }

        /// Killed, stopped for a while, ended and started again: nobody else loses the internet.
        @Test func noEndOfTheDaemonLeaks() throws {
            let gateway = try Gateway.up()
            let lab = gateway.lab
            try gateway.cutPhone()
            let leak = try gateway.leak {
                try gateway.crash()
                #expect(try lab.reaches(.laptop))
                try gateway.start()
                let daemon = try #require(gateway.daemon)
                daemon.signal(SIGSTOP)
                for family in Lab.Family.allCases { #expect(try lab.reaches(.laptop, family)) }
                letPass(milliseconds: 2000)
                daemon.signal(SIGCONT)
                let log = gateway.daemon
                try gateway.end(SIGTERM)
                #expect(log?.errors.contains("blocks in force stay in force") == true)
                try gateway.start()
            }
            #expect(leak.packets == 0)
            #expect(try lab.reaches(.laptop))
        }
    }
}
