import Netfilter
import Policy
import Testing

@testable import RegionLockDaemon

@Suite struct MissingFeatureTests {
    /// Neither form of the queue: the daemon must not pretend to hold packets back.
    @Test func inlineNeedsAQueue() throws {
        let error = #expect(throws: NetfilterError.self) {
            _ = try Gatekeeper.tapMode(.standard, features: KernelFeatures())
        }
        let text = try #require(error).description
        #expect(text.contains("neither nft queue nor xt_NFQUEUE"), "\(text)")
        #expect(text.contains("set inspection.tap: passive"), "\(text)")
        #expect(!text.contains("\n"))
    }
}
