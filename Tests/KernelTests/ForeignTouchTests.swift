import Foundation
import Testing

extension KernelSuite {
    /// What other programs do to our table while a cut-off device floods.
    @Suite(.serialized)
    struct ForeignTouchTests {
        /// How firewall tools reload. Each replaces or removes what it finds.
        enum Reload: String, CaseIterable {
            case flush, file, tableByTable, iptables, delete

            /// Whether it takes a table that has no owner.
            var takesPlainTable: Bool { self != .iptables }

            func run(in gateway: Gateway) throws {
                let lab = gateway.lab
                switch self {
                case .flush: try lab.run(.gw, "nft", "flush", "ruleset")
                case .file:
                    let file = lab.path("reload.nft")
                    try """
                    flush ruleset
                    table inet shop {
                        chain c { type filter hook forward priority 10; }
                    }

                    """.write(toFile: file, atomically: true, encoding: .utf8)
                    let said = try lab.run(.gw, "nft", "-f", file)
                    #expect(said.status == 0, "\(said.errors)")
                case .tableByTable:
                    for line in try lab.run(.gw, "nft", "list", "tables").lines {
                        _ = try lab.run(.gw, words: ["nft", "delete"] + words(line))
                    }
                case .iptables:
                    for program in ["iptables-nft", "ip6tables-nft"] {
                        try lab.run(.gw, program, "-F")
                        try lab.run(.gw, program, "-X")
                    }
                case .delete: try lab.run(.gw, "nft", "delete", "table", "inet", "regionlock")
                }
            }
        }

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
            let before = try gateway.lastEvent
            let leak = try gateway.leak {
                for reload in Reload.allCases { try reload.run(in: gateway) }
            }
            #expect(leak.packets == 0)
            #expect(try gateway.nftTable().contains(try #require(block.block)))
            #expect(try tamperings(gateway, after: before).isEmpty)
            for family in Lab.Family.allCases { #expect(!(try lab.reaches(.phone, family))) }
            #expect(try lab.reaches(.laptop))
        }

