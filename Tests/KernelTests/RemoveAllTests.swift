import Foundation
import Testing

extension KernelSuite {
    /// The way to take everything of ours down, and nothing of anybody else's.
    @Suite(.serialized)
    struct RemoveAllTests {
        private static let reason = "the gateway moves"

        @Test func everythingGoesAndStaysAwayUntilItIsWanted() throws {
            let gateway = try Gateway.up()
            let lab = gateway.lab
            let beside = try cutTwo(gateway)
            let before = try gateway.lastEvent
            let refused = try gateway.command("remove-all", "--reason", Self.reason)
            #expect(refused.status == 64, "nobody was asked")
            let preview = try gateway.succeed("remove-all", "--reason", Self.reason, "--dry-run")
            #expect(preview.text.contains("2 devices would have"), "\(preview.text)")
            #expect(try gateway.blocksInForce().count == 2)

            let declined = try answer("n", gateway)
            #expect(declined.status == 1 && declined.text.contains("2 devices would have"))
            #expect(try gateway.blocksInForce().count == 2)
            #expect(try gateway.lastEvent == before)

            let said = try answer("y", gateway)
            #expect(said.status == 0, "\(said.text)\(said.errors)")
            #expect(said.text.contains("deleted table inet regionlock"), "\(said.text)")
            try expectNothingOfOurs(gateway, beside)
            let kinds = try gateway.events(after: before).map(\.type)
            #expect(
                kinds == ["block.released", "block.released", "mode.changed", "everything.removed"])
            let status = try gateway.command("status")
            #expect(status.text.contains("everything was taken down by"), "\(status.text)")
            #expect(status.text.contains("NOT INSTALLED"), "\(status.text)")
            // Over a tick, and over somebody else's reload and touch of a table called like ours.
            try lab.run(.gw, "nft", "add", "table", "inet", "bystander")
            try lab.run(.gw, "nft", "add", "table", "inet", "regionlock")
            try lab.run(.gw, "nft", "delete", "table", "inet", "regionlock")
            try lab.run(.gw, "nft", "delete", "table", "inet", "bystander")
            letPass(milliseconds: 2_500)
            try tryToActivate(gateway)
            try expectNothingOfOurs(gateway, beside)
            #expect(
                try gateway.command("block", "50:ec:50:00:00:99", "--for", "1h", "--reason", "no")
                    .status != 0)

