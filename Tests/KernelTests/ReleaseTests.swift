import Foundation
import Testing

extension KernelSuite {
    /// A release really releases, and only that.
    @Suite(.serialized)
    struct ReleaseTests {
        /// How long kernel and store may differ after a command has returned.
        private static let agreementSeconds = 0.1

        @Test func aHundredAreReleasedExactly() throws {
            let gateway = try Gateway.up()
            let (havana, madrid) = try blockMany(gateway)
            let phone = try gateway.cutPhone()
            #expect(try gateway.devicesInForce().count == 100)
            try expectAgreement(gateway)
            #expect(
                try gateway.kernelSets().down.isSuperset(of: ["10.20.2.1", "2001:db8:20::2:1"]))

            // One by its MAC, twice; one by its reference, twice: the second changes nothing.
            let before = try gateway.lastEvent
            let code = try #require(
                gateway.blocksInForce().first { $0.device == havana[1] }
            ).id
            for target in [havana[0], havana[0], code, code] {
                let said = try gateway.command("release", target, "--reason", "sold")
                #expect(said.status == 0, "\(said.errors)")
                try expectAgreement(gateway)
            }
            let told = try gateway.events(after: before).filter { $0.type == "block.released" }
            #expect(told.map(\.device) == [havana[0], havana[1]])
            #expect(try gateway.devicesInForce().count == 98)
            let down = try gateway.kernelSets().down
            #expect(down.isDisjoint(with: ["10.20.2.1", "2001:db8:20::2:1", "10.20.2.2"]))

            try gateway.succeed("block", havana[0], "--for", "2s", "--reason", "two seconds")
            #expect(try gateway.devicesInForce().count == 99)
            #expect(try waitUntil(seconds: 5) { try gateway.devicesInForce().count == 98 })
            try expectAgreement(gateway)

