import ControlAPI
import ControlClient
import ControlServer
import Foundation
import NIOCore
import NIOPosix
import Synchronization
import Testing

/// A running server in a directory of its own.
struct TestServer: Sendable {
    let directory: String
    let backend: FakeBackend
    let observations: Observations

    var control: String { directory + "/control.sock" }
    var status: String { directory + "/status.sock" }
    var client: APIClient { APIClient(runDirectory: directory) }

    final class Observations: Sendable {
        private let list = Mutex<[ServerObservation]>([])
        var all: [ServerObservation] { list.withLock { $0 } }
        func add(_ observation: ServerObservation) { list.withLock { $0.append(observation) } }
    }

    /// Runs `body` while the server listens; afterwards the server has returned from `run`.
    static func with(
        limits: ServerLimits = ServerLimits(), adminsGroup: UInt32? = nil,
        directory given: String? = nil,
        _ body: @escaping @Sendable (TestServer) async throws -> Void
    ) async throws {
        let directory = try given ?? temporaryDirectory()
        defer { if given == nil { try? FileManager.default.removeItem(atPath: directory) } }
        let server = TestServer(
            directory: directory, backend: FakeBackend(), observations: Observations())
        let (ready, signal) = AsyncStream<Void>.makeStream()
        let api = APIServer(
            backend: server.backend,
            sockets: ServerSockets(
                control: server.control, status: server.status, adminsGroup: adminsGroup),
            limits: limits, group: .singletonMultiThreadedEventLoopGroup,
            observe: { server.observations.add($0) }, onReady: { signal.finish() })
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                defer { signal.finish() }
                try await api.run()
            }
            for await _ in ready {}
            // A server that could not start has thrown by now; it must not look like a pass.
            if FileManager.default.fileExists(atPath: server.control) { try await body(server) }
            group.cancelAll()
            try await group.waitForAll()
        }
    }

    /// Short: a socket's path has at most 107 bytes.
    static func temporaryDirectory() throws -> String {
        let path = "/tmp/rl-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: false,
            attributes: [.posixPermissions: 0o755])
        return path
    }
}

/// Runs what blocks on a thread of its own: the tasks of server and tests share few threads.
func onThread<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
    await withCheckedContinuation { continuation in
        Thread.detachNewThread { continuation.resume(returning: body()) }
    }
}

struct ProgramResult: Sendable {
    let status: Int32
    let output: String
    let errors: String
}

/// Runs a program to its end.
func run(
    _ path: String, _ arguments: [String], environment: [String: String] = [:]
) async throws -> ProgramResult {
    try await onThread {
        Result {
            let process = Process()
            let (output, errors) = (Pipe(), Pipe())
            process.executableURL = URL(fileURLWithPath: path)
            process.arguments = arguments
            process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
            process.standardInput = FileHandle.nullDevice
            process.standardOutput = output
            process.standardError = errors
            try process.run()
            // What these programs print fits a pipe, so one after the other cannot deadlock.
            let text = readAll(output.fileHandleForReading.fileDescriptor)
            let problems = readAll(errors.fileHandleForReading.fileDescriptor)
            process.waitUntilExit()
            return ProgramResult(
                status: process.terminationStatus, output: text, errors: problems)
        }
    }.get()
}

/// To the end of the stream; `FileHandle` traps when a signal interrupts it.
private func readAll(_ descriptor: Int32) -> String {
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 16_384)
    while true {
        let count = read(descriptor, &chunk, chunk.count)
        if count > 0 {
            bytes += chunk.prefix(count)
        } else if count == 0 || errno != EINTR {
            return String(decoding: bytes, as: UTF8.self)
        }
    }
}
