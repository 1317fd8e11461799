import Foundation

/// tcpdump on a node's one wire, of all that comes in by it: in the internet, that is everything
/// the gateway lets out.
final class Witness {
    private let lab: Lab
    let file: String
    private let dump: RunningTool

    /// - Parameter octets: kept of each packet. The kernel divides the buffer by it: the fewer, the
    ///   more packets fit.
    /// - Parameter direction: `in`, `out` or `inout`.
    init(
        in lab: Lab, at node: Lab.Node = .inet, on interface: String = "eth0", octets: Int = 8192,
        direction: String = "in"
    ) throws {
        self.lab = lab
        file = lab.path("wire-\(UUID().uuidString.prefix(8)).pcap")
        // The buffer holds more than a whole test: the kernel must not drop what we count.
        dump = try lab.start(
            node,
            words: [
                "tcpdump", "-i", interface, "-Q", direction, "-B", "131072", "-s", "\(octets)",
                "-Z",
                "root",
                "--immediate-mode", "-w", file,
            ])
        let dump = dump
        let isListening = waitUntil(seconds: 5) { dump.errors.contains("listening on") }
        guard isListening else { throw LabError("tcpdump: \(dump.errors)") }
    }

    /// What was on the wire, counted.
    struct Report: Decodable {
        let packets: Int
        /// Packets of the sources before, in and after the window.
        let before: Int
        let within: Int
        let after: Int
        let firstAfterUs: Int
        /// Packets of anybody that carry the name.
        let named: Int?
        /// Datagrams of a flood, and those of them that were sent behind a trigger.
        let flood: Int?
        let leaked: Int?
    }

    /// Ends the recording. A witness that missed a packet is none: that throws.
    func close() throws {
        // What is on its way through the stack now must still be seen.
        letPass(milliseconds: 100)
        let said = try dump.stop().errors
        guard said.contains("\n0 packets dropped by kernel") else {
            throw LabError("the witness missed packets: \(said)")
        }
    }

    func report(ranges: String) throws -> Report {
        try KernelTests.report(
            Report.self,
            of: tool(
                [Place.program("LabPeer"), "wire", "--file", file, "--ranges", ranges], within: 120)
        )
    }

    func report(sources: [String], name: String? = nil, from: Int, to: Int) throws -> Report {
        var words = [Place.program("LabPeer"), "wire", "--file", file, "--window", "\(from),\(to)"]
        for source in sources { words += ["--source", source] }
        if let name { words += ["--name", name] }
        return try KernelTests.report(Report.self, of: tool(words))
    }

    /// When each packet was there that a pcap-filter(7) expression matches, in microseconds.
    func times(of filter: String, after instant: Int = 0) throws -> [Int] {
        let said = try tool(["tcpdump", "-r", file, "-nn", "-tt", filter])
        guard said.status == 0 else { throw LabError("tcpdump \(filter): \(said.errors)") }
        return said.lines.compactMap { line in
            let parts = line.prefix { $0 != " " }.split(separator: ".")
            guard parts.count == 2, let seconds = Int(parts[0]), let rest = Int(parts[1]) else {
                return nil
            }
            let time = seconds * 1_000_000 + rest
            return time > instant ? time : nil
        }
    }
}
