import ControlAPI
import Foundation
import PacketMill
import Testing

/// `regionlock replay` as people run it: what it prints, where, and its exit status.
@Suite(.serialized) struct ReplayProgramTests {
    /// It stands beside the program that runs the tests: `swift build --build-tests` makes both.
    private static let program = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        .deletingLastPathComponent().appendingPathComponent("regionlock")
    private static let golden = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("Golden")

    /// A directory with settings and captures, gone afterwards.
    private final class Stage {
        let directory: URL

        init(mode: String = "enforce") throws {
            directory = FileManager.default.temporaryDirectory
                .appendingPathComponent("rl-replay-\(UUID().uuidString)")
            for name in ["devices.d", "policy.d"] {
                try FileManager.default.createDirectory(
                    at: directory.appendingPathComponent(name), withIntermediateDirectories: true)
            }
            try write(
                "regionlock.yaml",
                Array(
                    """
                    version: 1
                    gateway: {name: gw, mode: \(mode)}
                    sites:
                      - {name: shop, region: CU, match: {interfaces: [lan0]}}
                      - {name: office, region: ES, match: {interfaces: [lan1]}}

                    """.utf8))
            try write(
                "devices.d/10-phones.yaml",
                Array("version: 1\ntag: phone\nmatch: [{mac: \"64:09:80:00:00:07\"}]\n".utf8))
            try write(
                "policy.d/p.yaml",
                Array(
                    """
                    version: 1
                    policy: p
                    title: A policy
                    mode: enforce
                    applies_to: {tags: [phone]}
                    deny_regions: [CU]
                    activation: {domains: [account.example.com, "*.account.example.com"]}
                    message: Not here.

                    """.utf8))
            try write("questions.pcap", ReplayTests.questions().octets)
        }

        deinit { try? FileManager.default.removeItem(at: directory) }

        func write(_ name: String, _ octets: [UInt8]) throws {
            try Data(octets).write(to: directory.appendingPathComponent(name))
        }
    }

    private struct Outcome {
        let status: Int32
        let output: String
        let errors: String
    }

    private static func replay(
        _ stage: Stage, _ arguments: String..., input: [UInt8] = []
    ) throws -> Outcome {
        let process = Process()
        process.executableURL = program
        process.arguments = ["replay"] + arguments + ["--config", stage.directory.path]
        process.currentDirectoryURL = stage.directory
        let (standardInput, output, errors) = (Pipe(), Pipe(), Pipe())
        process.standardInput = standardInput
        process.standardOutput = output
        process.standardError = errors
        try process.run()
        // All of it fits into the pipe.
        try standardInput.fileHandleForWriting.write(contentsOf: Data(input))
        try standardInput.fileHandleForWriting.close()
        let text = String(
            decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        let complaints = String(
            decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return Outcome(status: process.terminationStatus, output: text, errors: complaints)
    }

    private static func compare(_ text: String, golden name: String) throws {
        let file = golden.appendingPathComponent(name)
        if ProcessInfo.processInfo.environment["REGIONLOCK_UPDATE_GOLDENS"] == "1" {
            try Data(text.utf8).write(to: file)
        }
        #expect(try String(contentsOf: file, encoding: .utf8) == text)
    }

    @Test(
        "the text, and the same with JSON",
        arguments: [
            ("enforce.txt", "enforce", ["--interface", "lan0"]),
            ("enforce.json", "enforce", ["--interface", "lan0", "-o", "json"]),
            ("monitor.txt", "monitor", ["--site", "shop"]),
            ("office.txt", "enforce", ["--site", "office"]),
            ("all.txt", "enforce", ["--interface", "lan0", "--all"]),
            ("nobody.txt", "enforce", ["nobody.pcap"]),
        ])
    func golden(name: String, mode: String, arguments: [String]) throws {
        let stage = try Stage(mode: mode)
        var nobody = CaptureFile(.pcapng, interface: "lan0")
        nobody.add(
            Packets.datagram(
                Messages.question("a.example"), from: ReplayTests.other, to: ReplayTests.resolver),
            from: ReplayTests.other, to: ReplayTests.resolver, at: 1_795_392_000_000_000)
        try stage.write("nobody.pcap", nobody.octets)
        let words = arguments.first == "nobody.pcap" ? arguments : ["questions.pcap"] + arguments
        let outcome = try Self.run(stage, words)
        #expect(outcome.status == 0)
        #expect(outcome.errors == "")
        try Self.compare(outcome.output, golden: name)
    }

    private static func run(_ stage: Stage, _ words: [String]) throws -> Outcome {
        switch words.count {
        case 1: try replay(stage, words[0])
        case 3: try replay(stage, words[0], words[1], words[2])
        case 4: try replay(stage, words[0], words[1], words[2], words[3])
        default: try replay(stage, words[0], words[1], words[2], words[3], words[4])
        }
    }

    @Test("standard input says the same as the file")
    func standardInput() throws {
        let stage = try Stage()
        let file = try Self.replay(stage, "questions.pcap", "--interface", "lan0")
        let pipe = try Self.replay(
            stage, "-", "--interface", "lan0", input: ReplayTests.questions().octets)
        #expect(pipe.output == file.output)
        #expect(pipe.status == 0)
    }

    @Test("exit status 10 on request, when a device would be cut off")
    func exitCode() throws {
        let stage = try Stage()
        #expect(
            try Self.replay(stage, "questions.pcap", "--site", "shop", "--exit-code").status == 10)
        #expect(
            try Self.replay(stage, "questions.pcap", "--site", "office", "--exit-code").status == 0)
    }

