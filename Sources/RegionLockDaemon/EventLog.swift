package import Engine
package import Logging
import Policy
import Systemd
import Wire

/// Turns events into journal entries: the one place where an event becomes a line.
package struct EventLog: Sendable {
    private let logger: Logger

    package init(logger: Logger) { self.logger = logger }

    func tell(_ event: Event) {
        logger.log(level: event.kind.level, "\(event.text)", metadata: Self.fields(of: event))
    }

    func storeFailed(_ why: String, waiting: Int) {
        logger.error(
            "the store does not take changes (\(why)): blocks hold in the kernel, trying again",
            metadata: ["event": "store.failed", "waiting": "\(waiting)"])
    }

    func recovered(count: Int) {
        logger.notice(
            "the store takes changes again: \(count) entries written",
            metadata: ["event": "store.recovered"])
    }

    private static func messageID(of event: Event) -> MessageID? {
        if event.kind == .blockCreated, event.policy == nil { return .blockByHand }
        return MessageID(rawValue: event.kind.rawValue)
    }

    /// `REGIONLOCK_DEVICE` and its companions, as `journalctl -o verbose` shows them.
    package static func fields(of event: Event) -> Logger.Metadata {
        var fields: Logger.Metadata = ["event": "\(event.kind.rawValue)"]
        if let id = messageID(of: event) { fields["MESSAGE_ID"] = "\(id.hex)" }
        func add(_ key: String, _ value: String?) {
            if let value { fields[key] = "\(value)" }
        }
        add("device", event.deviceName)
        switch event.device {
        case .mac(let mac)?: add("mac", mac.description)
        case .address(let address)?: add("address", address.description)
        case nil: break
        }
        add("site", event.site)
        add("region", event.region?.code)
        add("policy", event.policy)
        add("rule", event.rule?.description)
        add("block", event.block?.text)
        add("verdict", event.verdict?.rawValue)
        add("vector", event.evidence?.vector.rawValue)
        add("endpoint", event.evidence?.name)
        add("flow", event.evidence?.flow)
        add("latency_us", event.evidence?.latencyMicroseconds.map(String.init))
        add("by", event.by)
        add("reason", event.reason)
        return fields
    }
}

extension Event.Kind {
    /// journalctl -p warning shows what an operator must see: devices cut off and things broken.
    fileprivate var level: Logger.Level {
        switch self {
        case .blockCreated, .blockAdopted, .settingsRefused, .settingsRolledBack,
            .addressContested, .addressForged, .identitySuspected, .deviceRouter, .deviceWarned,
            .policyOverdue, .clockBehind, .rulesetTampered, .regionMismatch, .databaseTrouble,
            .everythingRemoved:
            .warning
        case .blockFailed, .storeLost, .packetsLost, .ledgerBroken: .error
        case .attemptAllowed: .info
        default: .notice
        }
    }
}
