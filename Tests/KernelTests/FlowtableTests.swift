import Testing

extension KernelSuite {
    /// Flows that a flowtable takes past every hook.
    @Suite(.serialized)
    struct FlowtableTests {
        private struct PushReport: Decodable {
            let arrivalsUs: [Int]
        }

        /// A second more than other flows have: the kernel looks through its flowtables once a
        /// second for entries whose conntrack entry is gone (nf_flow_table_core.c).
        private static let endMicroseconds = promptMicroseconds + 1_000_000

        @Test func itIsReportedAndABlockEndsItsFlows() throws {
            let gateway = try Gateway.up()
            let lab = gateway.lab
            #expect(!(try gateway.succeed("status").text.contains("flowtable")))
            let rules = """
                table inet fast {
                    flowtable ft { hook ingress priority filter; devices = { port0, wan0 }; }
                    chain f {
                        type filter hook forward priority filter; policy accept;
                        ct state established flow add @ft
                    }
                }
                """
            let made = try lab.run(.gw, "nft", rules)
            guard made.status == 0 else {
                let reason = made.errors.split(separator: "\n").first ?? "nft says nothing"
                print("  SKIP: this kernel makes no flowtable: \(reason)")
                return
            }
            let status = try gateway.command("status")
            #expect(status.status != 0 && status.text.contains("flowtable inet fast ft"))
            #expect(status.text.contains("flow add @ft"))
            let push = try lab.startPeer(
                .phone, "push", "--to", try lab.value("web_v4"), "--rate", "200", "--seconds", "30")
            letPass(milliseconds: 1000)
            try gateway.cutByHand()
            let block = nowMicroseconds
            letPass(milliseconds: 3000)
            let arrivals = try report(PushReport.self, of: push.stop()).arrivalsUs
            #expect(arrivals.count { $0 < block } > 50, "the control")
            #expect(arrivals.count { $0 > block + Self.endMicroseconds } == 0)
        }
    }
}