    @Test("what was read before a damaged place is told; then file, byte and hint")
    func truncated() throws {
        let stage = try Stage()
        let whole = ReplayTests.questions().octets
        try stage.write("cut.pcap", Array(whole.dropLast(3)))
        let outcome = try Self.replay(stage, "cut.pcap", "--interface", "lan0")
        #expect(outcome.status == 1)
        #expect(outcome.output.contains("CUT OFF"))
        #expect(outcome.errors.hasPrefix("error: cut.pcap: byte "))
        #expect(outcome.errors.contains("ends inside a packet"))
        let empty = try Self.replay(stage, "-")
        #expect(empty.status == 1)
        #expect(empty.errors.hasPrefix("error: standard input: byte 0: the file is empty."))
    }

    @Test(
        "wrong use and missing things",
        arguments: [
            (["missing.pcap"], 66, "can't open missing.pcap: No such file or directory."),
            (["questions.pcap", "--site", "shopp"], 66, "Did you mean \"shop\"?"),
            (["questions.pcap", "--interface", "a/b"], 64, "is not the name of an interface"),
            (["."], 1, "can't read .: Is a directory."),
            (["policy.d/p.yaml"], 1, "byte 0: this is no capture"),
        ] as [([String], Int32, String)])
    func failures(words: [String], status: Int32, says: String) throws {
        let outcome = try Self.run(Stage(), words)
        #expect(outcome.status == status)
        #expect(outcome.errors.contains(says), "\(outcome.errors)")
        #expect(outcome.output == "")
    }

