import BlockStore
import Engine
import Foundation
import Policy
import Testing
import Wire

/// A directory of its own for one test, removed at the end of the test's scope.
final class TemporaryDirectory {
    let path: String

    init() throws {
        path =
            FileManager.default.temporaryDirectory
            .appendingPathComponent("regionlock-store-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: false,
            attributes: [.posixPermissions: 0o700])
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}

/// Numbers that repeat with their seed (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ value >> 30) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ value >> 27) &* 0x94d0_49bb_1331_11eb
        return value ^ value >> 31
    }
}

enum Sample {
    static let start = Timestamp(seconds: 1_795_000_000)

    static func blockID(_ number: Int) throws -> BlockID {
        let digits = (0..<8).map { BlockID.alphabet[number >> (35 - 5 * $0) & 31] }
        return try #require(BlockID("B-" + String(decoding: digits, as: UTF8.self)))
    }

    static func device(_ number: Int) -> DeviceKey {
        .mac(MACAddress(value: 0x64b4_7300_0000 + UInt64(number)))
    }

    static func block(_ number: Int) throws -> Block {
        Block(
            id: try blockID(number), device: device(number),
            cause: .policy(
                name: "xiaomi-2021",
                rule: SourceLocation(file: "policy.d/xiaomi-2021.yaml", line: 12),
                evidence: Evidence(
                    vector: .dns, name: "account.xiaomi.com",
                    flow: "udp 10.20.0.31:5353 -> 10.20.0.1:53", latencyMicroseconds: 412)),
            site: "havana", region: Region("CU"), since: start.adding(seconds: Int64(number)),
            until: nil)
    }

    static func event(_ number: Int, _ kind: Event.Kind = .blockCreated) throws -> Event {
        Event(
            time: start.adding(seconds: Int64(number)), kind: kind, device: device(number),
            deviceName: "phone-\(number)", site: "havana", region: Region("UA-43"),
            policy: "xiaomi-2021", rule: SourceLocation(file: "policy.d/a.yaml", line: number),
            block: try blockID(number),
            evidence: Evidence(vector: .tls, name: "a.b", flow: "tcp x -> y"), verdict: .block,
            text: "Device \(number) was cut off.", by: "policy", reason: "a reason")
    }
}
