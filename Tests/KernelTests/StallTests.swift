import Foundation
import Testing

extension KernelSuite {
    /// A daemon that answers nothing for ten seconds, with its queue full: systemd's watchdog would
    /// end it then.
    @Suite(.serialized)
    struct StallTests {
        private static let seconds: UInt32 = 10
        /// As `TapMode.queue` has it.
        private static let queueLength = 4096

        /// With `open` nobody loses a packet: what does not fit passes, and what waits is answered
        /// in the end. `closed` is the control, where what does not fit is dropped.
        @Test(arguments: ["open", "closed"])
        func aStalledDaemonLosesNothing(policy: String) throws {
            let gateway = try Gateway.up(Gateway.Options(whenDown: policy))
            let lab = gateway.lab
            let block = try gateway.cutPhone()
            let witness = try Witness(in: lab, octets: 128)
            let peers = try [
                ("laptop, untagged", Lab.Node.laptop, lab.value("gw_v4")),
                ("phone2, tagged", .phone2, "10.30.0.1"),
            ].map { name, node, resolver in
                (
                    name,
                    try lab.startPeer(
                        node, "bystander", "--to", try lab.value("web_v4"), "--to",
                        try lab.value("web_v6"), "--resolver", resolver)
                )
            }
            let cut = try Lab.Family.allCases.map { try flood(lab, .phone, $0, 500, 60) }
            letPass(milliseconds: 500)
            let daemon = try #require(gateway.daemon)
            daemon.signal(SIGSTOP)
            // One question, and all that the device sends within the second it waits.
            let filling = try flood(
                lab, .phone2, .v4, 20_000, 1,
                besides: ["--after", "0", "--ask", "www.example.org", "--resolver", "10.30.0.1"])
            let isFull = try waitUntil(seconds: 3) {
                try gateway.waitingPackets() >= Self.queueLength
            }
            #expect(isFull)
            letPass(milliseconds: Self.seconds * 1000)
            #expect(try gateway.waitingPackets() == Self.queueLength, "the daemon was awake")
            daemon.signal(SIGCONT)
            let isDrained = try waitUntil(seconds: 5) { try gateway.waitingPackets() == 0 }
            #expect(isDrained)
            letPass(milliseconds: 300)
            for (name, peer) in peers {
                let exchanges = try peer.stop().lines.dropFirst().map {
                    try decode(Exchange.self, from: $0)
                }
                let isTold = exchanges.count == 3 && exchanges.allSatisfy { $0.sent > 100 }
                #expect(isTold, "\(name): \(exchanges)")
                let lost = exchanges.map(\.lost).reduce(0, +)
                let mayLose = policy == "closed" && name.hasPrefix("phone2")
                #expect((lost > 0) == mayLose, "\(name): \(exchanges)")
                let sent = exchanges.map(\.sent).reduce(0, +)
                print("  \(policy): \(name): \(lost) of \(sent) exchanges lost")
            }
            for flood in cut {
                #expect(flood.isRunning)
                _ = try flood.stop()
            }
            #expect(try filling.finish().status == 0)
            try witness.close()
            let instant = block.inForceMicroseconds + wireToleranceMicroseconds
            let wire = try witness.report(sources: lab.phoneSources(), from: 0, to: instant)
            #expect(wire.after == 0 && wire.packets > 0)
            print("  \(policy): phone, cut: \(wire.after) of \(wire.packets) packets on the wire")
            // It goes on as if nothing had been.
            try gateway.release(block.block)
            try gateway.cutPhone()
        }

        private func flood(
            _ lab: Lab, _ node: Lab.Node, _ family: Lab.Family, _ rate: Int, _ seconds: Int,
            besides words: [String] = []
        ) throws -> RunningTool {
            try lab.start(
                node,
                words: [
                    Place.program("LabPeer"), "flood", "--to", try lab.address("web", family),
                    "--rate", "\(rate)", "--seconds", "\(seconds)",
                ] + words)
        }
    }
}