    @Test("a site whose devices' addresses say the region: by the database, and without it nobody")
    func regionsOfAddresses() throws {
        let stage = try Stage()
        let path = stage.directory.appendingPathComponent("db.mmdb").path
        let text = AddressRegionTests.gateway.replacing("/nowhere/db.mmdb", with: path)
        try stage.write("regionlock.yaml", Array(text.utf8))
        try stage.write("policy.d/p.yaml", Array(AddressRegionTests.policy.utf8))
        try stage.write(
            "devices.d/10-phones.yaml", Array(AddressRegionTests.devices.utf8))
        try stage.write("places.pcap", try AddressRegionTests.capture().octets)
        let words = ["places.pcap", "--interface", "lan0", "--exit-code"]

        let missing = try Self.run(stage, words)
        #expect(missing.status == 0)
        #expect(missing.errors.contains("regionlock.yaml:3:1: warning: can't use the GeoIP"))
        #expect(missing.errors.contains("No such file or directory"), "\(missing.errors)")
        #expect(missing.errors.contains("are of unknown region without it"))
        #expect(missing.output.contains("Nobody would be cut off."))

        try stage.write("db.mmdb", try AddressRegionTests.database())
        let whole = try Self.run(stage, words)
        #expect(whole.status == 10)
        #expect(whole.output.contains("4 devices would be cut off."), "\(whole.output)")
        #expect(whole.output.contains("192.0.2.66 is in UA, UA-43 by Test-City of 2026-11-20"))
        #expect(whole.output.contains("192.0.2.1 is in KP by Test-City of 2026-11-20"))
        #expect(!whole.errors.contains("can't use"), "\(whole.errors)")

        // Cut short in the middle: no part of it is used.
        try stage.write("half.mmdb", Array(try AddressRegionTests.database().prefix(300)))
        try stage.write("db.mmdb", Array(try AddressRegionTests.database().prefix(300)))
        let damaged = try Self.run(stage, words)
        #expect(damaged.status == 0)
        #expect(damaged.errors.contains("warning: can't use the GeoIP database"))
        #expect(damaged.output.contains("Nobody would be cut off."))
        let quiet = try Self.run(stage, words.dropLast() + ["-q"])
        #expect(quiet.errors.isEmpty, "\(quiet.errors)")

        // Another one by its name; one that was asked for must be there.
        try stage.write("other.mmdb", try AddressRegionTests.database())
        let other = try Self.replay(
            stage, "places.pcap", "--site", "campus", "--database",
            stage.directory.appendingPathComponent("other.mmdb").path, "--exit-code")
        #expect(other.status == 10 && !other.errors.contains("can't use"), "\(other.errors)")
        let half = try Self.replay(
            stage, "places.pcap", "--interface", "lan0", "--database", "half.mmdb")
        #expect(half.status == 66 && half.output.isEmpty, "\(half.errors)")
        #expect(half.errors.contains("can't use the GeoIP database half.mmdb"))

        // Where nobody's address is asked, the database is no matter.
        let office = try Self.replay(stage, "places.pcap", "--site", "office")
        #expect(office.errors.isEmpty && office.status == 0, "\(office.errors)")
    }

    @Test("settings that are not valid: 78, and what is wrong with them")
    func settings() throws {
        let stage = try Stage()
        try stage.write("policy.d/p.yaml", Array("version: 1\npolicy: p\n".utf8))
        let outcome = try Self.replay(stage, "questions.pcap")
        #expect(outcome.status == 78)
        #expect(outcome.errors.contains("policy.d/p.yaml:"))
    }

    @Test("a name with signs of a terminal or of JSON comes out escaped, and as JSON again")
    func escapes() throws {
        let stage = try Stage()
        var capture = CaptureFile(.pcap)
        let name = "\u{1b}[2J\"\\x\u{7}.example"
        capture.add(
            Packets.datagram(
                Messages.question(name), from: ReplayTests.phone, to: ReplayTests.resolver),
            from: ReplayTests.phone, to: ReplayTests.resolver, at: 1)
        try stage.write("odd.pcap", capture.octets)
        let text = try Self.replay(stage, "odd.pcap").output
        #expect(text.contains("\\x1b[2j\"\\\\092x\\x07.example"))
        #expect(text.unicodeScalars.allSatisfy { $0 == "\n" || !Printable.isHidden($0) })
        let line = try #require(
            try Self.replay(stage, "odd.pcap", "-o", "json").output.split(separator: "\n").first)
        let record = try JSONDecoder().decode(ReplaySightingRecord.self, from: Data(line.utf8))
        #expect(record.endpoint == "\\x1b[2j\"\\\\092x\\x07.example")
        // The fast way to write it says what the slow one does.
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        #expect(String(decoding: try encoder.encode(record), as: UTF8.self) == line)
    }
}
