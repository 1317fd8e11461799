import Firewall
import Netfilter
import Testing

/// What nft prints, in the form of `Ruleset.text`: without the table's flags and the name of its
/// owner, which stand in the first lines, and with counters at zero.
func normalised(_ listing: String) -> String {
    var text = ""
    for line in listing.split(separator: "\n", omittingEmptySubsequences: false) {
        if line == "\tflags owner" || line == "\tflags " { continue }
        if line.hasPrefix("table "), let brace = line.firstIndex(of: "{") {
            text += line[...brace] + "\n"
        } else {
            text += line + "\n"
        }
    }
    text.removeLast()
    // A blank line stood between the flags and the first set.
    text = text.replacing("{\n\n", with: "{\n")
    // What expires is printed with the time it has left.
    text = text.replacing(#/\t\telements = \{[^}]*expires[^}]*\}\n/#, with: "")
    // The native expression, where the kernel has it.
    text = text.replacing(#/queue flags bypass to (\d+)/#) { "queue num \($0.1) bypass" }
    text = text.replacing(#/queue to (\d+)/#) { "queue num \($0.1)" }
    return text.replacing(#/counter packets \d+ bytes \d+/#, with: "counter packets 0 bytes 0")
}

/// `text` as the nft of this machine can print it.
///
/// nft prints xt targets by the extensions in Debian's iptables package, and nothing in their place
/// where that is not installed. A test with the expressions themselves stands beside this.
func printable(_ text: String, _ features: KernelFeatures) -> String {
    guard !features.nativeQueue, !hasTargetExtensions else { return text }
    return text.replacing(#/queue num \d+( bypass)?/#, with: "")
}

private var hasTargetExtensions: Bool {
    let found = try? shell("ls /usr/lib/*/xtables/libxt_NFQUEUE.so")
    return found?.contains("libxt_NFQUEUE") == true
}

/// Says which lines differ instead of printing both texts.
func expectEqualLines(
    _ actual: String, _ expected: String, sourceLocation: SourceLocation = #_sourceLocation
) {
    let left = actual.split(separator: "\n", omittingEmptySubsequences: false)
    let right = expected.split(separator: "\n", omittingEmptySubsequences: false)
    for (line, (one, other)) in zip(left, right).enumerated() where one != other {
        Issue.record(
            "line \(line + 1): nft \"\(one)\", text \"\(other)\"", sourceLocation: sourceLocation)
    }
    #expect(left.count == right.count, sourceLocation: sourceLocation)
}

extension NftConnection {
    /// All our tables as the kernel has them.
    mutating func readTables() throws -> [TableFamily: KernelTable] {
        var tables: [TableFamily: KernelTable] = [:]
        for family in TableFamily.allCases { tables[family] = try readTable(family) }
        return tables
    }
}
