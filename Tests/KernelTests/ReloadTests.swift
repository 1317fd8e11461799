import Foundation
import Testing

extension KernelSuite {
    /// Settings are changed with care: what they would do is said before, and what nobody
    /// confirmed is taken back.
    @Suite(.serialized)
    struct ReloadTests {
        private static let policy = "policy.d/xiaomi-2021.yaml"

        /// The policy without Cuba.
        private func lift(_ gateway: Gateway) throws {
            var lines = try gateway.read(Self.policy)
                .split(separator: "\n", omittingEmptySubsequences: false)
            lines.removeAll { $0.hasPrefix("  - CU") }
            // The policy's own tests say that Cuba is denied.
            let tests = try #require(lines.firstIndex { $0.hasPrefix("tests:") })
            lines.removeSubrange(tests...)
            try gateway.write(lines.joined(separator: "\n"), to: Self.policy)
        }

        private func revisionInForce(_ gateway: Gateway) throws -> String {
            let lines = try gateway.succeed("revisions").text.split(separator: "\n")
            let line = try #require(lines.first { $0.hasSuffix("in force") })
            return String(line.prefix { $0 != " " })
        }

        @Test func theImpactIsSaidBefore() throws {
            let gateway = try Gateway.up()
            try gateway.cutPhone()
            try lift(gateway)
            let settings = gateway.lab.path("etc")
            for said in [
                try gateway.command("reload", "--dry-run"),
                try gateway.command("check", "--diff", "--config", settings),
            ] {
                #expect(said.status == 0, "\(said.errors)")
                #expect(said.text.contains("1 device: internet back"), "\(said.text)")
                #expect(said.text.contains("released"), "\(said.text)")
            }
            #expect(!(try gateway.lab.reaches(.phone)))
            #expect(try gateway.devicesInForce().count == 1)
        }

        @Test func whatNobodyConfirmsIsTakenBack() throws {
            let gateway = try Gateway.up()
            try gateway.cutPhone()
            let before = try revisionInForce(gateway)
            try lift(gateway)
            let event = try gateway.lastEvent
            try gateway.succeed("reload", "--confirm", "5")
            let trial = try revisionInForce(gateway)
            #expect(trial != before)
            #expect(try gateway.devicesInForce().count == 1)
            #expect(try waitUntil(seconds: 15) { try revisionInForce(gateway) == before })
            #expect(try gateway.devicesInForce().count == 1)
            #expect(!(try gateway.lab.reaches(.phone)))
            let told = try gateway.events(after: event).map(\.type)
            #expect(told.contains("settings.rolled_back"), "\(told)")
            #expect(!told.contains("block.released"), "\(told)")

            // They do not come into force by a restart either; an order brings them.
            try gateway.restart()
            #expect(try revisionInForce(gateway) == before)
            #expect(try gateway.command("status").text.contains("regionlock reload"))
            try gateway.succeed("reload")
            #expect(try revisionInForce(gateway) == trial)
            #expect(try gateway.lab.reaches(.phone))
        }

        @Test func whatIsConfirmedStays() throws {
            let gateway = try Gateway.up()
            try gateway.cutPhone()
            let before = try revisionInForce(gateway)
            try lift(gateway)
            try gateway.succeed("reload", "--confirm", "600")
            #expect(try gateway.command("status").text.contains("regionlock confirm"))
            try gateway.succeed("confirm")
            let confirmed = try revisionInForce(gateway)
            #expect(try gateway.lab.reaches(.phone))
            try gateway.restart()
            #expect(try revisionInForce(gateway) == confirmed)

            // And back by name, over a restart.
            try gateway.succeed("reload", "--revision", before, "--confirm", "600")
            try gateway.succeed("confirm")
            try gateway.restart()
            #expect(try revisionInForce(gateway) == before)
        }

        /// A crash while settings are on trial ends the trial.
        @Test func aCrashEndsTheTrial() throws {
            let gateway = try Gateway.up()
            try gateway.cutPhone()
            let before = try revisionInForce(gateway)
            try lift(gateway)
            try gateway.succeed("reload", "--confirm", "600")
            try gateway.crash()
            try gateway.start()
            #expect(try revisionInForce(gateway) == before)
            #expect(try gateway.devicesInForce().count == 1)
            #expect(!(try gateway.lab.reaches(.phone)))
        }
    }
}
