import Foundation
import Testing

extension KernelSuite {
    /// Flows that began before the block end with it, in both directions.
    @Suite(.serialized)
    struct EstablishedFlowTests {
        private struct EchoReport: Decodable {
            let received: Int
            let broken: String
            let brokenUs: Int
        }

        private struct PushReport: Decodable {
            let arrivalsUs: [Int]
        }

        /// What one family's flows went through.
        private struct Fate {
            let family: Lab.Family
            let echo: EchoReport
            /// Microseconds from the block to the error the device saw.
            let echoBrokeAfter: Int
            let downlinkBefore: Int
            /// Datagrams the device still got, and how many of them later than promised.
            let downlinkAfter: Int
            let downlinkLate: Int
        }

        @Test(arguments: [false, true])
        func bothDirectionsEnd(nat: Bool) throws {
            for fate in try fates(of: "regionlockd", nat: nat) {
                let what = fate.family.testDescription
                #expect(fate.echo.broken == "ECONNRESET", "\(what)")
                #expect(fate.echoBrokeAfter <= promptMicroseconds, "\(what)")
                #expect(fate.downlinkLate == 0, "\(what)")
                print(
                    "  \(what)\(nat ? ", NAT" : ""): \(fate.echo.broken) after",
                    "\(fate.echoBrokeAfter) µs; \(fate.downlinkAfter) datagrams after the block,",
                    "\(fate.downlinkLate) after 200 ms")
            }
        }

        /// The control: against a daemon that matches the source MAC alone, the test above fails.
        @Test(arguments: [false, true])
        func sourceOnlyIsCaught(nat: Bool) throws {
            for fate in try fates(of: "SourceOnlyDaemon", nat: nat) {
                #expect(fate.downlinkLate > 50, "\(fate.family.testDescription)")
            }
        }

        private func fates(of program: String, nat: Bool) throws -> [Fate] {
            let gateway = try Gateway.up(nat: nat, Gateway.Options(program: program))
            let lab = gateway.lab
            var talks: [(Lab.Family, RunningTool, RunningTool)] = []
            for family in Lab.Family.allCases {
                let web = try lab.address("web", family)
                let echo = try lab.startPeer(.phone, "echo", "--to", web, "--seconds", "30")
                let push = try lab.startPeer(
                    .phone, "push", "--to", web, "--rate", "200", "--seconds", "30")
                talks.append((family, echo, push))
            }
            letPass(milliseconds: 700)
            let block = try gateway.cutPhone().inForceMicroseconds
            letPass(milliseconds: 1200)
            return try talks.map { family, echo, push in
                let echoed = try report(EchoReport.self, of: echo.stop())
                let pushed = try report(PushReport.self, of: push.stop()).arrivalsUs
                let before = pushed.count { $0 < block }
                try #require(echoed.received > 5 && before > 50, "the flows did not run before")
                return Fate(
                    family: family, echo: echoed, echoBrokeAfter: echoed.brokenUs - block,
                    downlinkBefore: before,
                    downlinkAfter: pushed.count - before,
                    downlinkLate: pushed.count { $0 > block + promptMicroseconds })
            }
        }
    }
}
