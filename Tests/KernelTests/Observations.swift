import Foundation

/// An event as the API tells it; only what the tests look at.
struct EventLine: Decodable {
    let id: Int
    let timeUs: Int
    let type: String
    let block: String?
    let device: String?
    let site: String?
    let region: String?
    let policy: String?
    let rule: String?
    let vector: String?
    let endpoint: String?
    let latencyUs: Int?
    let reason: String?
    let text: String

    /// When the block was in the kernel: the attempt's arrival, and the time it took from there.
    var inForceMicroseconds: Int { timeUs + (latencyUs ?? 0) }
}

struct BlockLine: Decodable {
    let id: String
    let device: String
    let state: String
    let cause: String
}

/// A table without what changes by itself: counters, the device that waits for a verdict, and the
/// daemon's word that it is there.
func lasting(_ table: String) -> String {
    table.replacing(/packets \d+ bytes \d+/, with: "packets bytes")
        .replacing(/\n\t+elements = \{[^}]* expires [^}]*\}/, with: "")
}

/// What a bystander says of its exchanges of one kind.
struct Exchange: Decodable {
    let kind: String
    let sent: Int
    let lost: Int
}

private struct Page<Item: Decodable>: Decodable {
    let items: [Item]
}

extension Gateway {
    /// Asks the API itself, so that a fault of the command line cannot hide one of the daemon.
    private func get<Item: Decodable>(_ type: Item.Type, _ path: String) throws -> [Item] {
        let reply = try tool([
            "curl", "-sS", "--fail-with-body", "-m", "5", "--unix-socket",
            lab.path("run/status.sock"), "http://localhost\(path)",
        ])
        guard reply.status == 0 else { throw LabError("\(path): \(reply.text)\(reply.errors)") }
        return try decode(Page<Item>.self, from: reply.text).items
    }

    func events(after id: Int = 0) throws -> [EventLine] {
        try get(EventLine.self, "/v1/events?after=\(id)&limit=1000")
    }

    var lastEvent: Int { get throws { try events().last?.id ?? 0 } }

    func blocksInForce() throws -> [BlockLine] {
        try get(BlockLine.self, "/v1/blocks?limit=1000").filter { $0.state == "in_force" }
    }

    /// The first event of a type after another event; the test fails when none comes.
    func awaitEvent(_ type: String, after id: Int, seconds: Double = 3) throws -> EventLine {
        var found: EventLine?
        _ = try waitUntil(seconds: seconds) {
            found = try events(after: id).first { $0.type == type }
            return found != nil
        }
        guard let found else { throw LabError("no \(type) event; the daemon said:\n\(log)") }
        return found
    }

    /// Lets the phone ask for the trigger name, and waits for the block.
    @discardableResult
    func cutPhone() throws -> EventLine {
        let before = try lastEvent
        let resolver = try lab.value("resolver_v4")
        _ = try lab.run(
            .phone, "dig", "+tries=1", "+time=1", "@\(resolver)", Gateway.trigger)
        return try awaitEvent("block.created", after: before)
    }

    func release(_ block: String?) throws {
        guard let block else { throw LabError("the event names no block") }
        try succeed("release", block, "--reason", "kernel test")
    }

    /// How many packets wait for their verdict: `queue_total`, the third column of
    /// /proc/net/netfilter/nfnetlink_queue.
    func waitingPackets() throws -> Int { try queueColumn(2) }

    /// How many packets were handed to the daemon since it bound the queue: `id_sequence`, the
    /// eighth column of /proc/net/netfilter/nfnetlink_queue (nfnetlink_queue.c, seq_show).
    func queuedPackets() throws -> Int { try queueColumn(7) }

    /// The numbers of the queues there are.
    func queues() throws -> [Int] {
        try lab.run(.gw, "cat", "/proc/net/netfilter/nfnetlink_queue").lines.compactMap {
            $0.split(whereSeparator: \.isWhitespace).first.flatMap { Int($0) }
        }
    }

    private func queueColumn(_ index: Int) throws -> Int {
        let text = try lab.run(.gw, "cat", "/proc/net/netfilter/nfnetlink_queue").text
        let fields = text.split(whereSeparator: \.isWhitespace)
        guard fields.count == 9, let count = Int(fields[index]) else {
            throw LabError("not one queue: \(text)")
        }
        return count
    }

    /// Entries of the connection table that carry our block mark.
    func cutFlows() throws -> [Substring] {
        let mask = 0x0f00_0000
        let block = 0x0200_0000
        return try lab.run(.gw, "conntrack", "-L").lines.filter { line in
            line.split(separator: " ").contains { word in
                guard word.hasPrefix("mark="), let mark = Int(word.dropFirst(5)) else {
                    return false
                }
                return mark & mask == block
            }
        }
    }
}
