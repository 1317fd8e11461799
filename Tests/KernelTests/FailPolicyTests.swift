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
                [
                    "killed, and back", "killed, not back", "killed, no store", "stopped",
                    "stopped for long", "stopped, queue full",
                ].map { "inline, \(policy), \($0)" }
                    + ["killed, not back", "stopped for long"].map { "passive, \(policy), \($0)" }
            }
            #expect(cases == wanted.sorted())
        }

        @Test(arguments: Row.documented)
        func theKernelDoesAsTheTableSays(_ row: Row) throws {
            let gateway = try Gateway.up(
                Gateway.Options(
                    tap: row.tap, whenDown: row.whenDown,
                    keepsDescriptors: row.daemon != "killed, no store"))
            let lab = gateway.lab
            let block = try gateway.cutPhone()
            try #require(try lab.reaches(.phone2), "\(row.testDescription): it is not free")
            let witness = try Witness(in: lab, octets: 128)
            let floods = try Lab.Family.allCases.map { family in
                try lab.start(
                    .phone,
                    words: [
                        Place.program("LabPeer"), "flood", "--to", try lab.address("web", family),
                        "--rate", "500", "--seconds", "120",
                    ])
            }
            let tagged = try happen(row.daemon, to: gateway, tap: row.tap)
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

        /// - Returns: what becomes of a question then.
        private func happen(
            _ event: String, to gateway: Gateway, tap: String
        ) throws -> String {
            let daemon = try #require(gateway.daemon)
            let lab = gateway.lab
            daemon.signal(event.hasPrefix("killed") ? SIGKILL : SIGSTOP)
            switch event {
            case "killed, not back", "stopped for long":
                // The dead man's switch: so long without a word of the daemon.
                letPass(milliseconds: tap == "passive" ? 6000 : 61_000)
            case "killed, and back":
                try gateway.end(SIGKILL)
                letPass(milliseconds: 300)
                // Asked while nobody is there, and answered by the next.
                let asking = try lab.start(.phone2, words: question(in: lab, seconds: 10))
                letPass(milliseconds: 300)
                try #require(asking.isRunning, "\(asking.text)")
                try gateway.start()
                return try meaning(of: asking.finish(), in: lab)
            case "stopped, queue full":
                // One question, and everything the device sends behind it waits: more than the
                // queue holds, within the second that a device waits at most.
                _ = try lab.start(
                    .phone2,
                    words: [
                        Place.program("LabPeer"), "flood", "--to", try lab.value("web_v4"),
                        "--rate", "20000", "--seconds", "1", "--after", "0", "--ask",
                        "www.example.org", "--resolver", "10.30.0.1",
                    ]
                ).finish()
            default: letPass(milliseconds: 300)
            }
            return try meaning(of: lab.run(.phone2, words: question(in: lab, seconds: 1)), in: lab)
        }

        private func question(in lab: Lab, seconds: Int) throws -> [String] {
            [
                "dig", "+tries=1", "+time=\(seconds)", "@\(try lab.value("resolver_v4"))",
                "www.example.org",
            ]
        }

        /// `passes`, `is refused`, or `no answer`.
        private func meaning(of said: Output, in lab: Lab) throws -> String {
            if said.text.contains(try lab.value("web_v4")) { return "passes" }
            return said.text.contains("timed out") ? "no answer" : "is refused"
        }
    }
}
