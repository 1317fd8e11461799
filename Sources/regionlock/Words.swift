import ArgumentParser
import ControlAPI
import ControlClient
import Policy
import Wire

/// Reads the words of options; what is wrong with one is said in the CLI's own way.
enum Words {
    static func term(_ text: String?, _ option: String) throws -> BlockTerm {
        guard let text else {
            throw Failure.usage(
                "\(option) is missing: \(option) 12h, \(option) 30d or \(option) ever.")
        }
        if let term = BlockTerm(text: text) { return term }
        guard text.utf8.allSatisfy({ (48...57).contains($0) }), !text.isEmpty else {
            throw Failure.usage("\(option) \(text) is not a length of time: 12h, 30d or \"ever\".")
        }
        throw Failure.usage(
            "\(option) \(text) needs a unit: \(text)h, \(text)d (or \"ever\").")
    }

    static func reason(_ text: String?) throws -> String {
        guard let text else {
            throw Failure.usage(
                "--reason is missing. It is kept in the history, for example: "
                    + "--reason \"sold to Spain\"")
        }
        return text
    }

    static func tag(_ text: String) throws -> Tag {
        guard let tag = Tag(text) else {
            throw Failure.usage("\"\(text)\" is no tag: it must be \(Tag.shape).")
        }
        return tag
    }

    static func region(_ text: String) throws -> Region {
        guard let region = Region(text) else {
            throw Failure.usage("\"\(text)\" is no region: it must be \(Region.shape).")
        }
        return region
    }

    static func domain(_ text: String) throws -> DomainName {
        guard let name = DomainName(text) else {
            throw Failure.usage("\"\(text)\" is not a host name.")
        }
        return name
    }

    static func time(_ text: String, _ option: String) throws -> Timestamp {
        guard let time = RFC3339.timestamp(text) else {
            throw Failure.usage(
                "\(option) \(text) is not a time: 2028-01-01 or 2028-01-01T10:00:00Z.")
        }
        return time
    }

    /// A time, or how long ago: `1h`.
    static func past(_ text: String, _ option: String) throws -> Timestamp {
        if case .seconds(let seconds)? = BlockTerm(text: text) {
            return Terminal.now.adding(seconds: -seconds)
        }
        guard let time = RFC3339.timestamp(text) else {
            throw Failure.usage(
                "\(option) \(text) is not a time: 1h, 2026-11-23 or 2026-11-23T10:00:00Z.")
        }
        return time
    }
}

/// Names the running daemon knows, for the shell's completion. No daemon, no names.
enum Names {
    static let devices = completion {
        try await $0.all { .devices(DeviceQuery(), cursor: $0) }.map(\.name)
    }
    static let sites = completion { try await $0.send(.sites()).items.map(\.name) }
    static let policies = completion { try await $0.send(.policies()).items.map(\.name) }
    static let exemptions = completion { try await $0.all { .exemptions(cursor: $0) }.map(\.id) }
    static let tags = completion { client in
        let devices = try await client.all { .devices(DeviceQuery(), cursor: $0) }
        let policies = try await client.send(.policies()).items
        return Set(devices.flatMap(\.tags) + policies.flatMap(\.tags)).sorted().map(\.text)
    }
    static let blocksAndDevices = completion { client in
        let blocks = try await client.all { .blocks(cursor: $0) }
        return blocks.map(\.id) + blocks.compactMap(\.deviceName)
    }

    /// The shell waits meanwhile: after so long no answer is better than a late one.
    private static let patienceSeconds = 2

    private static func completion(
        _ names: @escaping @Sendable (APIClient) async throws -> [String]
    ) -> CompletionKind {
        .custom { words, _, _ in
            let option = words.firstIndex(of: "--run").map { words.index(after: $0) }
            let directory = option.flatMap { words.indices.contains($0) ? words[$0] : nil }
            let client = APIClient(
                runDirectory: directory ?? CommonOptions.standardRunDirectory,
                timeoutSeconds: patienceSeconds)
            let found = (try? await names(client)) ?? []
            // What a device calls itself must not end up as an escape sequence in the shell.
            return found.filter { Printable.escaped($0) == $0 }
        }
    }
}
