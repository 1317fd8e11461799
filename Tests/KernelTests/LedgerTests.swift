import Foundation
import Testing

extension KernelSuite {
    /// What the ledger of first activations means on the wire (`on: first-activation`).
    @Suite(.serialized)
    struct LedgerTests {
        private static let policy = "policy.d/xiaomi-2021.yaml"

        /// A gateway whose policy looks at first activations.
        private func gateway() throws -> Gateway {
            let gateway = try Gateway.up()
            let whole = try gateway.read(Self.policy)
            let policy =
                whole.firstRange(of: "\ntests:").map { whole[..<$0.lowerBound] } ?? whole[...]
            try #require(policy.contains("activation:\n"))
            try gateway.write(
                policy.replacing("activation:\n", with: "on: first-activation\nactivation:\n")
                    + "\n", to: Self.policy)
            try gateway.succeed("reload")
            return gateway
        }

        /// A list of one phone, sold there.
        private func list(_ mac: String, in region: String, _ gateway: Gateway) throws -> String {
            let path = gateway.lab.path("sold.csv")
            try "device,region,activated_at,source\n\(mac),\(region),2026-03-02,receipt 881\n"
                .write(toFile: path, atomically: true, encoding: .utf8)
            return path
        }

        private func ask(_ lab: Lab, _ family: Lab.Family) throws -> Output {
            try lab.run(
                .phone,
                words: [
                    "dig", "+short", "+tries=1", "+time=2", "A", Gateway.trigger,
                    "@\(try lab.address("resolver", family))",
                ])
        }

