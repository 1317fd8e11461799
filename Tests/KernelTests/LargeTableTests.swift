import Foundation
import Testing

extension KernelSuite {
    /// Another program changes a table of a hundred thousand cut devices that has no owner.
    @Suite(.serialized)
    struct LargeTableTests {
        /// What the daemon must not keep a tagged device's packets waiting for: a resolver's client
        /// asks again after a second at the earliest.
        private static let longestWaitMicroseconds = 1_000_000

        enum Touch: String, CaseIterable, CustomTestStringConvertible {
            case flushChain = "flush chain inet regionlock fwd_gate"
            case addElement = "add element inet regionlock blocked_mac { 02:00:00:0f:ff:fe }"
            case deleteElement = "delete element inet regionlock blocked_mac { 64:b4:73:80:00:07 }"
            case flushSet = "flush set inet regionlock blocked_mac"
            case deleteTable = "delete table inet regionlock"

            var testDescription: String { rawValue }
        }

        @Test func packetsDoNotWaitForItsRepair() throws {
            let gateway = try Gateway.up()
            let lab = gateway.lab
            try gateway.cutPhone()
            try gateway.end(SIGTERM)
            try ScaleTests.fillStore(of: lab)
            try lab.run(.gw, "nft", "delete", "table", "inet", "regionlock")
            try lab.run(.gw, "nft", "add", "table", "inet", "regionlock")
            // A table that is there and has no owner takes the whole transaction twice.
            try gateway.start(within: 60)
            try #require(!(try gateway.nftTable("regionlock").contains("owner")))
            let whole = try words(gateway)
            try #require(whole.count > 100_000)
            for touch in Touch.allCases {
                let before = try gateway.lastEvent
                let asker = try Asker(in: lab)
                letPass(milliseconds: 500)
                let said = try lab.run(.gw, "nft", touch.rawValue)
                try #require(said.status == 0, "\(said.errors)")
                let event = try gateway.awaitEvent("ruleset.tampered", after: before, seconds: 30)
                // What is foreign goes when the sets have been read, by another thread.
                let isWhole = try waitUntil(seconds: 90) { try words(gateway) == whole }
                #expect(isWhole, "\(touch.rawValue)")
                let waits = try asker.finish()
                let longest = waits.max() ?? .max
                print("  \(touch.rawValue): \(event.text.suffix(24)); the longest answer took")
                print("    \(longest / 1000) ms of \(waits.count), usually", terminator: " ")
                print("\(waits.sorted()[waits.count / 2] / 1000) ms")
                #expect(waits.count > 20 && longest < Self.longestWaitMicroseconds)
                #expect(!(try lab.reaches(.phone)), "\(touch.rawValue)")
            }
        }

        /// The set of cut devices and the rules, without counters, in an order of their own. A
        /// table that was made anew has an owner, and a device that asks waits for its verdict.
        private func words(_ gateway: Gateway) throws -> [Substring] {
            let text = try gateway.lab.run(
                .gw, "nft", "-s", "list", "table", "inet", "regionlock", within: 60
            ).text
            var isPassing = false
            var words: [Substring] = []
            for line in text.split(separator: "\n") {
                if line.hasPrefix("\tset pending") { isPassing = true }
                if line == "\t}" { isPassing = false }
                if isPassing || line.contains("owner") || line.contains("table inet") { continue }
                words += line.split { " \t,".contains($0) }
            }
            return words.sorted()
        }

        /// A tagged device that is not cut asks a harmless question a hundred times a second; each
        /// waits for its verdict.
        private struct Asker {
            private static let script = """
                import select, socket, struct, sys, time
                asker = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                asker.connect((sys.argv[1], 53))
                sent, number = {}, 0
                def question(number):
                    parts = b"www.example.org".split(b".")
                    name = b"".join(bytes([len(part)]) + part for part in parts)
                    head = struct.pack("!6H", number, 256, 1, 0, 0, 0)
                    return head + name + b"\\0\\0\\1\\0\\1"
                due = time.monotonic()
                end = due + 60
                while time.monotonic() < end:
                    now = time.monotonic()
                    if now >= due:
                        number = (number + 1) & 0xffff
                        sent[number] = now
                        asker.send(question(number))
                        due += 0.01
                    while select.select([asker], [], [], max(0, min(0.01, due - now)))[0]:
                        id = struct.unpack("!H", asker.recv(2048)[:2])[0]
                        if id in sent:
                            print(int((time.monotonic() - sent.pop(id)) * 1e6), flush=True)
                        now = time.monotonic()
                """
            private let process: RunningTool

            init(in lab: Lab) throws {
                process = try lab.start(
                    .phone2, words: ["python3", "-c", Self.script, try lab.value("resolver_v4")])
            }

            /// How long each answer took, in microseconds.
            func finish() throws -> [Int] {
                letPass(milliseconds: 300)
                let text = process.text
                process.signal(SIGKILL)
                return text.split(separator: "\n").compactMap { Int($0) }
            }
        }
    }
}
