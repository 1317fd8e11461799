import Foundation
import Testing

/// A laboratory made by `scripts/lab`, gone when the value is.
final class Lab {
    enum Node: String {
        case gw, phone, phone2, laptop, inet
    }
    /// Both families, for tests that run over each.
    enum Family: String, CaseIterable, CustomTestStringConvertible {
        case v4, v6

        var testDescription: String { self == .v4 ? "IPv4" : "IPv6" }
    }

    let directory: String
    let hasNAT: Bool
    private let names: [String: String]

    init(nat: Bool = false, kea: Bool = false) throws {
        directory = "/tmp/rl-lab-\(UUID().uuidString.prefix(8))"
        hasNAT = nat
        let words = (nat ? ["--nat"] : []) + (kea ? ["--kea"] : [])
        let up = try tool([Place.lab, "up", directory] + words, within: 60)
        guard up.status == 0 else { throw LabError("lab up: \(up.errors)") }
        var names: [String: String] = [:]
        for line in try tool([Place.lab, "env", directory]).lines {
            let parts = line.split(separator: "=", maxSplits: 1)
            if parts.count == 2 { names[String(parts[0])] = String(parts[1]) }
        }
        self.names = names
    }

    deinit {
        _ = try? tool([Place.lab, "down", directory])
        try? FileManager.default.removeItem(atPath: directory)
    }

    /// A name or address of `lab env`.
    func value(_ key: String) throws -> String {
        guard let value = names[key] else { throw LabError("lab env has no \(key)") }
        return value
    }

    /// The address of something in a family: `address("web", .v6)`.
    func address(_ name: String, _ family: Family) throws -> String {
        try value("\(name)_\(family.rawValue)")
    }

    /// Every source address the phone's packets may carry on the wire outside.
    func phoneSources() throws -> [String] {
        let inner = hasNAT ? try value("phone_wan") : try value("phone_v4")
        return [inner, try value("phone_v6"), "fd20::31"]
    }

    /// A real QUIC client that asks for a page. It knows the address of the name without DNS: it
    /// has files of its own in /etc, for it names no server that it is given by number. Its
    /// connection id is the name (8 to 18 octets), which the wire shows, while the hello is sealed.
    func quicClient(to address: String, name: String) throws -> [String] {
        try "\(address) \(name)\n".write(
            toFile: path("hosts"), atomically: true, encoding: .utf8)
        try "hosts: files\n".write(
            toFile: path("nsswitch.conf"), atomically: true, encoding: .utf8)
        let mounts = ["hosts", "nsswitch.conf"].map { "mount --bind \(path($0)) /etc/\($0)" }
        let id = name.utf8.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
        return [
            "unshare", "-m", "sh", "-ec", "\(mounts.joined(separator: "; ")); exec \"$@\"", "sh",
            "timeout", "3", "gtlsclient", "-q", "--exit-on-all-streams-close", "--dcid=\(id)", name,
            "443", "https://\(name)/hello",
        ]
    }

    func path(_ name: String) -> String { "\(directory)/\(name)" }

    private func command(in node: Node, _ words: [String]) throws -> [String] {
        ["ip", "netns", "exec", try value("lab_\(node.rawValue)")] + words
    }

    /// Runs a command in a node to its end.
    @discardableResult
    func run(_ node: Node, _ words: String..., within seconds: Double = 20) throws -> Output {
        try tool(command(in: node, words), within: seconds)
    }

    func run(_ node: Node, words: [String]) throws -> Output { try tool(command(in: node, words)) }

    func start(_ node: Node, words: [String]) throws -> RunningTool {
        try RunningTool(command(in: node, words))
    }

    /// Starts a peer and waits until its conversation stands.
    func startPeer(_ node: Node, _ words: String...) throws -> RunningTool {
        let peer = try start(node, words: [Place.program("LabPeer")] + words)
        let stands = waitUntil(seconds: 5) { peer.text.contains("connected") || !peer.isRunning }
        guard stands, peer.isRunning else { throw LabError("\(words): \(peer.errors)") }
        return peer
    }

    /// Whether the inet hooks are shown what the bridges carry. Each namespace has its own.
    func setBridgeNetfilter(_ isOn: Bool) throws {
        for name in ["bridge-nf-call-iptables", "bridge-nf-call-ip6tables"] {
            let said = try run(.gw, "sysctl", "-qw", "net.bridge.\(name)=\(isOn ? 1 : 0)")
            guard said.status == 0 else { throw LabError("sysctl \(name): \(said.errors)") }
        }
    }

    /// Whether a device gets an answer to a harmless question through the internet.
    func reaches(_ node: Node, _ family: Family = .v4) throws -> Bool {
        let resolver = try address("resolver", family)
        let answer = try run(
            node, "dig", "+short", "+tries=1", "+time=1", "@\(resolver)", "www.example.org")
        return answer.text.contains(try value("web_v4"))
    }
}

/// Decodes what a peer or the API says: `time_us` becomes `timeUs`.
func decode<Value: Decodable>(_ type: Value.Type, from text: some StringProtocol) throws -> Value {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode(type, from: Data(text.utf8))
}

/// The last JSON line of a peer's output.
func report<Value: Decodable>(_ type: Value.Type, of output: Output) throws -> Value {
    guard output.status == 0, let line = output.lines.last else {
        throw LabError("no report, status \(output.status): \(output.text)\(output.errors)")
    }
    return try decode(type, from: line)
}
