import Policy
import Testing
import Wire

@Suite("Endpoint index")
struct EndpointIndexTests {
    private static let patterns = [
        "exact account.xiaomi.com", "suffix xiaomi.com", "below mi.com", "suffix com",
    ]

    @Test(
        "patterns match whole labels from the right",
        arguments: [
            ("account.xiaomi.com", [0, 1, 3]),
            ("ACCOUNT.Xiaomi.Com", [0, 1, 3]),
            ("a.account.xiaomi.com", [1, 3]),
            ("notaccount.xiaomi.com", [1, 3]),
            ("xiaomi.com", [1, 3]),
            ("notxiaomi.com", [3]),
            ("mi.com", [3]),
            ("i.mi.com", [2, 3]),
            ("a.i.mi.com", [2, 3]),
            ("account.xiaomi.com.evil.example", []),
            ("com", [3]),
            ("", []),
            ("account.xiaomi.com.", []),
            ("account-xiaomi.com", [3]),
        ] as [(String, [Int32])])
    func boundaries(name: String, expected: [Int32]) throws {
        let index = try EndpointIndex(Self.numbered(Self.patterns), seed: 7)
        #expect(Self.matches(index, name).sorted() == expected)
    }

    @Test("an exact pattern is not reached by a longer first label or by a foreign ending")
    func lookalikes() throws {
        let index = try EndpointIndex(Self.numbered(["exact account.xiaomi.com"]), seed: 1)
        #expect(index.matches(NameBuffer("account.xiaomi.com")))
        #expect(!index.matches(NameBuffer("notaccount.xiaomi.com")))
        #expect(!index.matches(NameBuffer("account.xiaomi.com.evil.example")))
        #expect(!index.matches(NameBuffer("account.xiaomi.co")))
        #expect(!index.matches(NameBuffer("xiaomi.com")))
    }

    @Test("patterns of one name come in the order they were given")
    func sharedNames() throws {
        let shared = ["suffix a.test", "exact a.test", "below a.test", "suffix a.test"]
        let index = try EndpointIndex(Self.numbered(shared), seed: 3)
        #expect(Self.matches(index, "a.test") == [0, 1, 3])
        #expect(Self.matches(index, "b.a.test") == [0, 2, 3])
    }

    @Test("an index without patterns matches nothing")
    func empty() {
        let index = EndpointIndex([], seed: 0)
        #expect(index.isEmpty)
        #expect(!index.matches(NameBuffer("a.test")))
    }

    @Test("10,000 random patterns agree with a naive matcher", arguments: [1, 2, 3] as [UInt64])
    func agreesWithNaiveMatcher(seed: UInt64) throws {
        var random = SplitMix64(state: seed)
        var patterns: [(pattern: EndpointPattern, id: Int32)] = []
        for id in 0..<10_000 {
            patterns.append((try Self.randomPattern(using: &random), Int32(id)))
        }
        let index = EndpointIndex(patterns, seed: seed)
        var hits = 0
        for _ in 0..<400 {
            let name = Self.randomName(using: &random)
            let expected = patterns.filter { Self.naive($0.pattern, name) }.map(\.id)
            hits += expected.count
            #expect(Self.matches(index, name).sorted() == expected, "\(name)")
        }
        #expect(hits > 400, "the names must hit often enough to prove something")
    }

    private static func matches(_ index: EndpointIndex, _ name: String) -> [Int32] {
        var found: [Int32] = []
        index.forEachMatch(in: NameBuffer(name)) { found.append($0) }
        return found
    }

    private static func numbered(
        _ texts: [String]
    ) throws -> [(pattern: EndpointPattern, id: Int32)] {
        try texts.enumerated().map { index, text in
            let words = text.split(separator: " ")
            let name = try #require(DomainName(words[1]))
            let pattern: EndpointPattern =
                switch words[0] {
                case "exact": .exact(name)
                case "suffix": .suffix(name)
                default: .below(name)
                }
            return (pattern, Int32(index))
        }
    }

    private static func naive(_ pattern: EndpointPattern, _ name: String) -> Bool {
        let base = pattern.name.text
        return switch pattern {
        case .exact: name == base
        case .suffix: name == base || name.hasSuffix("." + base)
        case .below: name.hasSuffix("." + base)
        }
    }

    /// One to four labels out of few letters, so that names share nodes and often match.
    private static func randomName(using random: inout SplitMix64) -> String {
        (0..<Int.random(in: 1...4, using: &random)).map { _ in
            String(
                (0..<Int.random(in: 1...2, using: &random)).map { _ in
                    "abcdefgh".randomElement(using: &random) ?? "a"
                })
        }.joined(separator: ".")
    }

    private static func randomPattern(using random: inout SplitMix64) throws -> EndpointPattern {
        let name = try #require(DomainName(randomName(using: &random)))
        return switch Int.random(in: 0..<3, using: &random) {
        case 0: .exact(name)
        case 1: .suffix(name)
        default: .below(name)
        }
    }
}

/// A generator with a seed, so that a failure can be repeated (Steele et al., 2014).
private struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
        return mixed ^ mixed >> 31
    }
}
