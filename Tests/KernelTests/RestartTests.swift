import Foundation
import Testing

extension KernelSuite {
    /// Between two lives of the daemon its queue goes on: what waits is neither lost nor let by.
    /// And where no life follows, no queue is left that nobody reads.
    @Suite(.serialized)
    struct RestartTests {
        /// A question of the second phone, which is tagged and may ask, on its way while the test
        /// goes on.
        private func question(in lab: Lab, seconds: Int = 8) throws -> RunningTool {
            try lab.start(
                .phone2,
                words: [
                    "dig", "+short", "+tries=1", "+time=\(seconds)",
                    "@\(try lab.value("resolver_v4"))", "www.example.org",
                ])
        }

        private func isAnswered(_ question: RunningTool, in lab: Lab) throws -> Bool {
            try question.finish().text.contains(lab.value("web_v4"))
        }

        /// Waits until a packet is in the queue of the daemon that has died.
        private func awaitHeld(_ gateway: Gateway) throws {
            let isHeld = try waitUntil(seconds: 3) { try gateway.waitingPackets() > 0 }
            #expect(isHeld, "nothing waits")
        }

        private func askForTheTrigger(_ lab: Lab, _ family: Lab.Family) throws -> RunningTool {
            try lab.start(
                .phone,
                words: [
                    "dig", "+tries=1", "+time=8", "@\(try lab.address("resolver", family))",
                    Gateway.trigger,
                ])
        }

        @Test(arguments: Lab.Family.allCases)
        func aTriggerThatNobodyReadIsHeldAndCut(_ family: Lab.Family) throws {
            let gateway = try Gateway.up()
            let lab = gateway.lab
            try #require(try lab.reaches(.phone, family))
            let witness = try Witness(in: lab)
            try gateway.crash()
            let asking = try askForTheTrigger(lab, family)
            try awaitHeld(gateway)
            letPass(milliseconds: 300)
            try gateway.start()
            _ = try gateway.awaitEvent("block.created", after: 0)
            let said = try asking.finish()
            #expect(!said.text.contains(try lab.value("web_v4")), "\(said.text)")
            #expect(try !lab.reaches(.phone, family))
            #expect(try lab.reaches(.phone2, family) && lab.reaches(.laptop, family))
            try witness.close()
            let wire = try witness.report(
                sources: lab.phoneSources(), name: Gateway.trigger, from: 0, to: 0)
            #expect(wire.named == 0 && wire.packets > 0, "the trigger was on the wire")
            #expect(try gateway.waitingPackets() == 0)
        }

        /// Whatever the device sends behind its trigger waits as well, for a second at most.
        @Test func nothingLeavesBehindATriggerThatWaits() throws {
            let gateway = try Gateway.up()
            let lab = gateway.lab
            let witness = try Witness(in: lab, octets: 128)
            try #require(try lab.reaches(.phone))
            try gateway.crash()
            let begin = nowMicroseconds
            let flood = try lab.start(
                .phone,
                words: [
                    Place.program("LabPeer"), "flood", "--to", try lab.value("web_v4"), "--rate",
                    "3000", "--seconds", "2", "--after", "0", "--ask", Gateway.trigger,
                    "--resolver", try lab.value("resolver_v4"),
                ])
            try awaitHeld(gateway)
            let asked = nowMicroseconds
            try gateway.start()
            _ = try gateway.awaitEvent("block.created", after: 0)
            let said = try flood.finish().text
            try witness.close()
            let wire = try witness.report(
                sources: lab.phoneSources(), from: begin, to: asked + 900_000)
            #expect(wire.within == 0, "they left before the verdict")
            #expect(wire.packets > 0)
            print("  \(wire.within) packets on the wire behind a trigger that waited:", said)
        }

