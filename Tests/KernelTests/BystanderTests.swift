import Foundation
import Testing

extension KernelSuite {
    /// Nobody but the phone notices anything of it, whatever happens to the daemon.
    @Suite(.serialized)
    struct BystanderTests {
        @Test func nobodyElseLosesAPacket() throws {
            let gateway = try Gateway.up()
            let lab = gateway.lab
            let web4 = try lab.value("web_v4")
            let web6 = try lab.value("web_v6")
            let peers = [
                (
                    "phone2",
                    try lab.startPeer(
                        .phone2, "bystander", "--to", web4, "--to", web6, "--resolver", "10.30.0.1")
                ),
                (
                    "laptop",
                    try lab.startPeer(
                        .laptop, "bystander", "--to", web4, "--to", web6, "--resolver",
                        try lab.value("gw_v4"))
                ),
                (
                    "gateway",
                    try lab.startPeer(
                        .gw, "bystander", "--to", web4, "--to", web6, "--to",
                        try lab.value("laptop_v4"), "--resolver", try lab.value("resolver_v4"))
                ),
            ]
            try everythingHappens(to: gateway)
            for (name, peer) in peers {
                let lines = try peer.stop().lines.dropFirst()
                try #require(lines.count == 3, "\(name) said \(lines)")
                for exchange in try lines.map({ try decode(Exchange.self, from: $0) }) {
                    let what = "\(name), \(exchange.kind)"
                    #expect(exchange.sent > 100, "\(what) was hardly running")
                    #expect(exchange.lost == 0, "\(what): lost of \(exchange.sent)")
                    print("  \(what): \(exchange.lost) of \(exchange.sent) lost")
                }
            }
        }

        private func everythingHappens(to gateway: Gateway) throws {
            let pause: UInt32 = 300
            letPass(milliseconds: pause)
            let first = try gateway.cutPhone()
            letPass(milliseconds: pause)
            try gateway.release(first.block)
            letPass(milliseconds: pause)
            try gateway.cutPhone()
            try gateway.succeed("reload")
            letPass(milliseconds: pause)
            gateway.daemon?.signal(SIGHUP)
            letPass(milliseconds: pause)
            try gateway.crash()
            letPass(milliseconds: pause)
            try gateway.start()
            // With packets that it has read, and packets that it has not.
            gateway.daemon?.signal(SIGSTOP)
            _ = try waitUntil(seconds: 3) { try gateway.waitingPackets() > 0 }
            try gateway.crash()
            // In the middle of a start as well.
            for _ in 0..<3 {
                try gateway.launch()
                letPass(milliseconds: .random(in: 0..<300))
                try gateway.end(SIGKILL)
            }
            try gateway.start()
            letPass(milliseconds: pause)
            try gateway.restart()
            letPass(milliseconds: pause)
            #expect(try gateway.blocksInForce().count == 1)
        }
    }
}
