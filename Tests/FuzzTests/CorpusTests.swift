import Foundation
import FuzzTargets
import PacketMill
import Testing

/// The corpus of the fuzzers, without them: each input as one test would have it.
@Suite struct CorpusTests {
    private static let folder = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
        .deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("FuzzCorpus")

    private static func inputs(of target: String) throws -> [String: [UInt8]] {
        let urls = try FileManager.default.contentsOfDirectory(
            at: folder.appendingPathComponent(target), includingPropertiesForKeys: nil)
        return Dictionary(
            uniqueKeysWithValues: try urls.map {
                ($0.lastPathComponent, Array(try Data(contentsOf: $0)))
            })
    }

    @Test(arguments: FuzzTarget.allCases)
    func everyInputOfTheCorpusPasses(target: FuzzTarget) throws {
        let inputs = try Self.inputs(of: target.rawValue)
        #expect(inputs.count >= 3)
        for input in inputs.values { target.run(input.span) }
    }

    /// Cut short at every octet, which no fuzzer need find first.
    @Test(arguments: FuzzTarget.allCases)
    func everyBeginningOfAnInputPasses(target: FuzzTarget) throws {
        for input in try Self.inputs(of: target.rawValue).values {
            for count in stride(from: 0, to: input.count, by: max(1, input.count / 64)) {
                target.run(input.span.extracting(first: count))
            }
        }
    }

    /// `CaptureMill seeds Tests/FuzzCorpus` has been run since the seeds were changed.
    @Test func theSeedsAreInTheCorpus() throws {
        for (target, seeds) in FuzzSeeds.all {
            let inputs = try Self.inputs(of: target)
            for (name, octets) in seeds { #expect(inputs[name] == octets, "\(target)/\(name)") }
        }
    }
}
