import ControlAPI
import Foundation
import Policy
import Testing
import Wire

@Suite struct ValueTests {
    @Test(arguments: [
        ("2026-11-23T10:31:07Z", "2026-11-23T10:31:07.000Z"),
        ("2026-11-23T10:31:07.114Z", "2026-11-23T10:31:07.114Z"),
        ("2026-11-23T10:31:07.1-05:00", "2026-11-23T15:31:07.100Z"),
        ("2026-11-23t00:30:00+02:00", "2026-11-22T22:30:00.000Z"),
        ("2028-02-29 23:59:59z", "2028-02-29T23:59:59.000Z"),
        ("2028-01-01", "2028-01-01T00:00:00.000Z"),
    ]) func timesAreRead(text: String, time: String) {
        #expect(RFC3339.timestamp(text)?.description == time)
    }

    @Test(arguments: [
        "", "now", "2027-02-29", "2026-11-23T24:00:00Z", "2026-11-23T10:31:60Z",
        "2026-11-23T10:31Z",
        "2026-11-23T10:31:07", "2026-11-23T10:31:07.1234567Z", "2026-11-23T10:31:07.Z",
        "2026-11-23T10:31:07+2:00", "2026-11-23T10:31:+7Z", "２026-11-23", "2026-11-23T10:31:07Zx",
    ]) func timesAreRefused(text: String) {
        #expect(RFC3339.timestamp(text) == nil)
    }

    @Test(arguments: [
        ("90s", 90, "90s"), ("30m", 1_800, "30m"), ("12h", 43_200, "12h"), ("24h", 86_400, "1d"),
        ("14d", 1_209_600, "2w"),
    ]) func termsAreRead(text: String, seconds: Int, shown: String) {
        #expect(BlockTerm(text: text) == .seconds(Int64(seconds)))
        #expect(BlockTerm(text: text)?.text == shown)
    }

    @Test(arguments: [
        "", "12", "h", "0h", "012h", "-1h", "+1h", "1.5h", "1y", "1000000s", "1H", "Ever",
    ])
    func termsAreRefused(text: String) {
        #expect(BlockTerm(text: text) == nil)
    }

    @Test func everIsForever() {
        #expect(BlockTerm(text: "ever") == .untilReleased)
        #expect(BlockTerm.untilReleased.text == "ever")
    }

    @Test(arguments: [
        ("blok", "block"), ("blcok", "block"), ("stauts", "status"), ("relase", "release"),
        ("xempt", "exempt"),
    ]) func misspeltWordsAreGuessed(word: String, meant: String) {
        let words = ["status", "block", "blocks", "release", "exempt", "tag", "untag"]
        #expect(Suggestion.nearest(to: word, among: words) == meant)
    }

    @Test(arguments: ["frobnicate", "gat!", String(repeating: "a", count: 100)])
    func otherWordsAreNot(word: String) {
        #expect(Suggestion.nearest(to: word, among: ["status", "tag"]) == nil)
    }

    @Test(arguments: [
        ("plain ñ 手机", "plain ñ 手机"),
        ("a\u{1b}[2Jb", "a\\u{1b}[2Jb"), ("x\ny\r", "x\\u{a}y\\u{d}"),
        ("\u{9b}31m", "\\u{9b}31m"), ("a\u{202e}b\u{2066}", "a\\u{202e}b\\u{2066}"),
        ("\u{7f}\u{2028}", "\\u{7f}\\u{2028}"),
    ]) func hiddenCharactersAreShown(text: String, shown: String) {
        #expect(Printable.escaped(text) == shown)
    }

    @Test(arguments: ["a b/c?d&e=f%g#h+i", "ñ手", ""])
    func percentCodingGoesBothWays(text: String) {
        let coded = PercentCoding.encoded(text)
        #expect(coded.utf8.allSatisfy { $0 < 0x80 && $0 > 0x20 })
        #expect(PercentCoding.decoded(coded) == text)
    }

    @Test(arguments: ["%", "%2", "%zz", "%+1", "%ff", "%c3%28"])
    func brokenPercentCodingIsRefused(text: String) {
        #expect(PercentCoding.decoded(text) == nil)
    }

    @Test func everyRouteFindsItself() {
        for operation in Operation.allCases {
            let match = RouteMatch.find(
                method: operation.method.rawValue, path: operation.path("a/b", "c"))
            guard case .operation(let found, let parameters) = match else {
                Issue.record("\(operation) is not found")
                continue
            }
            #expect(found == operation)
            #expect(parameters == Array(["a/b", "c"].prefix(operation.path.count { $0 == "{" })))
        }
    }

    @Test func decisionsOfPolicyBecomeRecords() throws {
        let source = SourceLocation(file: "policy.d/x.yaml", line: 7)
        let record = WhyRecord(WhyStep(holds: true, text: "it is tagged x", source: source))
        #expect(record == WhyRecord(ok: true, text: "it is tagged x", source: "policy.d/x.yaml:7"))
    }

    /// Absent fields are left out, names are in snake case, and what is written is read.
    @Test func eventsTravelAsTheContractSays() throws {
        let event = Fixtures.event(7)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let text = String(decoding: try encoder.encode(event), as: UTF8.self)
        #expect(
            text == """
                {"block":"B-7F3K","device":"02:00:00:00:00:07","device_name":"bench-phone-7",\
                "endpoint":"account.xiaomi.com","id":7,"latency_us":2100,"policy":"xiaomi",\
                "region":"CU","rule":"policy.d/10-xiaomi.yaml:16","site":"havana-shop",\
                "text":"bench-phone-7 was cut off: it asked for account.xiaomi.com",\
                "time":"2026-11-23T10:37:07.116Z","time_us":1795430227116000,\
                "type":"block.created","vector":"dns","verdict":"block"}
                """)
        #expect(try JSONDecoder().decode(EventRecord.self, from: Data(text.utf8)) == event)
    }

    @Test func clientsPassOverFieldsTheyDoNotKnow() throws {
        let text = #"{"mode":"enforce","configured":"monitor","colour":"red"}"#
        let reply = try JSONDecoder().decode(ModeReply.self, from: Data(text.utf8))
        #expect(reply == Fixtures.mode)
    }
}
