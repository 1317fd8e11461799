import Inspection
import Testing
import Wire

@Suite("Limits of the inspector")
struct LimitsTests {
    private static let name = "account.xiaomi.com"
    private static let stream = TestPackets.records(
        TestPackets.hello(name, paddingBefore: 1_000, paddingAfter: 400))
    private static let second: UInt64 = 1_000_000_000

    private static func halves(port: Int) -> (first: [UInt8], second: [UInt8]) {
        let cut = stream.count - 600
        return (
            TestPackets.segment(Array(stream.prefix(cut)), to: 443, from: port),
            TestPackets.segment(
                Array(stream.dropFirst(cut)), to: 443, sequence: 1_000 + UInt32(cut), from: port)
        )
    }

    @Test("50,000 half-open hellos stay within flows and bytes; a new one is still read")
    func halfOpenHellos() {
        var recorder = Recorder()
        let limits = InspectionLimits.standard
        for port in 10_000..<60_000 {
            recorder.see(Self.halves(port: port).first)
            let counters = recorder.counters
            guard counters.bytesKept <= limits.bytesInTotal, counters.flowsOpen <= limits.flows
            else {
                Issue.record("over the limit: \(counters)")
                return
            }
        }
        let counters = recorder.counters
        #expect(counters.flowsEvicted + UInt64(counters.flowsOpen) == 50_000)
        #expect(counters.flowsOpen > 4_000, "the limits hold thousands of hellos")
        recorder.see(Self.halves(port: 59_999).second)
        #expect(recorder.names == [Self.name])
        // The first of all was evicted long ago, the latest but 4,000 was not.
        recorder.see(Self.halves(port: 56_000).second)
        #expect(recorder.names == [Self.name, Self.name])
        recorder.see(Self.halves(port: 10_000).second)
        #expect(recorder.names.count == 2)
    }

    @Test("the longest silent flow goes first")
    func evictionOrder() {
        var recorder = Recorder(
            limits: InspectionLimits(
                bytesPerFlow: 17_408, flows: 2, bytesInTotal: 1 << 20, flowTimeoutSeconds: 10))
        recorder.see(Self.halves(port: 1).first)
        recorder.see(Self.halves(port: 2).first)
        recorder.see(Self.halves(port: 1).first)  // a retransmission keeps it fresh
        recorder.see(Self.halves(port: 3).first)
        #expect(recorder.counters.flowsEvicted == 1)
        recorder.see(Self.halves(port: 1).second)
        #expect(recorder.names == [Self.name])
        recorder.see(Self.halves(port: 2).second)
        #expect(recorder.names == [Self.name], "flow 2 was forgotten")
    }

    @Test("a limit that holds no flow at all loses names, not memory")
    func noRoom() {
        var recorder = Recorder(
            limits: InspectionLimits(
                bytesPerFlow: 64, flows: 1, bytesInTotal: 0, flowTimeoutSeconds: 0))
        recorder.see(Self.halves(port: 1).first)
        recorder.see(TestPackets.segment([0x47], to: 80))
        #expect(recorder.counters.bytesKept == 0)
        #expect(recorder.counters.flowsOpen == 0)
        recorder.see(TestPackets.segment(Self.stream, to: 443, from: 2))
        #expect(recorder.names == [Self.name], "one packet needs no room")
    }

    @Test("a flow is forgotten after ten seconds of silence, not of life")
    func timeout() {
        var recorder = Recorder()
        let (first, second) = Self.halves(port: 1)
        recorder.see(first, at: 0)
        recorder.see(first, at: 9 * Self.second)
        recorder.see(second, at: 19 * Self.second)
        #expect(recorder.names == [Self.name])
        recorder.see(first, at: 20 * Self.second)
        // Any later segment lets time pass for all flows.
        recorder.see(Self.halves(port: 2).first, at: 31 * Self.second)
        #expect(recorder.counters.flowsExpired == 1)
        #expect(recorder.counters.flowsOpen == 1)
        recorder.see(second, at: 31 * Self.second)
        #expect(recorder.names == [Self.name])
    }

    @Test("a clock that goes back forgets nothing")
    func clockGoesBack() {
        var recorder = Recorder()
        recorder.see(Self.halves(port: 1).first, at: 100 * Self.second)
        recorder.see(Self.halves(port: 1).second, at: 1)
        #expect(recorder.names == [Self.name])
    }

    @Test("flows with the same ports and other addresses do not mix")
    func flowsApart() {
        var other = Self.halves(port: 1).second
        other[15] = 99
        #expect(Recorder.names([Self.halves(port: 1).first, other]) == [])
    }
}
