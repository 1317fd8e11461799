import Foundation
import Testing

extension KernelSuite {
    /// The bench itself: without a daemon everything passes and the witness sees it. A test that
    /// counts zero packets means something only because this one counts them.
    @Suite(.serialized)
    struct LabTests {
        @Test func withoutADaemonEveryTriggerIsSeen() throws {
            let lab = try Lab()
            for trigger in TriggerCase.all {
                let witness = try Witness(in: lab)
                let said = try lab.run(.phone, words: trigger.command(in: lab))
                try witness.close()
                #expect(
                    said.status == 0 || trigger.client == .largeHello,
                    "\(trigger.testDescription): \(said.text)\(said.errors)")
                let wire = try witness.report(
                    sources: lab.phoneSources(), name: Gateway.trigger, from: 0, to: 0)
                #expect(try #require(wire.named) > 0, "\(trigger.testDescription)")
            }
        }

        @Test(arguments: [false, true])
        func theWitnessMissesNoPacketOfAFlood(nat: Bool) throws {
            let lab = try Lab(nat: nat)
            for family in Lab.Family.allCases {
                let witness = try Witness(in: lab)
                let flood = try lab.run(
                    .phone, Place.program("LabPeer"), "flood", "--to",
                    try lab.address("web", family), "--rate", "20000", "--seconds", "1")
                try witness.close()
                let wire = try witness.report(sources: lab.phoneSources(), from: 0, to: 0)
                #expect(flood.text.contains("\"sent\":20000,"))
                #expect(wire.after == 20_000, "\(family.testDescription)")
            }
        }

        @Test func labsLiveSideBySideAndLeaveNothing() throws {
            var names: [String] = []
            do {
                let labs = try [Lab(), Lab(nat: true)]
                for lab in labs {
                    #expect(try lab.reaches(.phone) && lab.reaches(.laptop, .v6))
                    names.append(try lab.value("lab_gw"))
                }
                #expect(Set(names).count == 2)
            }
            let left = try tool(["ip", "netns", "list"]).text
            for name in names {
                #expect(!left.contains(name))
                #expect(!FileManager.default.fileExists(atPath: "/etc/netns/\(name)"))
            }
        }

        /// A lab that cannot be finished takes back what it had begun.
        @Test func aFailedStartLeavesNothing() throws {
            let directory = "/tmp/rl-lab-\(UUID().uuidString.prefix(8))"
            let tools = directory + "-tools"
            defer {
                for path in [directory, tools] { try? FileManager.default.removeItem(atPath: path) }
            }
            try FileManager.default.createDirectory(
                atPath: tools, withIntermediateDirectories: true)
            try FileManager.default.createSymbolicLink(
                atPath: tools + "/openssl", withDestinationPath: "/bin/false")
            let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
            let up = try RunningTool(
                [Place.lab, "up", directory], environment: ["PATH": "\(tools):\(path)"]
            ).finish()
            #expect(up.status != 0)
            #expect(up.errors.contains("lab: could not be made"))
            let env = try tool([Place.lab, "env", directory])
            let gw = try #require(env.lines.first { $0.hasPrefix("lab_gw=") }).dropFirst(7)
            #expect(!(try tool(["ip", "netns", "list"]).text.contains(gw)))
        }
    }
}
