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

        /// Ends the daemon, and with it everything the kernel knows of us and every link.
        private func powerOff(_ gateway: Gateway) throws {
            try forget(gateway)
            // As the gateway's own configuration of the network would bring addresses back.
            let said = try gateway.lab.run(
                .gw, "sysctl", "-qw", "net.ipv6.conf.all.keep_addr_on_down=1")
            #expect(said.status == 0, "\(said.errors)")
            for link in ["lan0", "lan1", "wan0"] { try gateway.set(link, "down") }
        }

        private func linksUp(_ gateway: Gateway) throws {
            for link in ["lan0", "lan1", "wan0"] { try gateway.set(link, "up") }
            for (family, next) in [("-4", "203.0.113.1"), ("-6", "2001:db8:ff::1")] {
                let said = try gateway.lab.run(
                    .gw, "ip", family, "route", "replace", "default", "via", next, "dev", "wan0")
                #expect(said.status == 0, "\(said.errors)")
            }
        }

        /// The order of a boot: the blocks, the links, the daemon.
        @Test(arguments: [true, false])
        func linksComeUpAfterTheBlocks(isRestored: Bool) throws {
            let gateway = try Gateway.up()
            let lab = gateway.lab
            let block = try gateway.cutPhone()
            try powerOff(gateway)
            let leak = try gateway.leak {
                if isRestored { #expect(try restore(gateway).status == 0) }
                try linksUp(gateway)
                for family in Lab.Family.allCases {
                    let isServed = try waitUntil(seconds: 5) { try lab.reaches(.laptop, family) }
                    #expect(isServed, "\(family): the links are not up")
                }
                letPass(milliseconds: 500)
                try gateway.start()
                letPass(milliseconds: 300)
            }
            // The control: without the blocks the flood gets out until the daemon is ready.
            #expect((leak.packets == 0) == isRestored)
            #expect(try gateway.blocksInForce().map(\.id) == [block.block])
            print(
                "  links after the blocks: \(isRestored), packets of the cut phone on the wire:",
                leak.packets)
        }

        @Test(arguments: StoreDamage.allCases)
        func whateverIsInTheStateDirectoryTheDaemonStarts(_ damage: StoreDamage) throws {
            let gateway = try Gateway.up()
            try gateway.cutPhone()
            let leak = try gateway.leak {
                // A kill leaves a WAL, a stop does not.
                if damage.isOfWAL { try gateway.crash() } else { try gateway.end(SIGTERM) }
                try damage.happen(in: gateway.lab.path("state"))
                try gateway.start()
            }
            #expect(leak.packets == 0)
            #expect(try gateway.blocksInForce().count == 1)
            let kinds = try gateway.events().map(\.type)
            #expect(kinds.contains("store.lost") == damage.losesSomething, "\(kinds)")
            #expect(kinds.contains("block.adopted") == damage.losesSomething, "\(kinds)")
            #expect(gateway.log.contains("store.lost") == damage.losesSomething, "\(gateway.log)")
            // What is written from now on lasts.
            try gateway.crash()
            try gateway.start()
            #expect(try gateway.blocksInForce().count == 1)
            print("  \(damage): the daemon starts, \(leak.packets) packets of the cut phone")
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