        /// The control: with nobody to keep the queue the same trigger leaves.
        @Test func withoutAStoreTheTriggerLeaves() throws {
            let gateway = try Gateway.up(Gateway.Options(keepsDescriptors: false))
            let lab = gateway.lab
            let witness = try Witness(in: lab)
            try gateway.crash()
            let said = try askForTheTrigger(lab, .v4).finish()
            #expect(said.text.contains(try lab.value("web_v4")), "\(said.text)")
            try witness.close()
            let wire = try witness.report(
                sources: lab.phoneSources(), name: Gateway.trigger, from: 0, to: 0)
            #expect(wire.named == 1)
        }

        /// A device that was cut in the instant of the death stays so, with all that waits of it.
        @Test func whatWaitsOfACutDeviceIsRefused() throws {
            let gateway = try Gateway.up()
            let lab = gateway.lab
            let witness = try Witness(in: lab)
            try gateway.crash()
            let asking = try askForTheTrigger(lab, .v4)
            try awaitHeld(gateway)
            let mac = try lab.value("phone_mac")
            let added = try lab.run(
                .gw, "nft", "add", "element", "inet", "regionlock", "blocked_mac", "{ \(mac) }")
            #expect(added.status == 0, "\(added.errors)")
            try gateway.write("version: nonsense\n", to: "regionlock.yaml")
            try gateway.launch()
            #expect(try gateway.daemon?.finish().status == 78)
            #expect(try !asking.finish().text.contains(lab.value("web_v4")))
            #expect(try gateway.queues() == [])
            try witness.close()
            let wire = try witness.report(
                sources: lab.phoneSources(), name: Gateway.trigger, from: 0, to: 0)
            #expect(wire.named == 0, "it was let by with the end of the queue")
        }

        @Test(arguments: ["open", "closed"])
        func aStartThatFailsLeavesNoQueue(policy: String) throws {
            let gateway = try Gateway.up(Gateway.Options(whenDown: policy))
            let lab = gateway.lab
            try gateway.crash()
            let asked = try question(in: lab, seconds: 2)
            try awaitHeld(gateway)
            let good = try gateway.read("regionlock.yaml")
            try gateway.write("version: nonsense\n", to: "regionlock.yaml")
            try gateway.launch()
            #expect(try gateway.daemon?.finish().status == 78)
            #expect(try gateway.queues() == [], "a queue that nobody reads")
            #expect(gateway.manager.stored.isEmpty)
            #expect(try isAnswered(asked, in: lab) == (policy == "open"))
            #expect(try lab.reaches(.phone2) == (policy == "open"))
            #expect(try lab.reaches(.laptop))
            try gateway.write(good, to: "regionlock.yaml")
            try gateway.start()
            #expect(try lab.reaches(.phone2))
        }

        /// A start that fails late, when the tap is bound and kept already.
        @Test func aStartThatCannotServeLeavesNoQueue() throws {
            let gateway = try Gateway.up()
            let lab = gateway.lab
            try gateway.crash()
            let asked = try question(in: lab)
            try awaitHeld(gateway)
            try FileManager.default.removeItem(atPath: lab.path("run"))
            try gateway.launch()
            #expect(try gateway.daemon?.finish().status != 0)
            #expect(try gateway.queues() == [])
            #expect(gateway.manager.stored.isEmpty)
            #expect(try isAnswered(asked, in: lab))
            #expect(try lab.reaches(.phone2))
        }

