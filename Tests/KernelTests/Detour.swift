import Foundation
import Testing

/// A program of the gateway through which its devices reach the internet, set up as administrators
/// do it: with rules in a table of their own that stand before ours.
final class Detour {
    enum Kind: String, CaseIterable, CustomTestStringConvertible {
        case proxy = "an explicit proxy"
        case redirect = "REDIRECT"
        case tproxy = "TPROXY"

        var testDescription: String { rawValue }
    }

    let kind: Kind
    private let lab: Lab
    private let program: RunningTool

    init(_ kind: Kind, in lab: Lab) throws {
        self.kind = kind
        self.lab = lab
        let resolver = try lab.value("resolver_v4")
        program = try lab.start(
            .gw,
            words: [
                "python3", Place.root.appending(path: "scripts/lab-proxy.py").path,
                "5300=\(resolver):53", "7100=\(try lab.value("web_v4")):7002",
            ])
        let program = program
        guard waitUntil(seconds: 10, { program.text.contains("ready") || !program.isRunning }),
            program.isRunning
        else { throw LabError("lab-proxy: \(program.errors)") }
        guard !rules.isEmpty else { return }
        let file = lab.path("detour.nft")
        try rules.write(toFile: file, atomically: true, encoding: .utf8)
        try demand("nft", "-f", file)
        guard kind == .tproxy else { return }
        // br_netfilter runs the rule before ip_rcv_core takes the socket away again.
        try lab.setBridgeNetfilter(false)
        for version in ["-4", "-6"] {
            try demand("ip", version, "rule", "add", "fwmark", "0x1/0xff", "lookup", "100")
            let all = version == "-4" ? "0.0.0.0/0" : "::/0"
            try demand("ip", version, "route", "add", "local", all, "dev", "lo", "table", "100")
        }
    }

    deinit { program.signal(SIGTERM) }

    private func demand(_ words: String...) throws {
        let said = try lab.run(.gw, words: words)
        guard said.status == 0 else { throw LabError("\(words): \(said.errors)") }
    }

    /// What the administrator loads; port 7000 is the echo of the lab's peers, 7002 their downlink.
    private var rules: String {
        switch kind {
        case .proxy: ""
        case .redirect:
            """
            table inet detour {
                chain before {
                    type nat hook prerouting priority -110; policy accept;
                    iifname "lan0" tcp dport { 80, 443, 7000 } redirect to :3128
                    iifname "lan0" tcp dport 53 fib daddr type != local redirect to :3128
                    iifname "lan0" udp dport 53 redirect to :5300
                    iifname "lan0" udp dport 7002 redirect to :7100
                }
            }
            """
        case .tproxy:
            """
            table inet detour {
                chain before {
                    type filter hook prerouting priority -160; policy accept;
                    iifname "lan0" meta nfproto ipv4 tcp dport { 80, 443, 7000 } \\
                        tproxy ip to :3129 meta mark set 1 accept
                    iifname "lan0" meta nfproto ipv6 tcp dport { 80, 443, 7000 } \\
                        tproxy ip6 to :3129 meta mark set 1 accept
                }
            }
            """
        }
    }

    /// Fetches a page of the lab's web by address, through the detour.
    func fetch(
        _ path: String = "/", from node: Lab.Node, over scheme: String, _ family: Lab.Family
    ) throws -> Output {
        try lab.run(node, words: fetching(path, over: scheme, family))
    }

    func fetching(
        _ path: String = "/", over scheme: String, _ family: Lab.Family
    ) throws -> [String] {
        let web = try lab.address("web", family)
        let gateway = try lab.address("gw", family)
        var words = ["curl", "-sS", "-k", "-m", "3", "--noproxy", ""]
        if kind == .proxy {
            words += ["-x", "http://\(family == .v4 ? gateway : "[\(gateway)]"):3128"]
        }
        return words + ["\(scheme)://\(family == .v4 ? web : "[\(web)]")\(path)"]
    }
}
