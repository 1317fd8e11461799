import Foundation
import Testing

extension KernelSuite {
    /// Nothing of a device leaves behind its trigger, however fast it sends.
    @Suite(.serialized)
    struct HoldTests {
        struct Rounds: CustomTestStringConvertible, Sendable {
            let rate: Int
            let vector: String
            let family: Lab.Family

            var testDescription: String {
                "\(vector), \(family.testDescription), \(rate) packets a second"
            }

            static let all = [10_000, 40_000].flatMap { rate in
                ["dns", "tls", "quic"].flatMap { vector in
                    Lab.Family.allCases.map { Rounds(rate: rate, vector: vector, family: $0) }
                }
            }
        }

        private struct RoundsReport: Decodable {
            let rounds: Int
            let missed: Int
            let sent: Int
        }

        /// A thousand cuts at each rate.
        @Test(arguments: Rounds.all)
        func nothingLeavesBehindATrigger(_ rounds: Rounds) throws {
            let (report, wire) = try cut(167, rounds, Gateway.Options())
            #expect(report.missed == 0, "\(rounds.testDescription)")
            #expect(wire.leaked == 0, "\(rounds.testDescription)")
            #expect(wire.named == nil && (wire.flood ?? 0) > 1000)
            print(
                "  \(rounds.testDescription): \(wire.leaked ?? -1) packets on the wire behind",
                "\(report.rounds) triggers; \(wire.flood ?? 0) before them, of \(report.sent) sent")
        }

        /// The control: where only the packet itself waits, others slip through, and are counted.
        @Test func withoutHoldingSomePacketsSlipThrough() throws {
            let rounds = Rounds(rate: 40_000, vector: "dns", family: .v4)
            let (report, wire) = try cut(250, rounds, Gateway.Options(hold: "packet"))
            #expect(report.missed == 0)
            #expect((wire.leaked ?? 0) > 0, "the witness sees nothing of what it is to count")
            print(
                "  \(rounds.testDescription), hold: packet: \(wire.leaked ?? -1) packets on the",
                "wire behind \(report.rounds) triggers")
        }

        /// Two questions at once leave an element behind; it ends though the device goes on asking.
        @Test func whoAsksEverySecondDoesNotWaitForEver() throws {
            let gateway = try Gateway.up()
            let lab = gateway.lab
            let resolver = try lab.value("resolver_v4")
            let web = try lab.value("web_v4")
            let bystander = try lab.startPeer(
                .phone, "bystander", "--to", web, "--resolver", resolver, "--seconds", "60")
            // Questions gather while the daemon stands still, and are judged together.
            let daemon = try #require(gateway.daemon).identifier
            kill(daemon, SIGSTOP)
            letPass(milliseconds: 300)
            kill(daemon, SIGCONT)
            // Twelve questions come in 300 ms, and twelve answers. While the phone waits, 90 others
            // come with them.
            var counts: [Int] = []
            let isFree = try waitUntil(seconds: 10) {
                let before = try gateway.queuedPackets()
                letPass(milliseconds: 300)
                counts.append(try gateway.queuedPackets() - before)
                return counts.last.map { $0 > 10 && $0 < 50 } ?? false
            }
            _ = try bystander.stop()
            #expect(isFree, "packets handed over in 300 ms each: \(counts)")
            #expect(counts.count > 1, "nothing was left behind: nothing was tested")
            print("  packets of a phone that asks all the time, handed over in 300 ms: \(counts)")
        }

        private func cut(
            _ count: Int, _ rounds: Rounds, _ options: Gateway.Options
        ) throws -> (RoundsReport, Witness.Report) {
            let gateway = try Gateway.up(options)
            let lab = gateway.lab
            try #require(try lab.reaches(.phone, rounds.family))
            let witness = try Witness(in: lab, octets: 128)
            let ranges = lab.path("ranges")
            let said = try lab.run(
                .phone, Place.program("LabPeer"), "cuts", "--to",
                try lab.address("web", rounds.family), "--resolver",
                try lab.address("resolver", rounds.family), "--vector", rounds.vector, "--name",
                Gateway.trigger, "--rate", "\(rounds.rate)", "--rounds", "\(count)", "--control",
                lab.path("run/control.sock"), "--device", try lab.value("phone_mac"), "--ranges",
                ranges, "--daemon", "\(try #require(gateway.daemon).identifier)", within: 120)
            let report = try report(RoundsReport.self, of: said)
            try witness.close()
            return (report, try witness.report(ranges: ranges))
        }
    }
}