        /// The same phone, the same question: without the list it is cut off, and with it not,
        /// whether the list comes before the attempt or after it, and also by the next daemon.
        @Test(arguments: Lab.Family.allCases)
        func theListedPhoneIsNotLocked(_ family: Lab.Family) throws {
            let gateway = try gateway()
            let lab = gateway.lab
            let mac = try lab.value("phone_mac")
            try #require(try lab.reaches(.phone, family))

            // The control: nobody has listed it.
            let first = try Witness(in: lab)
            #expect(!(try ask(lab, family).text.contains(lab.value("web_v4"))))
            _ = try gateway.awaitEvent("block.created", after: 0)
            #expect(!(try lab.reaches(.phone, family)))
            try first.close()
            let cut = try first.report(
                sources: lab.phoneSources(), name: Gateway.trigger, from: 0, to: .max)
            #expect(cut.named == 0, "the trigger was on the wire")

            let path = try list(mac, in: "ES", gateway)
            let dry = try gateway.succeed("ledger", "import", path, "--dry-run")
            #expect(dry.text.contains("1 device would be added"), "\(dry.text)")
            #expect(dry.text.contains("1 device would have the internet back"), "\(dry.text)")
            #expect(try gateway.blocksInForce().count == 1)
            let before = try gateway.lastEvent
            try gateway.succeed("ledger", "import", path, "--reason", "sales of March")
            let told = try gateway.events(after: before).map(\.type)
            #expect(told.contains("ledger.imported") && told.contains("block.released"), "\(told)")
            #expect(try gateway.kernelSets() == KernelSets())
            for family in Lab.Family.allCases { #expect(try lab.reaches(.phone, family)) }

            try expectServed(gateway, family)
            try gateway.restart()
            try expectServed(gateway, family)
            #expect(try gateway.command("ledger", "verify").text.contains("1 entry, whole"))
        }

        /// It asks and is answered, and the question is on the wire.
        private func expectServed(_ gateway: Gateway, _ family: Lab.Family) throws {
            let lab = gateway.lab
            let witness = try Witness(in: lab)
            let said = try ask(lab, family)
            #expect(said.text.contains(try lab.value("web_v4")), "\(said.text)\(said.errors)")
            try witness.close()
            let wire = try witness.report(
                sources: lab.phoneSources(), name: Gateway.trigger, from: 0, to: .max)
            #expect((wire.named ?? 0) > 0, "the trigger was not on the wire")
            #expect(try gateway.blocksInForce().isEmpty)
            #expect(try lab.reaches(.phone, family))
        }

        /// Listed where the policy denies it, it is cut off there all the same.
        @Test func aListOfADeniedRegionSparesNobody() throws {
            let gateway = try gateway()
            let lab = gateway.lab
            try gateway.succeed(
                "ledger", "import", try list(try lab.value("phone_mac"), in: "CU", gateway))
            _ = try ask(lab, .v4)
            _ = try gateway.awaitEvent("block.created", after: 0)
            #expect(!(try lab.reaches(.phone)))
        }

        private struct Entries: Decodable {
            struct Entry: Decodable {
                let number: Int
                let device: String
                let region: String
                let note: String
            }
            let items: [Entry]
            let next: String?
        }

        /// A list of many, asked for in pages and in parts; a list with one mistake adds nothing.
        @Test func theLedgerIsShownInPagesAndParts() throws {
            let gateway = try gateway()
            let path = gateway.lab.path("many.csv")
            let lines = (0..<2_500).map { number in
                let octets = [number >> 8, number & 255].map {
                    String($0 + 256, radix: 16).suffix(2)
                }
                let region = number == 2_400 ? "UA-30" : "ES"
                return "64:b4:73:\(octets.joined(separator: ":")):10,\(region),2026-03-02,a\n"
            }
            let list = "device,region,activated_at,source\n" + lines.joined()
            try (list + "64:b4:73:00:00:10,MX,2026-03-02,a\n").write(
                toFile: path, atomically: true, encoding: .utf8)
            let refused = try gateway.command("ledger", "import", path)
            #expect(refused.status == 65 && refused.errors.contains("\(path):2502:1: error: "))
            #expect(try gateway.command("ledger").errors.isEmpty)
            #expect(try entries(gateway, "").items.isEmpty)
            try list.write(toFile: path, atomically: true, encoding: .utf8)
            try gateway.succeed("ledger", "import", path)
            let again = try gateway.succeed("ledger", "import", path)
            #expect(again.text.contains("0 devices added, 2500 known already"), "\(again.text)")

            var numbers: [Int] = []
            var cursor: String? = ""
            while let place = cursor {
                let query = place.isEmpty ? "" : "&cursor=\(place)"
                let page = try entries(gateway, "?limit=999\(query)")
                numbers += page.items.map(\.number)
                cursor = page.next
            }
            #expect(numbers == Array(1...2_500))
            // A country stands for its parts; the one entry stands far behind the first page.
            let part = try entries(gateway, "?region=UA&limit=1")
            #expect(part.items.map(\.number) == [2_401] && part.next == nil)
            #expect(part.items.first?.note == "a, imported by root")
            let device = try entries(gateway, "?device=64:b4:73:00:07:10")
            #expect(device.items.map(\.number) == [8] && device.items.first?.region == "ES")
            #expect(try entries(gateway, "?since=2026-03-03").items.isEmpty)
            let head = try gateway.succeed("ledger", "verify")
            #expect(head.text.contains("2500 entries, whole"), "\(head.text)")
        }

        private func entries(_ gateway: Gateway, _ query: String) throws -> Entries {
            let reply = try tool([
                "curl", "-sS", "--fail-with-body", "-m", "5", "--unix-socket",
                gateway.lab.path("run/status.sock"), "http://localhost/v1/ledger\(query)",
            ])
            guard reply.status == 0 else { throw LabError("\(reply.text)\(reply.errors)") }
            return try decode(Entries.self, from: reply.text)
        }

        /// Somebody changes the database while the daemon is down: the next one says so, goes on
        /// with all else that is stored, and `verify` names the entry.
        @Test func aTamperedRowIsTold() throws {
            let gateway = try gateway()
            let lab = gateway.lab
            for (mac, region) in [("64:b4:73:00:00:77", "ES"), ("64:b4:73:00:00:78", "MX")] {
                try gateway.succeed("ledger", "import", try list(mac, in: region, gateway))
            }
            try gateway.succeed("exempt", "64:b4:73:00:00:79", "--for", "30d", "--reason", "test")
            try gateway.restart()
            #expect(try gateway.command("ledger", "verify").status == 0)
            #expect(try gateway.events().allSatisfy { $0.type != "ledger.broken" })
            let before = try gateway.lastEvent
            try gateway.end(SIGTERM)
            let change = try tool([
                "python3", "-c",
                "import sqlite3, sys\ndb = sqlite3.connect(sys.argv[1])\n"
                    + "db.execute(\"UPDATE ledger SET region = 'CU' WHERE number = 1\")\n"
                    + "db.commit()\ndb.close()",
                lab.path("state/regionlock.db"),
            ])
            try #require(change.status == 0, "\(change.errors)")
            try gateway.start()
            let event = try gateway.awaitEvent("ledger.broken", after: before)
            #expect(event.text.hasPrefix("entry 1 of the ledger"), "\(event.text)")
            #expect(gateway.log.contains("entry 1 of the ledger"), "\(gateway.log)")
            #expect(try gateway.events().allSatisfy { $0.type != "store.lost" })
            let verified = try gateway.command("ledger", "verify")
            #expect(verified.status == 30, "\(verified.text)")
            #expect(verified.text.contains("BROKEN: entry 1 does not follow"), "\(verified.text)")
            let status = try gateway.command("status")
            #expect(status.status == 20 && status.text.contains("regionlock ledger verify"))
            #expect(
                try gateway.succeed("exemptions", "-o", "json").text.contains("64:b4:73:00:00:79"))

            // Whoever has the export finds it as well.
            let path = lab.path("ledger.jsonl")
            let export = try gateway.succeed("ledger", "export").text
            try export.write(toFile: path, atomically: true, encoding: .utf8)
            let offline = try gateway.command("ledger", "verify", path)
            #expect(offline.status == 30 && offline.text == verified.text, "\(offline.text)")
        }
    }
}