            try gateway.succeed("mode", "enforce", "--reason", "back")
            #expect(try ourTables(gateway).count == 2)
            for family in Lab.Family.allCases { #expect(try lab.reaches(.phone, family)) }
            try gateway.cutPhone()
            for family in Lab.Family.allCases { #expect(!(try lab.reaches(.phone, family))) }
            #expect(try adminTable(gateway) == beside.admin)
            let whole = try gateway.command("status").text
            #expect(!whole.contains("taken down") && whole.contains("in place"), "\(whole)")
        }

        @Test func aRestartPutsTheTablesBackAndCutsNobody() throws {
            let gateway = try Gateway.up()
            let beside = try cutTwo(gateway)
            try gateway.succeed("remove-all", "--reason", Self.reason, "--yes")
            try gateway.restart()
            #expect(try ourTables(gateway).count == 2)
            try tryToActivate(gateway)
            _ = try gateway.awaitEvent("monitor.would_block", after: 0)
            #expect(try gateway.blocksInForce().isEmpty)
            for family in Lab.Family.allCases { #expect(try gateway.lab.reaches(.phone, family)) }
            #expect(try adminTable(gateway) == beside.admin)
        }

        @Test func withoutADaemon() throws {
            let gateway = try Gateway.up()
            let lab = gateway.lab
            let beside = try cutTwo(gateway)
            let words = gateway.command + ["--remove-all", "--reason", Self.reason]
            let running = try lab.run(.gw, words: words)
            #expect(running.status == 71, "\(running.errors)")
            #expect(running.errors.split(separator: "\n").count == 1, "\(running.errors)")
            #expect(try gateway.blocksInForce().count == 2)
            #expect(!(try lab.reaches(.phone)))

            try gateway.crash()
            #expect(!(try lab.reaches(.phone)), "the table outlives the daemon")
            let unexplained = try lab.run(.gw, words: gateway.command + ["--remove-all"])
            #expect(unexplained.status == 64, "\(unexplained.errors)")
            // As installed: the database is the service's, and root asks.
            try own(lab.path("state"), by: "65534")
            let said = try lab.run(.gw, words: words)
            #expect(said.status == 0, "\(said.errors)")
            let owners = try tool(["find", lab.path("state"), "-printf", "%U\\n"]).lines
            #expect(Set(owners) == ["65534"] && owners.count > 1, "\(owners)")
            try own(lab.path("state"), by: "0")
            #expect(
                said.errors.contains("everything is taken down: 2 blocks released, deleted table"),
                "\(said.errors)")
            try expectNothingOfOurs(gateway, beside, hasDaemon: false)

            try gateway.start()
            #expect(try gateway.blocksInForce().isEmpty)
            let told = try gateway.events().filter { $0.type == "everything.removed" }
            #expect(told.count == 1)
            try tryToActivate(gateway)
            #expect(try lab.reaches(.phone), "the mode is monitor")
        }

        /// A gateway that does not forward is freed whatever the disk says.
        @Test func aDamagedStoreDoesNotKeepTheTables() throws {
            let gateway = try Gateway.up()
            let lab = gateway.lab
            let beside = try cutTwo(gateway)
            try gateway.end(SIGTERM)
            try Data(repeating: 0x5a, count: 20_000)
                .write(to: URL(filePath: lab.path("state/regionlock.db")))
            let said = try lab.run(
                .gw, words: gateway.command + ["--remove-all", "--reason", Self.reason])
            #expect(said.status == 74, "\(said.errors)")
            #expect(said.errors.contains("deleted all the same"), "\(said.errors)")
            try expectNothingOfOurs(gateway, beside, hasDaemon: false)
        }

        // MARK: Steps

        /// What goes on beside.
        private struct Surroundings {
            /// The administrator's table, as it is listed.
            let admin: String
            /// A call from outside to the phone: its flow carries our mark while the phone is cut.
            let call: [RunningTool]
        }

        /// The phone by policy, with a flow that carries our mark, and a MAC by hand.
        private func cutTwo(_ gateway: Gateway) throws -> Surroundings {
            let lab = gateway.lab
            let phone = try lab.value("phone_v4")
            let server = try lab.start(
                .phone, words: [Place.program("LabPeer"), "serve", "--on", phone])
            try #require(waitUntil(seconds: 5) { server.text.contains("ready") })
            let caller = try lab.startPeer(
                .inet, "push", "--to", phone, "--rate", "100", "--seconds", "60")
            letPass(milliseconds: 100)
            try gateway.cutPhone()
            try gateway.succeed(
                "block", try lab.value("phone2_mac"), "--for", "ever", "--reason", "by hand")
            for node in [Lab.Node.phone, .phone2] {
                for family in Lab.Family.allCases { #expect(!(try lab.reaches(node, family))) }
            }
            let isMarked = try waitUntil(seconds: 2) { !(try gateway.cutFlows().isEmpty) }
            #expect(isMarked, "the caller's flow carries no block mark")
            let admin = try adminTable(gateway)
            #expect(admin.contains("ct state"), "\(admin)")
            return Surroundings(admin: admin, call: [server, caller])
        }

        private func expectNothingOfOurs(
            _ gateway: Gateway, _ beside: Surroundings, hasDaemon: Bool = true
        ) throws {
            let lab = gateway.lab
            #expect(try ourTables(gateway).isEmpty)
            #expect(try gateway.cutFlows().isEmpty)
            #expect(try adminTable(gateway) == beside.admin)
            for node in [Lab.Node.phone, .phone2, .laptop] {
                for family in Lab.Family.allCases {
                    #expect(try lab.reaches(node, family), "\(node) \(family)")
                }
            }
            for peer in beside.call { #expect(peer.isRunning, "the call has ended") }
            if hasDaemon { #expect(try gateway.blocksInForce().isEmpty) }
        }

        /// The command on a terminal, where a person answers its question.
        private func answer(_ word: String, _ gateway: Gateway) throws -> Output {
            let script = """
                import os, pty, sys
                child, terminal = pty.fork()
                if child == 0:
                    os.execv(sys.argv[2], sys.argv[2:])
                text, answered = b"", False
                while True:
                    try:
                        part = os.read(terminal, 4096)
                    except OSError:
                        break
                    text += part
                    if not answered and b"[y/N]" in text:
                        os.write(terminal, sys.argv[1].encode() + b"\\n")
                        answered = True
                os.write(1, text)
                sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
                """
            return try tool([
                "python3", "-c", script, word, Place.program("regionlock"), "--run",
                gateway.lab.path("run"), "remove-all", "--reason", Self.reason,
            ])
        }

        private func own(_ directory: String, by user: String) throws {
            let said = try tool(["chown", "-R", "\(user):\(user)", directory])
            try #require(said.status == 0, "\(said.errors)")
        }

        private func tryToActivate(_ gateway: Gateway) throws {
            let resolver = try gateway.lab.value("resolver_v4")
            let answer = try gateway.lab.run(
                .phone, "dig", "+tries=1", "+time=1", "@\(resolver)", Gateway.trigger)
            #expect(answer.status == 0, "\(answer.text)")
        }

        private func ourTables(_ gateway: Gateway) throws -> [Substring] {
            try gateway.lab.run(.gw, "nft", "list", "tables").lines
                .filter { $0.hasSuffix(" regionlock") }
        }

        private func adminTable(_ gateway: Gateway) throws -> String {
            try gateway.nftTable("admin")
        }
    }
}
