import BlockStore
import Engine
import Foundation
import Testing

/// What was acknowledged survives a kill, and a full disk costs nothing but the failed call.
@Suite struct DurabilityTests {
    private static let rounds = 30

    @Test func nothingAcknowledgedIsLostByKills() async throws {
        let directory = try TemporaryDirectory()
        let state = directory.path + "/state"
        let log = directory.path + "/acknowledged"
        #expect(FileManager.default.createFile(atPath: log, contents: nil))
        for round in 0..<Self.rounds {
            await #expect(processExitsWith: .signal(SIGKILL)) {
                [round = round as Int, state = state as String, log = log as String] in
                try Self.writeUntilKilled(round: round, state: state, log: log)
            }
            let lines = try String(contentsOfFile: log, encoding: .utf8).split(separator: "\n")
            let store = try StateStore.open(directory: state)
            #expect(store.openedAfterLoss == nil)
            let stored = Set(try store.load().blocks.map(\.id.text))
            let lost = lines.filter { !stored.contains(String($0)) }
            #expect(lost.isEmpty, "round \(round): \(lost)")
        }
        let lines = try String(contentsOfFile: log, encoding: .utf8).split(separator: "\n")
        #expect(lines.count > Self.rounds, "the kills came before anything was written")
    }

    /// Acknowledges each block after `apply` has returned, by one line in the log.
    private static func writeUntilKilled(round: Int, state: String, log: String) throws {
        let store = try StateStore.open(directory: state)
        let acknowledged = try FileHandle(forWritingTo: URL(fileURLWithPath: log))
        try acknowledged.seekToEnd()
        var generator = SeededGenerator(seed: UInt64(round))
        let delay = UInt32.random(in: 500..<60_000, using: &generator)
        Thread.detachNewThread {
            usleep(delay)
            kill(getpid(), SIGKILL)
        }
        for number in (round * 100_000)... {
            let block = try Sample.block(number)
            try store.apply([.put(block), .append(try Sample.event(number))])
            try acknowledged.write(contentsOf: Data((block.id.text + "\n").utf8))
        }
    }

    @Test func aFullDiskFailsTheCallAndNothingElse() async throws {
        let directory = try TemporaryDirectory()
        let state = directory.path + "/state"
        await #expect(processExitsWith: .success) { [state = state as String] in
            try Self.fillAndRecover(state: state)
        }
        let store = try StateStore.open(directory: state)
        #expect(store.openedAfterLoss == nil)
        #expect(try store.load().blocks.contains(try Sample.block(999_999)))
    }

    /// RLIMIT_FSIZE stands in for the full disk: write(2) fails with EFBIG past it.
    private static func fillAndRecover(state: String) throws {
        signal(SIGXFSZ, SIG_IGN)
        let store = try StateStore.open(directory: state)
        func limit(_ bytes: rlim_t) throws {
            var limits = rlimit(rlim_cur: bytes, rlim_max: rlim_t.max)
            try #require(setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limits) == 0)
        }
        try limit(200_000)
        var stored: [Block] = []
        var failure: StoreError?
        for number in 0..<2_000 where failure == nil {
            let block = try Sample.block(number)
            do throws(StoreError) {
                try store.apply([.put(block)])
                stored.append(block)
            } catch { failure = error }
        }
        try #require(failure?.kind == .failed)
        try #require(!stored.isEmpty)
        try #require(try store.load().blocks == stored)
        let late = try Sample.block(999_999)
        #expect(throws: StoreError.self) { try store.apply([.put(late)]) }
        try limit(rlim_t.max)
        try store.apply([.put(late)])
        try #require(try store.load().blocks == stored + [late])
    }
}
