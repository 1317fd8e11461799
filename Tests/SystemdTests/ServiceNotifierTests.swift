import Foundation
import Glibc
import Systemd
import Testing

@Suite struct ServiceNotifierTests {
    @Test(arguments: [
        "@regionlock-test-\(UUID().uuidString)",
        FileManager.default.temporaryDirectory.path + "/notify-\(UUID().uuidString.prefix(8))",
    ])
    func statesArrive(path: String) throws {
        let manager = try DatagramReceiver(path: path)
        let notifier = ServiceNotifier(environment: ["NOTIFY_SOCKET": path])
        try notifier.ready(status: "3 blocks\nREADY=0")
        #expect(manager.receive() == "READY=1\nSTATUS=3 blocks READY=0\n")
        try notifier.status("degraded")
        #expect(manager.receive() == "STATUS=degraded\n")
        try notifier.watchdog()
        #expect(manager.receive() == "WATCHDOG=1\n")
        try notifier.stopping()
        #expect(manager.receive() == "STOPPING=1\n")
        try notifier.reloading()
        let reloading = try #require(manager.receive())
        let prefix = "RELOADING=1\nMONOTONIC_USEC="
        #expect(reloading.hasPrefix(prefix))
        let now = try #require(Int64(reloading.dropFirst(prefix.count).dropLast()))
        let uptime = Int64(ProcessInfo.processInfo.systemUptime * 1_000_000)
        #expect(abs(now - uptime) < 60_000_000)
        #expect(manager.receive() == nil)
    }

    @Test func withoutAManagerNothingHappens() throws {
        for environment in [[:], ["NOTIFY_SOCKET": ""], ["NOTIFY_SOCKET": "relative"]] {
            let notifier = ServiceNotifier(environment: environment)
            try notifier.ready(status: "")
            #expect(notifier.watchdogInterval == nil)
        }
    }

    @Test func aManagerThatDoesNotReadNeverBlocksTheWatchdog() throws {
        let path = "@regionlock-test-\(UUID().uuidString)"
        let manager = try DatagramReceiver(path: path)
        let notifier = ServiceNotifier(environment: ["NOTIFY_SOCKET": path])
        var refusal: SystemError?
        let taken = ContinuousClock().measure {
            for _ in 0..<10_000 where refusal == nil {
                do throws(SystemError) { try notifier.watchdog() } catch { refusal = error }
            }
        }
        #expect(refusal?.errno == EAGAIN)
        #expect("\(try #require(refusal))".hasPrefix("cannot notify \(path): "))
        #expect(taken < .seconds(5))
        #expect(manager.receive() == "WATCHDOG=1\n")
    }

    @Test(arguments: [
        (["WATCHDOG_USEC": "10000000"], Duration.seconds(5)),
        (["WATCHDOG_USEC": "10000000", "WATCHDOG_PID": "42"], .seconds(5)),
        (["WATCHDOG_USEC": "10000000", "WATCHDOG_PID": "43"], nil),
        (["WATCHDOG_USEC": "0"], nil), (["WATCHDOG_USEC": "-1"], nil),
        (["WATCHDOG_USEC": "x"], nil), ([:], nil),
    ])
    func theWatchdogIsFedTwicePerPeriod(environment: [String: String], interval: Duration?) {
        let notifier = ServiceNotifier(environment: environment, processID: 42)
        #expect(notifier.watchdogInterval == interval)
    }
}

@Suite struct PassedSocketsTests {
    /// Descriptors 3 to 5 exist for the length of the test, whoever opened them.
    private func withDescriptors(_ body: () -> Void) {
        let opened = (0..<6).map { _ in open("/dev/null", O_RDONLY) }
        body()
        for descriptor in opened { close(descriptor) }
    }

    @Test(arguments: [
        ("control:notice", ["control": [3], "notice": [4]]),
        ("notice:control", ["notice": [3], "control": [4]]),
        ("notice:notice", ["notice": [3, 4]]), ("", ["unknown": [3, 4]]),
        ("control", ["control": [3], "unknown": [4]]),
    ])
    func socketsAreFoundByName(names: String, expected: [String: [CInt]]) {
        withDescriptors {
            let sockets = PassedSockets(
                environment: [
                    "LISTEN_PID": "42", "LISTEN_FDS": "2", "LISTEN_FDNAMES": names,
                ], processID: 42)
            #expect(sockets.names == expected.keys.sorted())
            for (name, descriptors) in expected {
                #expect(sockets.descriptors(named: name) == descriptors)
            }
            #expect(sockets.descriptors(named: "other").isEmpty)
        }
    }

    @Test(arguments: [
        ["LISTEN_PID": "43", "LISTEN_FDS": "1"], ["LISTEN_FDS": "1"],
        ["LISTEN_PID": "42", "LISTEN_FDS": "0"], ["LISTEN_PID": "42", "LISTEN_FDS": "-1"],
        ["LISTEN_PID": "42", "LISTEN_FDS": "1000000"], ["LISTEN_PID": "42"],
    ])
    func socketsOfOthersAreNotTaken(environment: [String: String]) {
        #expect(PassedSockets(environment: environment, processID: 42).names.isEmpty)
    }
}
