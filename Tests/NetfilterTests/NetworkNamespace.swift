import Foundation
import Glibc

/// A thread in a network namespace of its own, empty but for a loopback that is up.
///
/// Namespaces belong to threads, so the tests of one process do not see each other. As a task
/// executor it runs whole async bodies; sockets opened and programs started there are inside.
final class NetworkNamespace: TaskExecutor, @unchecked Sendable {
    private let condition = NSCondition()
    private var jobs: [UnownedJob] = []
    private var mustStop = false
    private var state: Result<Int32, ShellError>?

    private init() {}

    static func make() throws -> NetworkNamespace {
        guard geteuid() == 0 else { throw RootNeeded() }
        let namespace = NetworkNamespace()
        Thread { namespace.run() }.start()
        namespace.condition.lock()
        while namespace.state == nil { namespace.condition.wait() }
        let state = namespace.state
        namespace.condition.unlock()
        _ = try state?.get()
        return namespace
    }

    /// What ip(8) takes for the namespace after `netns`, and nsenter(1) after `--net=`.
    var path: String {
        get throws { "/proc/\(getpid())/task/\(try state?.get() ?? 0)/ns/net" }
    }

    func enqueue(_ job: consuming ExecutorJob) {
        condition.lock()
        jobs.append(UnownedJob(job))
        condition.signal()
        condition.unlock()
    }

    /// Ends the thread once it has nothing to do; the namespace goes with it.
    func stop() {
        condition.lock()
        mustStop = true
        condition.signal()
        condition.unlock()
    }

    func run<R: Sendable>(_ body: @Sendable @escaping () async throws -> R) async throws -> R {
        try await withTaskExecutorPreference(self, operation: body)
    }

    /// Begins `body` here while the caller goes on.
    func start<R: Sendable>(
        _ body: @Sendable @escaping () async throws -> R
    ) -> Task<R, any Error> {
        Task(executorPreference: self, operation: body)
    }

    private func run() {
        let entered = Result { () throws(ShellError) in
            // Glibc declares unshare(2) only under _GNU_SOURCE, which Swift does not set.
            typealias Unshare = @convention(c) (Int32) -> Int32
            let newNetwork: Int32 = 0x4000_0000
            guard let symbol = dlsym(nil, "unshare"),
                unsafeBitCast(symbol, to: Unshare.self)(newNetwork) == 0
            else { throw ShellError(command: "unshare", output: String(cString: strerror(errno))) }
            try shell("ip link set lo up")
            return threadID()
        }
        condition.lock()
        state = entered
        condition.broadcast()
        while true {
            while jobs.isEmpty && !mustStop { condition.wait() }
            guard let job = jobs.first else { break }
            jobs.removeFirst()
            condition.unlock()
            job.runSynchronously(on: asUnownedTaskExecutor())
            condition.lock()
        }
        condition.unlock()
    }
}

/// gettid(2).
func threadID() -> Int32 {
    typealias GetTID = @convention(c) () -> Int32
    guard let symbol = dlsym(nil, "gettid") else { return 0 }
    return unsafeBitCast(symbol, to: GetTID.self)()
}

/// Runs `body` in a fresh network namespace.
func inNetworkNamespace<R: Sendable>(
    _ body: @Sendable @escaping () async throws -> R
) async throws -> R {
    let namespace = try NetworkNamespace.make()
    defer { namespace.stop() }
    return try await namespace.run(body)
}

/// A second namespace, linked to the calling one: `lan0` here, `wan0` there.
///
///     here lan0 10.20.0.1/24 fd20::1/64  ---  there wan0 10.20.0.31/24 fd20::31/64
func withPeer<R: Sendable>(
    _ body: @Sendable @escaping (NetworkNamespace) async throws -> R
) async throws -> R {
    try await inNetworkNamespace {
        let peer = try NetworkNamespace.make()
        defer { peer.stop() }
        let there = try peer.path
        try shell(
            """
            ip link add lan0 address 02:00:00:00:00:01 type veth \
              peer name wan0 address 02:00:00:00:00:31 netns \(there)
            ip address add 10.20.0.1/24 dev lan0
            ip address add fd20::1/64 dev lan0 nodad
            ip link set lan0 up
            nsenter --net=\(there) ip address add 10.20.0.31/24 dev wan0
            nsenter --net=\(there) ip address add 10.20.0.32/24 dev wan0
            nsenter --net=\(there) ip address add fd20::31/64 dev wan0 nodad
            nsenter --net=\(there) ip address add fd20::32/64 dev wan0 nodad
            nsenter --net=\(there) ip link set wan0 up
            """)
        return try await body(peer)
    }
}

/// Not from /sys: that shows the namespace in which it was mounted.
func interfaceIndex(_ name: String) throws -> UInt32 {
    let line = try shell("ip -oneline link show \(name)")
    guard let index = line.split(separator: ":").first.flatMap({ UInt32($0) }) else {
        throw ShellError(command: "ip -oneline link show \(name)", output: line)
    }
    return index
}

struct RootNeeded: Error, CustomStringConvertible {
    let description = "these tests make network namespaces and need root: run scripts/test"
}

struct ShellError: Error, CustomStringConvertible {
    let command: String
    let output: String
    var description: String { "\(command): \(output)" }
}

/// Runs commands with sh(1) in the namespace of the calling thread; throws when one fails.
///
/// - Returns: standard output. Standard error too, unless `discardingErrors`.
@discardableResult
func shell(_ commands: String, discardingErrors: Bool = false) throws(ShellError) -> String {
    let redirect = discardingErrors ? "exec 2>/dev/null" : "exec 2>&1"
    guard let pipe = popen("set -e\n\(redirect)\n\(commands)", "r") else {
        throw ShellError(command: commands, output: String(cString: strerror(errno)))
    }
    var output: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while case let count = fread(&chunk, 1, chunk.count, pipe), count > 0 {
        output += chunk.prefix(count)
    }
    let text = String(decoding: output, as: UTF8.self)
    guard pclose(pipe) == 0 else { throw ShellError(command: commands, output: text) }
    return text
}
