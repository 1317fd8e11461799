import Foundation
import Testing

extension KernelSuite {
    /// A block holds whatever becomes of the daemon and its files, and a release leaves nothing.
    @Suite(.serialized)
    struct EnduranceTests {
        /// The phone sends all the time; the daemon is killed, started, stopped, started.
        @Test func nothingLeaksAroundARestart() throws {
            let gateway = try Gateway.up()
            let lab = gateway.lab
            let block = try gateway.cutPhone()
            let witness = try Witness(in: lab)
            let floods = try Lab.Family.allCases.map { family in
                try lab.start(
                    .phone,
                    words: [
                        Place.program("LabPeer"), "flood", "--to", try lab.address("web", family),
                        "--rate", "3000", "--seconds", "30",
                    ])
            }
            try gateway.crash()
            letPass(milliseconds: 500)
            try gateway.start()
            letPass(milliseconds: 300)
            #expect(try gateway.end(SIGTERM).status == 0)
            letPass(milliseconds: 500)
            try gateway.start()
            letPass(milliseconds: 300)
            // The witness is awake, and the phone has been sending all the time.
            #expect(try lab.reaches(.laptop))
            for flood in floods {
                #expect(flood.isRunning)
                _ = try flood.stop()
            }
            try witness.close()
            let instant = block.inForceMicroseconds + wireToleranceMicroseconds
            let wire = try witness.report(sources: lab.phoneSources(), from: 0, to: instant)
            #expect(wire.after == 0 && wire.packets > 0)
            #expect(try gateway.blocksInForce().map(\.id) == [block.block])
        }

        @Test func releaseRestoresAndLeavesNothing() throws {
            let gateway = try Gateway.up()
            let lab = gateway.lab
            // A flow that somebody outside began and the phone sends in: its entry stays, marked.
            let server = try lab.start(
                .phone,
                words: [Place.program("LabPeer"), "serve", "--on", try lab.value("phone_v4")])
            try #require(waitUntil(seconds: 5) { server.text.contains("ready") })
            let caller = try lab.startPeer(
                .inet, "push", "--to", try lab.value("phone_v4"), "--rate", "100", "--seconds", "60"
            )
            letPass(milliseconds: 100)
            let clean = try gateway.nftTable()
            let admin = try gateway.nftTable("admin")
            let block = try gateway.cutPhone()
            letPass(milliseconds: 100)
            #expect(!(try gateway.cutFlows().isEmpty), "the caller's flow carries no block mark")
            try gateway.release(block.block)
            #expect(try gateway.cutFlows() == [])
            for _ in 0..<3 { try releaseOnce(gateway, lab) }
            // While the phone's last exchanges waited for their verdict, it stood in `pending_mac`,
            // and may stand there for a second.
            for text in [try lab.value("phone_mac"), try lab.value("phone_v4"), "2001:db8:20::31"] {
                let isGone = try waitUntil(seconds: 5) { !(try gateway.nftTable().contains(text)) }
                #expect(isGone, "\(text) is left in a set")
            }
            #expect(lasting(try gateway.nftTable()) == lasting(clean))
            #expect(try gateway.cutFlows() == [])
            #expect(try gateway.nftTable("admin") == admin)
            #expect(caller.isRunning && server.isRunning)
        }

        private func releaseOnce(_ gateway: Gateway, _ lab: Lab) throws {
            // Old five-tuples: these flows are cut, and their sender goes on after the release.
            let floods = try Lab.Family.allCases.map { family in
                try lab.start(
                    .phone,
                    words: [
                        Place.program("LabPeer"), "flood", "--to", try lab.address("web", family),
                        "--rate", "1000", "--seconds", "30",
                    ])
            }
            let block = try gateway.cutPhone()
            letPass(milliseconds: 300)
            let witness = try Witness(in: lab)
            let asked = nowMicroseconds
            try gateway.release(block.block)
            let answered = nowMicroseconds
            for family in Lab.Family.allCases { #expect(try lab.reaches(.phone, family)) }
            letPass(milliseconds: 200)
            for flood in floods { _ = try flood.stop() }
            try witness.close()
            let event = try gateway.awaitEvent("block.released", after: block.id)
            for source in [try lab.value("phone_v4"), try lab.value("phone_v6")] {
                let wire = try witness.report(sources: [source], from: 0, to: asked)
                #expect(wire.after > 0, "\(source) is not back")
                #expect(wire.firstAfterUs - event.timeUs <= promptMicroseconds, "\(source)")
                #expect(wire.firstAfterUs - answered <= 50_000, "not in force when it returned")
            }
        }

        /// The kernel remembers what the disk forgot.
        @Test func aLostDatabaseReleasesNobody() throws {
            let gateway = try Gateway.up()
            let block = try gateway.cutPhone()
            try gateway.crash()
            try FileManager.default.removeItem(atPath: gateway.lab.path("state"))
            try gateway.start()
            let found = try gateway.blocksInForce()
            #expect(found.map(\.device) == [try gateway.lab.value("phone_mac")])
            #expect(found.map(\.id) == [block.block])
            for family in Lab.Family.allCases {
                #expect(!(try gateway.lab.reaches(.phone, family)))
                #expect(try gateway.lab.reaches(.laptop, family))
            }
            // And it can be released like any other.
            try gateway.release(found.first?.id)
            #expect(try gateway.lab.reaches(.phone))
        }

        /// The disk remembers what the kernel forgot, as after a reboot.
        @Test func aLostTableReleasesNobody() throws {
            let gateway = try Gateway.up()
            let block = try gateway.cutPhone()
            #expect(try gateway.end(SIGTERM).status == 0)
            #expect(!(try gateway.lab.reaches(.phone)), "a stop must not release")
            let deleted = try gateway.lab.run(.gw, "nft", "delete", "table", "inet", "regionlock")
            try #require(deleted.status == 0, "\(deleted.errors)")
            #expect(try gateway.lab.reaches(.phone), "without the table nothing should cut")
            try gateway.start()
            #expect(try gateway.blocksInForce().map(\.id) == [block.block])
            for family in Lab.Family.allCases {
                #expect(!(try gateway.lab.reaches(.phone, family)))
            }
        }

        /// A database that cannot be read is put aside; the kernel's block holds.
        @Test func aGarbledDatabaseReleasesNobody() throws {
            let gateway = try Gateway.up()
            let block = try gateway.cutPhone()
            try gateway.crash()
            let state = gateway.lab.path("state")
            // Kept settings lie there as well, in directories of their own.
            for name in try FileManager.default.subpathsOfDirectory(atPath: state) {
                let file = URL(filePath: "\(state)/\(name)")
                guard try file.resourceValues(forKeys: [.isRegularFileKey]).isRegularFile == true
                else { continue }
                try Data(repeating: 0x58, count: 5000).write(to: file)
            }
            try gateway.start()
            #expect(try gateway.blocksInForce().map(\.id) == [block.block])
            #expect(!(try gateway.lab.reaches(.phone)))
        }
    }
}