            try deny(gateway)
            try releaseRegion(gateway, phone: phone, count: 59, remaining: madrid.count)
            try releaseRest(gateway, madrid: madrid)
        }

        /// A question that waits in the queue when the device is released is older than the
        /// release: it must not cut the device again. A long queue of harmless ones stands before
        /// it, so that the command is there before the packet thread has come to the end.
        @Test func anOlderAttemptDoesNotCutAgain() throws {
            let gateway = try Gateway.up(Gateway.Options(dns: "gateway"))
            let lab = gateway.lab
            for round in 0..<5 {
                let block = try #require(gateway.cutPhone().block)
                gateway.daemon?.signal(SIGSTOP)
                // Every fourth frame is a question: 3,000, and the queue holds 4,096.
                let asked = try lab.run(.phone, words: harmlessQuestions(in: lab, frames: 12_000))
                #expect(asked.status == 0, "\(asked.errors)")
                let dig = try lab.start(
                    .phone,
                    words: [
                        "dig", "+tries=1", "+time=1", "@\(try lab.value("gw_v4"))", Gateway.trigger,
                    ])
                let release = try RunningTool([
                    Place.program("regionlock"), "--run", lab.path("run"), "release", block,
                    "--reason", "older",
                ])
                letPass(milliseconds: 200)
                gateway.daemon?.signal(SIGCONT)
                #expect(try release.finish().status == 0)
                letPass(milliseconds: 300)
                #expect(try gateway.blocksInForce().isEmpty, "round \(round)")
                _ = try dig.finish()
                #expect(try lab.reaches(.phone), "round \(round)")
            }
        }

        private func harmlessQuestions(in lab: Lab, frames: Int) throws -> [String] {
            let (mac, address) = (try lab.value("phone_mac"), try lab.value("phone_v4"))
            let gateway = try lab.value("gw_v4")
            return [
                Place.program("LabPeer"), "forge", "--interface", "eth0", "--mac", mac,
                "--gateway-mac", "02:00:00:00:20:01", "--gateway", gateway, "--to", gateway,
                "--resolver", gateway, "--as", "\(mac),\(address)", "--ask", "www.example.org",
                "--count", "\(frames)", "--rate", "30000",
            ]
        }

        @Test func whatExpiredWhileItWasDownIsNotEnforced() throws {
            let gateway = try Gateway.up()
            let lab = gateway.lab
            #expect(try lab.reaches(.phone))
            try gateway.succeed(
                "block", try lab.value("phone_mac"), "--for", "2s", "--reason", "short")
            try gateway.crash()
            #expect(!(try lab.reaches(.phone)), "nobody was there to end it")
            letPass(milliseconds: 2_200)
            try gateway.start()
            #expect(try lab.reaches(.phone))
            #expect(try lab.reaches(.phone, .v6))
            #expect(try gateway.kernelSets() == KernelSets())
            #expect(try gateway.events().contains { $0.type == "block.expired" })
        }

        enum Edit: String, CaseIterable {
            case noLongerDenied, over, excepted, neverBlock
        }

        /// Of the policy, or of who has its tag.
        @Test(arguments: Edit.allCases) func anEditReleases(_ edit: Edit) throws {
            let gateway = try Gateway.up()
            let lab = gateway.lab
            try gateway.cutPhone()
            #expect(!(try lab.reaches(.phone)))
            let mac = try lab.value("phone_mac")
            switch edit {
            case .noLongerDenied:
                try change(gateway, "policy.d/xiaomi-2021.yaml") { lines in
                    lines.removeAll { $0.hasPrefix("  - CU") }
                    // The policy's own tests say that Cuba is denied.
                    let tests = try #require(lines.firstIndex { $0.hasPrefix("tests:") })
                    lines.removeSubrange(tests...)
                }
            case .over:
                try change(gateway, "policy.d/xiaomi-2021.yaml") { lines in
                    let from = try #require(lines.firstIndex { $0.hasPrefix("valid:") })
                    lines.insert("  until: 2026-01-01", at: from + 1)
                }
            case .excepted:
                try change(gateway, "devices.d/10-xiaomi.yaml") { lines in
                    let except = try #require(lines.firstIndex { $0.hasPrefix("except:") })
                    lines[except] = "except:\n  - mac: \"\(mac)\""
                }
            case .neverBlock:
                try gateway.write(
                    "version: 1\ndevices:\n  - {mac: \"\(mac)\", tags: [never-block]}\n",
                    to: "devices.d/70-spared.yaml")
            }
            let said = try gateway.succeed("reload", "--dry-run").text
            #expect(said.contains("1 device: internet back"), "\(said)")
            try gateway.succeed("reload")
            try expectAgreement(gateway)
            #expect(try gateway.kernelSets() == KernelSets())
            #expect(try gateway.cutFlows().isEmpty)
            for family in Lab.Family.allCases {
                #expect(try lab.reaches(.phone, family), "\(family.testDescription)")
            }
        }

        private func change(
            _ gateway: Gateway, _ file: String, _ edit: (inout [Substring]) throws -> Void
        ) throws {
            var lines = try gateway.read(file)
                .split(separator: "\n", omittingEmptySubsequences: false)
            try edit(&lines)
            try gateway.write(lines.joined(separator: "\n"), to: file)
        }

        // MARK: Steps

        /// 60 devices in Havana and 39 in Madrid, with addresses, cut by hand.
        private func blockMany(_ gateway: Gateway) throws -> (havana: [String], madrid: [String]) {
            func mac(_ number: Int) -> String {
                let octet = String(number, radix: 16)
                return "64:b4:73:01:00:" + (octet.count == 1 ? "0" : "") + octet
            }
            var lines: [String] = []
            for number in 1...99 {
                let (site, interface) = number <= 60 ? ("20", "lan0") : ("30", "lan1")
                let four = number <= 60 ? "10.20.2.\(number)" : "10.30.0.\(number + 100)"
                for address in [four, "2001:db8:\(site)::2:\(number)"] {
                    lines.append(
                        "neigh replace \(address) lladdr \(mac(number)) dev \(interface) "
                            + "nud reachable")
                }
            }
            let batch = gateway.lab.path("neighbours")
            try lines.joined(separator: "\n").write(
                toFile: batch, atomically: true, encoding: .utf8)
            let said = try gateway.lab.run(.gw, "ip", "-batch", batch)
            #expect(said.status == 0, "\(said.errors)")
            let all = (1...99).map(mac)
            for mac in all {
                try gateway.succeed("block", mac, "--for", "ever", "--reason", "many")
            }
            return (Array(all.prefix(60)), Array(all.dropFirst(60)))
        }

        private func expectAgreement(_ gateway: Gateway) throws {
            let agrees = try waitUntil(seconds: Self.agreementSeconds) {
                try gateway.kernelEqualsStore()
            }
            let sets = try gateway.kernelSets()
            let devices = try gateway.devicesInForce()
            #expect(agrees, "\(sets) \(devices)")
        }

        /// Neither the file's mode nor, where that was widened, the peer's account lets it in.
        private func deny(_ gateway: Gateway) throws {
            let before = try gateway.devicesInForce()
            let socket = gateway.lab.path("run/control.sock")
            for mode in [0o660, 0o666] {
                try FileManager.default.setAttributes(
                    [.posixPermissions: mode], ofItemAtPath: socket)
                let said = try tool([
                    "setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups",
                    Place.program("regionlock"), "--run", gateway.lab.path("run"), "release",
                    "--all", "--yes", "--reason", "not mine",
                ])
                #expect(said.status == 77, "mode \(mode): \(said.text)\(said.errors)")
            }
            #expect(try gateway.devicesInForce() == before)
        }

        private func releaseRegion(
            _ gateway: Gateway, phone: EventLine, count: Int, remaining: Int
        ) throws {
            let lab = gateway.lab
            #expect(!(try lab.reaches(.phone)))
            let preview = try gateway.succeed(
                "release", "--all", "--region", "CU", "--dry-run", "--reason", "lifted")
            #expect(preview.text.hasPrefix("\(count) devices would have"), "\(preview.text)")
            let asked = try gateway.command("release", "--all", "--reason", "nobody to ask")
            #expect(asked.status == 64, "\(asked.text)\(asked.errors)")
            let before = try gateway.lastEvent

            try gateway.succeed("release", "--all", "--region", "CU", "--yes", "--reason", "lifted")
            let back = nowMicroseconds
            try expectAgreement(gateway)
            let ping = try lab.run(
                .phone, "ping", "-c", "1", "-W", "1", try lab.value("web_v4"))
            #expect(ping.status == 0)
            #expect(nowMicroseconds - back < 1_000_000)
            #expect(try gateway.devicesInForce().count == remaining)
            #expect(try gateway.cutFlows().isEmpty)
            #expect(try gateway.kernelSets().down.allSatisfy { !$0.hasPrefix("10.20.") })
            let events = try gateway.events(after: before).filter { $0.type == "block.released" }
            #expect(Set(events.compactMap(\.device)).count == count && events.count == count)
            #expect(events.contains { $0.block == phone.block })
            // Only a new attempt cuts it again.
            letPass(milliseconds: 300)
            #expect(try gateway.devicesInForce().count == remaining)
        }

        /// On a terminal it says how many and asks; script(1) is one.
        private func ask(_ gateway: Gateway, answer: String, status: Int32) throws {
            let words = [
                Place.program("regionlock"), "--run", gateway.lab.path("run"), "release", "--all",
                "--region", "ES", "--reason", "asked",
            ]
            let command = "exec " + words.joined(separator: " ")
            let said = try tool([
                "sh", "-c",
                "{ sleep 1; echo \(answer); sleep 1; } | script -qec '\(command)' /dev/null",
            ])
            #expect(said.status == status, "\(said.text)\(said.errors)")
            #expect(said.text.contains("39 devices would have"), "\(said.text)")
            #expect(said.text.contains("Release them? [y/N]"), "\(said.text)")
        }

        private func releaseRest(_ gateway: Gateway, madrid: [String]) throws {
            try gateway.cutPhone()
            try gateway.succeed(
                "release", "--all", "--policy", "xiaomi-2021", "--yes", "--reason", "recalled")
            #expect(try gateway.devicesInForce() == Set(madrid))
            try expectAgreement(gateway)
            try ask(gateway, answer: "n", status: 1)
            #expect(try gateway.devicesInForce() == Set(madrid))
            try ask(gateway, answer: "y", status: 0)
            #expect(try gateway.devicesInForce().isEmpty)
            try gateway.succeed("block", madrid[0], "--for", "ever", "--reason", "once more")
            for _ in 0..<2 {
                try gateway.succeed("release", "--all", "--yes", "--reason", "the end")
                try expectAgreement(gateway)
                #expect(try gateway.kernelSets() == KernelSets())
            }
        }
    }
}
