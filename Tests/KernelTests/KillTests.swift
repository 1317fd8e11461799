import Foundation
import Testing

extension KernelSuite {
    /// Killed at any moment of a block, a release or a reload, under traffic: what was acknowledged
    /// holds, and nobody else notices.
    ///
    /// `make endurance` runs a thousand rounds; the tests take as many as fit beside the others.
    @Suite(.serialized)
    struct KillTests {
        private static let rounds =
            ProcessInfo.processInfo.environment["REGIONLOCK_KILLS"].flatMap { Int($0) } ?? 25

        /// What the operator was told, by MAC: true for cut off.
        private struct Ledger {
            var told: [String: Bool] = [:]
            /// The command that was on its way when the daemon died: it may have happened, or not.
            var open: String?
        }

        @Test func whatWasAcknowledgedSurvivesEveryKill() throws {
            let gateway = try Gateway.up()
            let lab = gateway.lab
            let block = try gateway.cutPhone()
            let witness = try Witness(in: lab, octets: 128)
            let laptop = try lab.startPeer(
                .laptop, "bystander", "--to", try lab.value("web_v4"), "--to",
                try lab.value("web_v6"), "--resolver", try lab.value("gw_v4"), "--seconds", "7200")
            let flood = try lab.start(
                .phone,
                words: [
                    Place.program("LabPeer"), "flood", "--to", try lab.value("web_v4"), "--rate",
                    "200", "--seconds", "7200",
                ])
            // Tagged, and its questions are inspected: they wait for the next life of the daemon.
            let phone2 = try lab.startPeer(
                .phone2, "bystander", "--to", try lab.value("web_v4"), "--resolver", "10.30.0.1",
                "--seconds", "7200")
            var ledger = Ledger()
            var commands = 0
            for round in 0..<Self.rounds {
                commands += try commandUntilKilled(gateway, round, &ledger)
                try gateway.start()
                try compare(gateway, &ledger, round, besides: try lab.value("phone_mac"))
            }
            #expect(commands > Self.rounds, "the kills came before the commands")
            #expect(flood.isRunning)
            _ = try flood.stop()
            try witness.close()
            let instant = block.inForceMicroseconds + wireToleranceMicroseconds
            let wire = try witness.report(sources: lab.phoneSources(), from: 0, to: instant)
            #expect(wire.after == 0 && wire.packets > 0)
            let ofLaptop = try exchangesWithoutLoss(laptop)
            let ofPhone2 = try exchangesWithoutLoss(phone2)
            print(
                "  \(Self.rounds) kills amid \(commands) commands: nothing acknowledged was lost,",
                "0 packets of the cut phone, 0 of \(ofLaptop) exchanges of the laptop,",
                "0 of \(ofPhone2) of the tagged phone2")
        }

        private func exchangesWithoutLoss(_ peer: RunningTool) throws -> Int {
            var exchanges = 0
            for line in try peer.stop().lines.dropFirst() {
                let exchange = try decode(Exchange.self, from: line)
                #expect(exchange.lost == 0, "\(exchange.kind): lost of \(exchange.sent)")
                exchanges += exchange.sent
            }
            #expect(exchanges > 0)
            return exchanges
        }

        /// Blocks, releases and reloads until the daemon is gone; how many were acknowledged.
        private func commandUntilKilled(
            _ gateway: Gateway, _ round: Int, _ ledger: inout Ledger
        ) throws -> Int {
            let daemon = try #require(gateway.daemon)
            let milliseconds = Int.random(in: 0..<250)
            let killer = try RunningTool([
                "sh", "-c",
                "sleep 0.\(String(milliseconds + 1000).dropFirst()); kill -9 \(daemon.identifier)",
            ])
            defer { _ = try? killer.finish() }
            var acknowledged = 0
            for number in 0..<100 {
                let mac = String(format: "02:00:00:00:%02x:%02x", round % 256, number % 4)
                let isCut = ledger.told[mac] ?? false
                let said: Output
                switch number % 5 {
                case 4: said = try gateway.command("reload")
                case _ where isCut:
                    ledger.open = mac
                    said = try gateway.command("release", mac, "--reason", "kill test")
                default:
                    ledger.open = mac
                    said = try gateway.command(
                        "block", mac, "--for", "ever", "--reason", "kill test")
                }
                guard said.status == 0 else {
                    // 69: the daemon is gone; 75: it went before it answered.
                    try #require(
                        [69, 75].contains(said.status), "\(said.status): \(said.errors)")
                    break
                }
                if number % 5 != 4 {
                    ledger.told[mac] = !isCut
                    ledger.open = nil
                }
                acknowledged += 1
            }
            _ = try killer.finish()
            _ = try gateway.end(SIGKILL)
            return acknowledged
        }

        private func compare(
            _ gateway: Gateway, _ ledger: inout Ledger, _ round: Int, besides phone: String
        ) throws {
            let cut = Set(try gateway.blocksInForce().map(\.device))
            // An answer that never came says nothing either way.
            if let open = ledger.open { ledger.told[open] = cut.contains(open) }
            ledger.open = nil
            let told = Set(ledger.told.filter(\.value).keys).union([phone])
            #expect(cut == told, "round \(round): lost or undead: \(cut.symmetricDifference(told))")
            let set = try gateway.lab.run(
                .gw, "nft", "list", "set", "inet", "regionlock", "blocked_mac"
            ).text
            let held = Set(
                set.matches(of: /([0-9a-f]{2}(:[0-9a-f]{2}){5}) comment/).map { String($0.1) })
            #expect(held == cut, "round \(round): the kernel and the store differ")
        }
    }
}
