import Foundation
import Testing

extension KernelSuite {
    /// Policies that do something else than cut off at an attempt, on the wire.
    @Suite(.serialized)
    struct PolicyTermsTests {
        private static let policy = "policy.d/xiaomi-2021.yaml"

        /// The shipped policy with one of its lines changed. Its own tests speak of the other.
        private func change(_ line: String, to text: String, in gateway: Gateway) throws {
            try gateway.write(try changed(line, to: text, in: gateway), to: Self.policy)
            try gateway.succeed("reload")
        }

        private func changed(
            _ line: String, to text: String, in gateway: Gateway
        ) throws -> String {
            let whole = try gateway.read(Self.policy)
            let policy =
                whole.firstRange(of: "\ntests:").map { whole[..<$0.lowerBound] } ?? whole[...]
            try #require(policy.contains(line))
            return policy.replacing(line, with: text) + "\n"
        }

        /// `simulate --entry` for three devices: who would be cut off for being where it is.
        private func wouldBeCut(
            _ more: [String] = [], in gateway: Gateway
        ) throws -> [Lab.Node] {
            try [Lab.Node.phone, .phone2, .laptop].filter { node in
                let said = try tool(
                    [
                        Place.program("regionlock"), "--run", gateway.lab.path("run"), "simulate",
                        "--device", try gateway.lab.value("\(node.rawValue)_mac"), "--entry",
                        "--exit-code",
                    ] + more)
                try #require([0, 10].contains(said.status), "\(said.text)\(said.errors)")
                return said.status == 10
            }
        }

        /// Only what the phone asks for to activate is refused: the phone itself is not cut, has
        /// not to wait, and leaves no trace in the sets.
        @Test(arguments: TriggerCase.Client.allCases.filter { !$0.rawValue.contains("gateway") })
        func denyActivationRefusesNothingElse(_ client: TriggerCase.Client) throws {
            let gateway = try Gateway.up()
            let lab = gateway.lab
            let block =
                "  action: cut_off            # cut_off = the whole internet | "
                + "deny_activation = only those services\n  for: until_released "
            try change(block, to: "  action: deny_activation ", in: gateway)
            for family in Lab.Family.allCases {
                let trigger = TriggerCase(client: client, family: family)
                let what = trigger.testDescription
                let before = try gateway.lastEvent
                let witness = try Witness(in: lab)
                let said = try lab.run(.phone, words: trigger.command(in: lab))
                let served = said.status == 0 && client != .quicSplit
                #expect(!served, "\(what): \(said.text)")
                try witness.close()
                let wire = try witness.report(
                    sources: lab.phoneSources(), name: Gateway.trigger, from: 0, to: .max)
                #expect(wire.named == 0, "\(what)")
                let told = try gateway.events(after: before).map(\.type)
                // Each pattern is told of once.
                #expect(told.contains("attempt.refused") || family == .v6, "\(what): \(told)")
                #expect(!told.contains("block.created"), "\(what): \(told)")
                for node in [Lab.Node.phone, .phone2, .laptop] {
                    #expect(try lab.reaches(node, family), "\(what): \(node)")
                }
            }
            #expect(try gateway.kernelSets() == KernelSets())
            #expect(try gateway.cutFlows().isEmpty)
        }

        /// Being there is enough, and nobody who is elsewhere or not tagged is meant.
        @Test func entryCutsWhoIsThere() throws {
            let gateway = try Gateway.up()
            let lab = gateway.lab
            try #require(try lab.reaches(.phone))
            let before = try gateway.lastEvent
            // The daemon knows where each of them is when it answers.
            for node in ["phone", "phone2", "laptop"] {
                _ = try lab.run(
                    .gw, "ping", "-c", "1", "-W", "2", try lab.value("\(node)_v4"))
            }
            #expect(try wouldBeCut(in: gateway) == [])
            let file = gateway.lab.path("entry.yaml")
            let policy = try changed(
                "activation:\n", to: "on: entry\nactivation:\n", in: gateway)
            try policy.write(toFile: file, atomically: true, encoding: .utf8)
            let settings = ["--config", gateway.lab.path("etc"), "--policy", file]
            // Before it is installed, and then what happens.
            #expect(try wouldBeCut(settings, in: gateway) == [.phone])
            try change("activation:\n", to: "on: entry\nactivation:\n", in: gateway)
            // The phone answers for its address now, if it has not before.
            _ = try lab.run(.gw, "ping", "-c", "1", "-W", "2", try lab.value("phone_v4"))
            _ = try lab.run(.gw, "ping", "-c", "1", "-W", "2", try lab.value("phone2_v4"))
            let event = try gateway.awaitEvent("block.created", after: before, seconds: 10)
            #expect(event.device == (try lab.value("phone_mac")) && event.region == "CU")
            #expect(event.endpoint == nil, "\(event.text)")
            for family in Lab.Family.allCases {
                #expect(!(try lab.reaches(.phone, family)))
                #expect(try lab.reaches(.phone2, family))
                #expect(try lab.reaches(.laptop, family))
            }
            #expect(try gateway.blocksInForce().count == 1)
            // The daemon says the same of everybody, by the policy in force.
            #expect(try wouldBeCut(in: gateway) == [.phone])
            // The policy goes, and its block with it.
            try change("mode: enforce ", to: "mode: disabled ", in: gateway)
            #expect(try gateway.blocksInForce().isEmpty)
            #expect(try lab.reaches(.phone))
        }
    }
}
