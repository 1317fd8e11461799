import BlockStore
import Engine
import Foundation
import Testing

@Suite struct MigrationTests {
    private let directory: TemporaryDirectory
    private let next = Schema(
        steps: Schema.current.steps + ["CREATE TABLE later (a INTEGER) STRICT"])

    init() throws { directory = try TemporaryDirectory() }

    @Test func aStepKeepsWhatIsThere() throws {
        let block = try Sample.block(1)
        do {
            try StateStore.open(directory: directory.path).apply([.put(block)])
        }
        for _ in 0..<2 {
            let store = try StateStore.open(directory: directory.path, schema: next)
            #expect(store.openedAfterLoss == nil)
            #expect(try store.load().blocks == [block])
        }
    }

    @Test func aNewerSchemaIsRefusedAndLeftAlone() throws {
        do {
            let store = try StateStore.open(directory: directory.path, schema: next)
            try store.apply([.put(try Sample.block(1))])
        }
        #expect {
            _ = try StateStore.open(directory: directory.path)
        } throws: { error in
            let text = "\(error)"
            return (error as? StoreError)?.kind == .newerSchema
                && text.contains("schema version 4 is newer than this program's 3")
        }
        let store = try StateStore.open(directory: directory.path, schema: next)
        #expect(try store.load().blocks.count == 1)
    }

    @Test func aStepThatFailsHalfwayLeavesTheOldVersion() throws {
        do {
            try StateStore.open(directory: directory.path).apply([.put(try Sample.block(1))])
        }
        // The second statement overflows a limit of SQLite's that is no sign of damage.
        let broken = Schema(
            steps: Schema.current.steps + [
                "CREATE TABLE half (a INTEGER) STRICT; SELECT zeroblob(9223372036854775807)"
            ])
        #expect {
            _ = try StateStore.open(directory: directory.path, schema: broken)
        } throws: { ($0 as? StoreError)?.kind == .failed }
        let store = try StateStore.open(directory: directory.path, schema: next)
        #expect(store.openedAfterLoss == nil)
        #expect(try store.load().blocks.count == 1)
    }
}
