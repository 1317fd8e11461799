import Engine
import Logging
import Policy
import RegionLockDaemon
import Systemd
import Testing
import Wire

/// The journal schema operators filter by.
@Suite struct EventLogTests {
    @Test func aBlockCarriesEveryField() throws {
        let event = Event(
            time: Timestamp(seconds: 1), kind: .blockCreated,
            device: .mac(MACAddress(value: 0x64b4_7300_0010)), deviceName: "phone",
            site: "havana-shop", region: Region("CU"), policy: "xiaomi",
            rule: Policy.SourceLocation(file: "policy.d/10-xiaomi.yaml", line: 24),
            block: BlockID("B-7F3K9Q"),
            evidence: Evidence(
                vector: .tls, name: "account.xiaomi.com",
                flow: "tcp 10.20.0.31:1 -> 203.0.113.2:443", latencyMicroseconds: 210),
            verdict: .block, text: "cut", by: "maria", reason: "test")
        let fields = EventLog.fields(of: event).mapValues(\.description)
        let names = Dictionary(
            uniqueKeysWithValues: fields.map { (JournalLogHandler.fieldName($0.key), $0.value) })
        let expected = [
            "REGIONLOCK_EVENT": "block.created", "REGIONLOCK_DEVICE": "phone",
            "REGIONLOCK_MAC": "64:b4:73:00:00:10", "REGIONLOCK_SITE": "havana-shop",
            "REGIONLOCK_REGION": "CU", "REGIONLOCK_POLICY": "xiaomi",
            "REGIONLOCK_RULE": "policy.d/10-xiaomi.yaml:24",
            "REGIONLOCK_ENDPOINT": "account.xiaomi.com", "REGIONLOCK_VECTOR": "tls",
            "REGIONLOCK_VERDICT": "block", "REGIONLOCK_BLOCK": "B-7F3K9Q",
            "REGIONLOCK_LATENCY_US": "210", "REGIONLOCK_BY": "maria",
            "REGIONLOCK_REASON": "test",
        ]
        for (name, value) in expected { #expect(names[name] == value, "\(name)") }
        #expect(names["MESSAGE_ID"] == MessageID(rawValue: "block.created")?.hex)
    }

    @Test(arguments: Event.Kind.allCases) func everyKindHasItsMessageID(_ kind: Event.Kind) throws {
        let event = Event(time: Timestamp(seconds: 1), kind: kind, text: "")
        let id = try #require(EventLog.fields(of: event)["MESSAGE_ID"]?.description)
        #expect(id.count == 32)
    }

    /// The catalogue's text for a policy's block would be wrong for an operator's.
    @Test func aBlockByHandHasAnIDOfItsOwn() {
        let event = Event(time: Timestamp(seconds: 1), kind: .blockCreated, text: "", by: "maria")
        let id = EventLog.fields(of: event)["MESSAGE_ID"]?.description
        #expect(id == MessageID.blockByHand.hex)
    }

    /// What a device sent is escaped before it is text of ours.
    @Test func namesFromTheWireCannotForgeALine() {
        let name = NameBuffer("a\nMESSAGE=forged\u{1b}[2J.example")
        #expect(!name.description.contains("\n"))
        #expect(!name.description.contains("\u{1b}"))
    }
}
