import Foundation
import Netfilter
import Testing

@Suite struct PollSetTests {
    @Test func aSignalFromAnotherThreadWakes() throws {
        let shared = try Shared()
        let quiet = try WakeEvent.open()
        var poll = PollSet()
        let quietPlace = poll.add(quiet.fileDescriptor)
        let wakePlace = poll.add(shared.wake.fileDescriptor)
        #expect(try !poll.wait(timeoutMilliseconds: 0))
        Thread { shared.wake.signal() }.start()
        #expect(try poll.wait(timeoutMilliseconds: nil))
        #expect(poll.isReady(wakePlace))
        #expect(!poll.isReady(quietPlace))
        // It stays until it is cleared, however often it was signalled.
        shared.wake.signal()
        #expect(try poll.wait(timeoutMilliseconds: 0))
        shared.wake.clear()
        #expect(try !poll.wait(timeoutMilliseconds: 0))
        shared.wake.clear()
    }

    @Test func waitingTakesTheTimeAskedFor() throws {
        let wake = try WakeEvent.open()
        var poll = PollSet()
        poll.add(wake.fileDescriptor)
        let start = MonotonicClock.nanoseconds()
        #expect(try !poll.wait(timeoutMilliseconds: 20))
        #expect(MonotonicClock.nanoseconds() - start >= 20_000_000)
    }

    private final class Shared: Sendable {
        let wake: WakeEvent

        init() throws { wake = try WakeEvent.open() }
    }
}
