import Foundation

extension EventTests {
    /// Only off the test's own thread.
    static func sleep(seconds: UInt32) { _ = Foundation.sleep(seconds) }
}
