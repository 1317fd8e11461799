import BlockStore
import Engine
import Foundation
import Glibc
import Logging
import Netfilter
import RegionLockDaemon
import Testing
import Wire

/// The store thread: order, durability, and what happens when the disk refuses.
@Suite struct RecorderTests {
    /// A recorder on a thread of its own and a real store in a directory of its own.
    private final class Bench {
        let directory: URL
        let recorder: Recorder
        private let thread: ThreadExecutor

        init() throws {
            directory = FileManager.default.temporaryDirectory
                .appendingPathComponent("regionlock-recorder-\(UUID().uuidString)")
            try FileManager.default.createDirectory(
                at: directory, withIntermediateDirectories: false,
                attributes: [.posixPermissions: 0o700])
            thread = ThreadExecutor(wake: try WakeEvent.open())
            recorder = Recorder(
                store: try StateStore.open(directory: directory.path),
                log: EventLog(logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }),
                executor: thread)
            thread.start(name: "test-store")
        }

        deinit {
            thread.stop()
            try? FileManager.default.removeItem(at: directory)
        }
    }

    private func block(_ number: UInt64) throws -> Block {
        Block(
            id: try #require(BlockID("B-" + String(repeating: "0", count: 5) + "\(number % 10)")),
            device: .mac(MACAddress(value: number)), cause: .command(reason: "test", by: "maria"),
            site: nil, region: nil, since: Timestamp(seconds: 1), until: nil)
    }

    private func event(_ text: String) -> Event {
        Event(time: Timestamp(seconds: 1), kind: .tagAdded, text: text)
    }

    @Test func whatWasSubmittedIsOnDiskAfterSettle() async throws {
        let bench = try Bench()
        for number in 0..<5 {
            bench.recorder.submit([.put(try block(UInt64(number)))], event("event \(number)"))
        }
        try await bench.recorder.settle()
        let events = try await bench.recorder.events(after: 0, limit: 10)
        #expect(events.map(\.text) == (0..<5).map { "event \($0)" })
        #expect(events.map(\.number) == [1, 2, 3, 4, 5])
    }

    /// Whoever asks whether a block has ended must not be told what was true before.
    @Test func aQuestionSeesWhatWasSubmittedBeforeIt() async throws {
        let bench = try Bench()
        var block = try block(7)
        for round in 0..<200 {
            block.state = round.isMultiple(of: 2) ? .inForce : .expired
            bench.recorder.submit([.put(block)], event("round \(round)"))
            #expect(try await bench.recorder.block(block.id)?.state == block.state)
            #expect(
                try await bench.recorder.events(after: Int64(round), limit: 10).map(\.text)
                    == ["round \(round)"])
        }
    }

    /// RLIMIT_FSIZE stands in for a full disk, as it holds for the whole process.
    @Test func soItIsWhileTheDiskRefuses() async throws {
        await #expect(processExitsWith: .success) {
            signal(SIGXFSZ, SIG_IGN)
            let bench = try Bench()
            var limits = rlimit(rlim_cur: 0, rlim_max: rlim_t.max)
            try #require(setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limits) == 0)
            let tests = RecorderTests()
            var block = try tests.block(7)
            for state in [Block.State.inForce, .expired] {
                block.state = state
                bench.recorder.submit([.put(block)], tests.event("\(state)"))
                try #require(try await bench.recorder.block(block.id)?.state == state)
                try #require(await bench.recorder.trouble != nil)
            }
            try #require(try await bench.recorder.events(after: 0, limit: 10).isEmpty)
            limits.rlim_cur = rlim_t.max
            try #require(setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limits) == 0)
            try await bench.recorder.settle()
            try #require(try await bench.recorder.events(after: 0, limit: 10).count == 2)
            try #require(await bench.recorder.trouble == nil)
        }
    }

    @Test func watchersHearInOrderWithNumbers() async throws {
        let bench = try Bench()
        let stream = await bench.recorder.watch()
        bench.recorder.submit([], event("first"))
        bench.recorder.submit([], event("second"))
        try await bench.recorder.settle()
        var heard: [String] = []
        for await event in stream {
            heard.append("\(event.number) \(event.text)")
            if heard.count == 2 { break }
        }
        #expect(heard == ["1 first", "2 second"])
    }

    /// The jobs of an actor run on its own thread and nowhere else.
    @Test func jobsRunOnTheExecutorsThread() async throws {
        let thread = ThreadExecutor(wake: try WakeEvent.open())
        thread.start(name: "test-jobs")
        let counter = Counter(executor: thread)
        for _ in 0..<1_000 { await counter.count() }
        #expect(await counter.value == 1_000)
        #expect(thread.isIsolatingCurrentContext() == false)
        thread.stop()
        await thread.waitForEnd()
    }

    private actor Counter {
        let executor: ThreadExecutor
        nonisolated var unownedExecutor: UnownedSerialExecutor {
            executor.asUnownedSerialExecutor()
        }
        private(set) var value = 0

        init(executor: ThreadExecutor) { self.executor = executor }

        func count() {
            executor.checkIsolated()
            value += 1
        }
    }
}
