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
            /// The inline tap's queue outlives the daemon for so long.
            var takesAMinute: Bool {
                tap == "inline" && ["killed, not back", "stopped for long"].contains(daemon)
            }

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

        @Test(arguments: Row.documented.filter { !$0.takesAMinute })
        func theKernelDoesAsTheTableSays(_ row: Row) throws {
            let scene = try Scene(row)
            try compare(scene, answer: try happen(to: scene))
        }

        /// Those that wait for the minute after which the kernel takes us for dead wait together.
        @Test func soItDoesAfterAMinute() throws {
            let scenes = try Row.documented.filter(\.takesAMinute).map { try Scene($0) }
            try #require(scenes.count == 4)
            for scene in scenes { try scene.silence() }
            letPass(milliseconds: 61_000)
            for scene in scenes { try compare(scene, answer: try ask(in: scene)) }
        }

        /// A gateway with a cut phone that goes on sending, and a witness on the wire.
        private final class Scene {
            let row: Row
            let gateway: Gateway
            let block: EventLine
            let witness: Witness
            let floods: [RunningTool]

            init(_ row: Row) throws {
                self.row = row
                gateway = try Gateway.up(
                    Gateway.Options(
                        tap: row.tap, whenDown: row.whenDown,
                        keepsDescriptors: row.daemon != "killed, no store"))
                let lab = gateway.lab
                block = try gateway.cutPhone()
                try #require(try lab.reaches(.phone2), "\(row.testDescription): it is not free")
                witness = try Witness(in: lab, octets: 128)
                floods = try Lab.Family.allCases.map { family in
                    try lab.start(
                        .phone,
                        words: [
                            Place.program("LabPeer"), "flood", "--to",
                            try lab.address("web", family), "--rate", "500", "--seconds", "120",
                        ])
                }
            }

            /// From here on the daemon does nothing.
            func silence() throws {
                let daemon = try #require(gateway.daemon)
                daemon.signal(row.daemon.hasPrefix("killed") ? SIGKILL : SIGSTOP)
            }
        }

        private func compare(_ scene: Scene, answer: String) throws {
            let (row, lab) = (scene.row, scene.gateway.lab)
            let isUntaggedServed = try lab.reaches(.laptop) && lab.reaches(.laptop, .v6)
            for flood in scene.floods {
                #expect(flood.isRunning)
                _ = try flood.stop()
            }
            try scene.gateway.crash()
            try scene.witness.close()
            let instant = scene.block.inForceMicroseconds + wireToleranceMicroseconds
            let wire = try scene.witness.report(sources: lab.phoneSources(), from: 0, to: instant)
            let seen = Row(
                tap: row.tap, whenDown: row.whenDown, daemon: row.daemon, tagged: answer,
                cut: "\(wire.after)", untagged: isUntaggedServed ? "passes" : "no answer")
            #expect(seen == row)
            #expect(wire.packets > 0, "the witness was asleep")
        }

        /// - Returns: what becomes of a question then.
        private func happen(to scene: Scene) throws -> String {
            let (gateway, lab) = (scene.gateway, scene.gateway.lab)
            try scene.silence()
            switch scene.row.daemon {
            case "killed, not back", "stopped for long":
                // The dead man's switch of the passive tap: so long without a word of the daemon.
                letPass(milliseconds: 6_000)
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
            return try ask(in: scene)
        }

        private func ask(in scene: Scene) throws -> String {
            let lab = scene.gateway.lab
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
