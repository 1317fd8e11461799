import Foundation
import Testing

extension KernelSuite {
    /// What becomes of whom while nobody inspects. The table in docs/ARCHITECTURE.md is what these
    /// tests compare the kernel with: it cannot say anything else.
    @Suite(.serialized)
    struct FailPolicyTests {
        /// A row of the table.
        struct Row: Equatable, CustomTestStringConvertible, Sendable {
            let tap: String
            let whenDown: String
            let daemon: String
            /// What a tagged device's question meets.
            let tagged: String
            /// Packets of a cut device on the wire.
            let cut: String
            let untagged: String

            var testDescription: String { "\(tap), \(whenDown), \(daemon)" }

            init(
                tap: String, whenDown: String, daemon: String, tagged: String, cut: String,
                untagged: String
            ) {
                self.tap = tap
                self.whenDown = whenDown
                self.daemon = daemon
                self.tagged = tagged
                self.cut = cut
                self.untagged = untagged
            }

            /// Reads `| inline | open | killed | passes | 0 | passes |`.
            init?(line: Substring) {
                let cells = line.split(separator: "|").map {
                    $0.trimmingCharacters(in: .whitespaces)
                }
                guard cells.count == 6, ["inline", "passive"].contains(cells[0]) else { return nil }
                self.init(
                    tap: cells[0], whenDown: cells[1], daemon: cells[2], tagged: cells[3],
                    cut: cells[4], untagged: cells[5])
            }

            static let documented: [Row] = {
                let page = Place.root.appending(path: "docs/ARCHITECTURE.md")
                let text = (try? String(contentsOf: page, encoding: .utf8)) ?? ""
                return text.split(separator: "\n").compactMap { Row(line: $0) }
            }()
        }

        @Test func theTableIsComplete() {
            let cases = Row.documented.map(\.testDescription).sorted()
            let wanted = ["open", "closed"].flatMap { policy in
                ["killed", "stopped", "stopped, queue full"].map { "inline, \(policy), \($0)" }
                    + ["killed", "stopped"].map { "passive, \(policy), \($0)" }
            }
            #expect(cases == wanted.sorted())
        }

        @Test(arguments: Row.documented)
        func theKernelDoesAsTheTableSays(_ row: Row) throws {
            let gateway = try Gateway.up(
                Gateway.Options(tap: row.tap, whenDown: row.whenDown))
            let lab = gateway.lab
            let block = try gateway.cutPhone()
            try #require(try lab.reaches(.phone2), "\(row.testDescription): it is not free")
            let witness = try Witness(in: lab, octets: 128)
            let floods = try Lab.Family.allCases.map { family in
                try lab.start(
                    .phone,
                    words: [
                        Place.program("LabPeer"), "flood", "--to", try lab.address("web", family),
                        "--rate", "500", "--seconds", "30",
                    ])
            }
            try happen(row.daemon, to: gateway)
            // The passive tap's dead man's switch: five seconds without a word of the daemon.
            letPass(milliseconds: row.tap == "passive" ? 6000 : 300)
            let tagged = try whatAQuestionMeets(in: lab)
            let isUntaggedServed = try lab.reaches(.laptop) && lab.reaches(.laptop, .v6)
            for flood in floods {
                #expect(flood.isRunning)
                _ = try flood.stop()
            }
            try gateway.crash()
            try witness.close()
            let instant = block.inForceMicroseconds + wireToleranceMicroseconds
            let wire = try witness.report(sources: lab.phoneSources(), from: 0, to: instant)
            let seen = Row(
                tap: row.tap, whenDown: row.whenDown, daemon: row.daemon, tagged: tagged,
                cut: "\(wire.after)", untagged: isUntaggedServed ? "passes" : "no answer")
            #expect(seen == row)
            #expect(wire.packets > 0, "the witness was asleep")
        }

        private func happen(_ event: String, to gateway: Gateway) throws {
            let daemon = try #require(gateway.daemon)
            daemon.signal(event == "killed" ? SIGKILL : SIGSTOP)
            guard event == "stopped, queue full" else { return }
            // One question, and everything the device sends behind it waits: more than the queue
            // holds, within the second that a device waits at most.
            let lab = gateway.lab
            _ = try lab.start(
                .phone2,
                words: [
                    Place.program("LabPeer"), "flood", "--to", try lab.value("web_v4"), "--rate",
                    "20000", "--seconds", "1", "--after", "0", "--ask", "www.example.org",
                    "--resolver", "10.30.0.1",
                ]
            ).finish()
        }

        /// `passes`, `is refused`, or `no answer`.
        private func whatAQuestionMeets(in lab: Lab) throws -> String {
            let said = try lab.run(
                .phone2, "dig", "+tries=1", "+time=1", "@\(try lab.value("resolver_v4"))",
                "www.example.org")
            if said.text.contains(try lab.value("web_v4")) { return "passes" }
            return said.text.contains("timed out") ? "no answer" : "is refused"
        }
    }
}