        /// A plain table, as on kernels before 6.9: whoever takes it, it comes back at once.
        @Test func aPlainTableIsPutBack() throws {
            let gateway = try Gateway.up()
            let lab = gateway.lab
            try gateway.cutPhone()
            // So that the table has every address of the phone from the first comparison on.
            for family in Lab.Family.allCases { #expect(!(try lab.reaches(.phone, family))) }
            for reload in Reload.allCases {
                try gateway.makeTablePlain()
                try lab.run(.gw, "nft", "add", "table", "inet", "bystander")
                let others = try foreignTables(gateway)
                let ours = try ourWords(gateway)
                let before = try gateway.lastEvent
                let leak = try gateway.leak { try reload.run(in: gateway) }
                print(
                    "  \(reload): \(leak.packets) packets leaked, \(leak.late) of them later",
                    "than 50 ms after the first")
                #expect(leak.late == 0, "\(reload)")
                let now = try ourWords(gateway)
                #expect(now == ours, "\(reload): \(Set(now).symmetricDifference(ours))")
                let told = try tamperings(gateway, after: before)
                #expect(told.count == (reload.takesPlainTable ? 1 : 0), "\(reload): \(told)")
                for event in told {
                    print("  \(event.text)")
                    #expect(event.text.contains("\"nft\" (pid "), "\(reload)")
                    #expect(event.text.contains("table deleted; repaired in "), "\(reload)")
                }
                if reload == .delete { #expect(try foreignTables(gateway) == others) }
                for family in Lab.Family.allCases { #expect(!(try lab.reaches(.phone, family))) }
                #expect(try lab.reaches(.laptop))
            }
        }

        /// Reloads that leave our table alone are nobody's incident, and a single foreign element
        /// or rule is.
        @Test func aTouchInsideAPlainTableIsRepaired() throws {
            let gateway = try Gateway.up()
            let lab = gateway.lab
            try gateway.cutPhone()
            try gateway.makeTablePlain()
            let ours = try ourWords(gateway)
            let before = try gateway.lastEvent
            try lab.run(.gw, "nft", "add", "table", "inet", "bystander")
            try lab.run(.gw, "nft", "delete", "table", "inet", "bystander")
            try lab.run(.gw, "nft", "flush", "chain", "inet", "regionlock", "fwd_gate")
            let event = try gateway.awaitEvent("ruleset.tampered", after: before)
            #expect(event.text.contains("rules of chain fwd_gate deleted"))
            #expect(try ourWords(gateway) == ours)
            #expect(try tamperings(gateway, after: before).count == 1)
            let status = try gateway.succeed("status", "--json").text
            #expect(status.contains("\"drift\""))
        }

        /// The writer's name is a text in an entry that a stranger writes: fifteen octets, as
        /// exec(2) takes them from the name of a file.
        @Test func aHostileNameIsShownNotObeyed() throws {
            let gateway = try Gateway.up()
            let lab = gateway.lab
            try gateway.makeTablePlain()
            let before = try gateway.lastEvent
            let nft = try tool(["sh", "-c", "command -v nft"]).lines.first ?? ""
            let copy = lab.path("a\"\\\u{1b}[2J\n\u{9b}1mcut off")
            try FileManager.default.copyItem(atPath: String(nft), toPath: copy)
            let said = try lab.run(.gw, copy, "flush", "chain", "inet", "regionlock", "fwd_gate")
            #expect(said.status == 0, "\(said.errors)")
            let event = try gateway.awaitEvent("ruleset.tampered", after: before)
            let shown = "\"a\\\"\\\\\\u{1b}[2J\\u{a}\\u{9b}1mcut\" (pid "
            #expect(event.text.hasPrefix(shown), "\(event.text)")
            let printed = [
                try gateway.succeed("events").text,
                try gateway.succeed("-o", "json", "events").text, gateway.log,
            ]
            for text in printed {
                #expect(text.contains("changed table inet regionlock"))
                let hidden = text.unicodeScalars.filter {
                    $0 != "\n" && $0.properties.generalCategory == .control
                }
                #expect(hidden.isEmpty, "\(text)")
            }
        }

        /// So much was changed while the daemon could not listen that the touch was not told:
        /// then everything is compared.
        @Test func aTouchThatWasLostIsFoundAllTheSame() throws {
            let gateway = try Gateway.up()
            let lab = gateway.lab
            try gateway.cutPhone()
            try gateway.makeTablePlain()
            let ours = try ourWords(gateway)
            let before = try gateway.lastEvent
            gateway.daemon?.signal(SIGSTOP)
            let list = (0..<500_000).lazy.map { "10.\($0 >> 16).\($0 >> 8 & 255).\($0 & 255)" }
            try """
            table inet shop {
                set many { type ipv4_addr; elements = { \(list.joined(separator: ", ")) } }
            }

            """.write(toFile: lab.path("many.nft"), atomically: true, encoding: .utf8)
            let said = try lab.run(.gw, "nft", "-f", lab.path("many.nft"), within: 60)
            #expect(said.status == 0, "\(said.errors)")
            try lab.run(.gw, "nft", "flush", "chain", "inet", "regionlock", "fwd_gate")
            gateway.daemon?.signal(SIGCONT)
            let event = try gateway.awaitEvent("ruleset.tampered", after: before, seconds: 10)
            #expect(event.text.hasPrefix("somebody unknown changed"), "\(event.text)")
            #expect(try ourWords(gateway) == ours)
            #expect(!(try lab.reaches(.phone)))
        }

        private func tamperings(_ gateway: Gateway, after id: Int) throws -> [EventLine] {
            try gateway.events(after: id).filter { $0.type == "ruleset.tampered" }
        }

        /// The table without its owner and its counters, in an order of its own.
        private func ourWords(_ gateway: Gateway) throws -> [Substring] {
            try gateway.lab.run(.gw, "nft", "-s", "list", "table", "inet", "regionlock").lines
                .filter { !$0.contains("owner") && !$0.contains("table inet") }
                .flatMap { $0.split { " \t,".contains($0) } }
                .sorted()
        }

        private func foreignTables(_ gateway: Gateway) throws -> [String] {
            try gateway.lab.run(.gw, "nft", "list", "tables").lines
                .filter { !$0.contains("regionlock") }
                .map { try gateway.lab.run(.gw, words: ["nft", "list"] + words($0)).text }
        }
    }
}

private func words(_ line: some StringProtocol) -> [String] {
    String(line).split(separator: " ").map { String($0) }
}
