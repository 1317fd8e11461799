import Testing

extension KernelSuite {
    /// Flows in which the cut device says nothing, or nothing for a long time.
    @Suite(.serialized)
    struct ReceiverTests {
        private struct Counts {
            let family: Lab.Family
            let before: Int
            let after: Int
            let late: Int
        }

        @Test(arguments: [false, true])
        func aDownlinkBegunOutsideEnds(nat: Bool) throws {
            for counts in try downlinks(of: "regionlockd", nat: nat) {
                let what = "\(counts.family.testDescription)\(nat ? ", NAT" : "")"
                #expect(counts.before > 100, "\(what): the control")
                #expect(counts.late == 0, "\(what)")
                print("  \(what): \(counts.after) datagrams after the block, \(counts.late) late")
            }
        }

        /// The control: whoever matches only what a device sends lets it all go on.
        @Test(arguments: [false, true])
        func sourceOnlyLetsItGoOn(nat: Bool) throws {
            for counts in try downlinks(of: "SourceOnlyDaemon", nat: nat) {
                #expect(counts.late > 100, "\(counts.family.testDescription)")
            }
        }

        private func downlinks(of program: String, nat: Bool) throws -> [Counts] {
            let gateway = try Gateway.up(nat: nat, Gateway.Options(program: program))
            let lab = gateway.lab
            if nat {
                // A port forward, as for a game or a camera.
                let rules = """
                    table ip forwarded { chain pre {
                        type nat hook prerouting priority dstnat
                        ip daddr \(try lab.value("phone_wan")) dnat to \(try lab.value("phone_v4"))
                    }
                    }
                    """
                let said = try lab.run(.gw, "nft", rules)
                guard said.status == 0 else { throw LabError("nft: \(said.errors)") }
            }
            // Somebody listens, so that no ICMP error answers: the phone sends nothing at all.
            let server = try lab.start(
                .phone,
                words: [
                    Place.program("LabPeer"), "serve", "--on", try lab.value("phone_v4"), "--on",
                    try lab.value("phone_v6"),
                ])
            try #require(waitUntil(seconds: 5) { server.text.contains("ready") })
            let witness = try Witness(in: lab, at: .phone)
            let floods = try Lab.Family.allCases.map { family in
                let outer = nat && family == .v4 ? "phone_wan" : "phone_\(family.rawValue)"
                return try lab.start(
                    .inet,
                    words: [
                        Place.program("LabPeer"), "flood", "--to", try lab.value(outer),
                        "--rate", "500", "--seconds", "30",
                    ])
            }
            letPass(milliseconds: 800)
            try gateway.cutByHand()
            let block = nowMicroseconds
            letPass(milliseconds: 1200)
            for flood in floods { _ = try flood.stop() }
            try witness.close()
            return try Lab.Family.allCases.map { family in
                let filter = "\(family == .v4 ? "ip" : "ip6") and udp dst port 7003"
                let all = try witness.times(of: filter)
                let sent = try witness.times(of: "ip and udp src port 7003")
                #expect(sent.isEmpty)
                return Counts(
                    family: family, before: all.count { $0 < block },
                    after: all.count { $0 > block },
                    late: all.count { $0 > block + promptMicroseconds })
            }
        }

        private struct EchoReport: Decodable {
            let received: Int
            let broken: String
            let brokenUs: Int
            let awakeUs: Int
        }

        /// Ten seconds stand for a minute: the entry in conntrack lives for days.
        @Test(arguments: [false, true])
        func anIdleConnectionEndsWhenItSpeaks(nat: Bool) throws {
            let gateway = try Gateway.up(nat: nat)
            let lab = gateway.lab
            let echoes = try Lab.Family.allCases.map { family in
                let web = try lab.address("web", family)
                return (
                    family,
                    try lab.startPeer(
                        .phone, "echo", "--to", web, "--seconds", "40", "--idle", "12")
                )
            }
            // Ten answers, one every 50 ms, and then they are silent.
            letPass(milliseconds: 1500)
            try gateway.cutByHand()
            let witness = try Witness(in: lab)
            letPass(milliseconds: 12_500)
            for (family, echo) in echoes {
                let said = try report(EchoReport.self, of: echo.finish())
                let what = family.testDescription
                #expect(said.received >= 10 && said.awakeUs > 0, "\(what): the control")
                #expect(said.broken == "ECONNRESET", "\(what)")
                #expect(said.brokenUs - said.awakeUs <= promptMicroseconds, "\(what)")
                print("  \(what): \(said.broken) \(said.brokenUs - said.awakeUs) µs after it spoke")
            }
            #expect(try lab.reaches(.laptop))
            try witness.close()
            let wire = try witness.report(sources: lab.phoneSources(), from: 0, to: 0)
            #expect(wire.after == 0 && wire.packets > 0)
        }
    }
}