        @Test(arguments: ["open", "closed"])
        func aStopLeavesNoQueue(policy: String) throws {
            let gateway = try Gateway.up(Gateway.Options(whenDown: policy))
            let lab = gateway.lab
            #expect(gateway.manager.stored.map(\.name) == ["queue-5341"])
            // Somebody else who holds the socket must not keep the queue.
            let holder = dup(try #require(gateway.manager.stored.first).descriptor)
            #expect(try gateway.end(SIGTERM).status == 0)
            #expect(gateway.manager.stored.isEmpty)
            #expect(try gateway.queues() == [], "a queue that nobody reads")
            close(holder)
            #expect(try lab.reaches(.phone2) == (policy == "open"))
            #expect(try lab.reaches(.laptop))
            // As after the death of one that had taken over what an earlier one left.
            try gateway.start()
            try gateway.crash()
            try gateway.start()
            #expect(try gateway.end(SIGINT).status == 0)
            #expect(gateway.manager.stored.isEmpty)
            #expect(try gateway.queues() == [])
        }

        /// Other settings between two lives: what waits in the old queue goes where it belongs now.
        @Test(arguments: ["passive", "another queue", "closed"])
        func theNextLifeMayHaveAnotherTap(change: String) throws {
            let gateway = try Gateway.up()
            let lab = gateway.lab
            try gateway.crash()
            let asked = try question(in: lab)
            try awaitHeld(gateway)
            var options = Gateway.Options()
            switch change {
            case "passive": options.tap = "passive"
            case "closed": options.whenDown = "closed"
            default: options.queue = 77
            }
            try gateway.rewriteSettings(options)
            try gateway.start()
            #expect(try isAnswered(asked, in: lab))
            let numbers = try gateway.queues()
            #expect(numbers == (change == "passive" ? [] : [options.queue]))
            #expect(
                gateway.manager.stored.map(\.name) == numbers.map { "queue-\($0)" })
            try gateway.cutPhone()
            // The policy is that of the new settings.
            try gateway.crash()
            let later = try question(in: lab, seconds: 2)
            if change != "passive" { try awaitHeld(gateway) }
            try gateway.write("version: nonsense\n", to: "regionlock.yaml")
            try gateway.launch()
            _ = try gateway.daemon?.finish()
            #expect(try isAnswered(later, in: lab) == (change != "closed"))
        }

        /// The same while it runs, under traffic.
        @Test func aReloadToAnotherQueueLosesNothing() throws {
            let gateway = try Gateway.up()
            let lab = gateway.lab
            let peer = try lab.startPeer(
                .phone2, "bystander", "--to", try lab.value("web_v4"), "--resolver", "10.30.0.1")
            for queue in [77, 78, 5341] {
                letPass(milliseconds: 200)
                try gateway.rewriteSettings(Gateway.Options(queue: queue))
                try gateway.succeed("reload")
                #expect(try gateway.queues() == [queue])
                #expect(gateway.manager.stored.map(\.name) == ["queue-\(queue)"])
            }
            letPass(milliseconds: 200)
            let lines = try peer.stop().lines.dropFirst()
            #expect(lines.count == 3)
            for line in lines {
                let exchange = try decode(Exchange.self, from: line)
                #expect(exchange.lost == 0 && exchange.sent > 20, "\(line)")
            }
            try gateway.cutPhone()
        }

        /// The queue follows the policy of the settings in force, not of those it was bound with.
        @Test func aReloadChangesThePolicyOfTheQueue() throws {
            let gateway = try Gateway.up()
            let lab = gateway.lab
            try gateway.rewriteSettings(Gateway.Options(whenDown: "closed"))
            try gateway.succeed("reload")
            try gateway.crash()
            let asked = try question(in: lab, seconds: 2)
            try awaitHeld(gateway)
            try gateway.write("version: nonsense\n", to: "regionlock.yaml")
            try gateway.launch()
            #expect(try gateway.daemon?.finish().status == 78)
            #expect(try gateway.queues() == [])
            #expect(try !isAnswered(asked, in: lab))
            #expect(try lab.reaches(.laptop))
        }

        /// A descriptor of that name that is something else must not keep the daemon down.
        @Test func whatIsNoQueueIsLetGo() throws {
            let gateway = try Gateway.up()
            let lab = gateway.lab
            try gateway.end(SIGTERM)
            for name in ["queue-5341", "queue-99999", "queue-", "control"] {
                gateway.manager.put(open("/dev/null", O_RDONLY), named: name)
            }
            try gateway.start()
            #expect(gateway.manager.stored.map(\.name) == ["control", "queue-5341"])
            #expect(try gateway.queues() == [5341])
            try gateway.cutPhone()
            #expect(try lab.reaches(.phone2))
        }
    }
}
