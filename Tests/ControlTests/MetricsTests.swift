import ControlAPI
import ControlClient
import Foundation
import Policy
import Testing
import Wire

/// `GET /metrics`: the text, against `Golden/metrics.prom` and a reader that forgives nothing, and
/// its way over both sockets.
@Suite struct MetricsTests {
    @Test func isAsInTheGolden() throws {
        let golden = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("Golden/metrics.prom")
        if ProcessInfo.processInfo.environment["REGIONLOCK_UPDATE_GOLDENS"] == "1" {
            try Data(Fixtures.metrics.text.utf8).write(to: golden)
        }
        #expect(Fixtures.metrics.text == (try String(contentsOf: golden, encoding: .utf8)))
    }

    @Test func everyLineIsRight() {
        let page = ExpositionChecker(Fixtures.metrics.text)
        #expect(page.problems.isEmpty)
        #expect(page.samples.count > 40)
    }

    /// A daemon that has seen nothing says that, and not less.
    @Test func anEmptyGatewayHasAPageToo() {
        let page = ExpositionChecker(GatewayMetrics().text)
        #expect(page.problems.isEmpty)
        #expect(page.kinds == ExpositionChecker(Fixtures.metrics.text).kinds)
        #expect(page.samples["regionlock_nft_drift"] == 0)
        #expect(page.samples["regionlock_block_latency_seconds_count"] == 0)
    }

    /// Names of the settings are checked when they are read; the page does not rely on it.
    @Test func labelsAreEscaped() {
        var metrics = GatewayMetrics()
        let hostile = "a\"} 1\n# TYPE x\\ \u{1b}[2J"
        metrics.blocks = [.init(policy: hostile, site: nil, region: nil, count: 1)]
        metrics.settings.revision = hostile
        let page = ExpositionChecker(metrics.text)
        #expect(page.problems.isEmpty)
        #expect(page.kinds["x"] == nil)
        let shown = "a\"} 1\\u{a}# TYPE x\\ \\u{1b}[2J"
        #expect(page.samples["regionlock_config_info{revision=\"\(shown)\"}"] == 1)
        #expect(metrics.text.unicodeScalars.allSatisfy { $0 == "\n" || !Printable.isHidden($0) })
    }

    @Test func latencyFallsIntoTheStepItReaches() {
        var histogram = LatencyHistogram()
        for microseconds: Int64 in [0, 100, 101, 1_000_000, 1_000_001] {
            histogram.note(microseconds: microseconds)
        }
        var metrics = GatewayMetrics()
        metrics.latency = histogram
        let page = ExpositionChecker(metrics.text)
        #expect(page.problems.isEmpty)
        func bucket(_ bound: String) -> Double? {
            page.samples["regionlock_block_latency_seconds_bucket{le=\"\(bound)\"}"]
        }
        #expect(bucket("0.0001") == 2 && bucket("0.00025") == 3)
        #expect(bucket("1") == 4 && bucket("+Inf") == 5)
        #expect(page.samples["regionlock_block_latency_seconds_sum"] == 2.000_202)
    }

    /// The shipped alerts ask for metrics that exist.
    @Test func theAlertsKnowTheMetrics() throws {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../Config/prometheus/regionlock.rules.yml")
        let rules = try String(contentsOf: file, encoding: .utf8)
        let names = rules.matches(of: /regionlock_[a-z_]+[a-z]/).map { String($0.output) }
        #expect(names.count >= 9)
        let known = ExpositionChecker(GatewayMetrics().text).kinds.keys
        for name in names {
            let stem = name.hasSuffix("_bucket") ? String(name.dropLast(7)) : name
            #expect(known.contains(stem), "\(name)")
        }
    }

    /// The reader itself: each of these pages has one mistake.
    @Test(arguments: [
        "regionlock_a 1\n",
        "# HELP regionlock_a x\nregionlock_a 1\n",
        "# TYPE regionlock_a gauge\nregionlock_a 1\n",
        "# HELP regionlock_a x\n# TYPE regionlock_a gauge\nregionlock_a 1\nregionlock_a 1\n",
        "# HELP regionlock_a x\n# TYPE regionlock_a gauge\nregionlock_a{b=\"c} 1\n",
        "# HELP regionlock_a x\n# TYPE regionlock_a gauge\nregionlock_a{b=\"\\c\"} 1\n",
        "# HELP regionlock_a x\n# TYPE regionlock_a gauge\nregionlock_a{b=\"\",b=\"\"} 1\n",
        "# HELP regionlock_a x\n# TYPE regionlock_a gauge\nregionlock_a one\n",
        "# HELP regionlock_a x\n# TYPE regionlock_a gauge\nregionlock_a 1",
        "# HELP regionlock_a x\n# TYPE regionlock_a counter\nregionlock_a 1\n",
        "# HELP regionlock_a_total x\n# TYPE regionlock_a_total gauge\nregionlock_a_total 1\n",
        "# HELP regionlock_a_ms x\n# TYPE regionlock_a_ms gauge\nregionlock_a_ms 1\n",
        "# HELP regionlock_a x\\y\n# TYPE regionlock_a gauge\nregionlock_a 1\n",
        "# HELP regionlock_a x\n# TYPE regionlock_a histogram\nregionlock_a_sum 1\n",
    ])
    func theReaderForgivesNothing(page: String) {
        #expect(!ExpositionChecker(page).problems.isEmpty)
    }

    @Test func bothSocketsServeIt() async throws {
        try await TestServer.with { server in
            let text = try await server.client.metrics()
            #expect(text == Fixtures.metrics.text)
            for path in [server.control, server.status] {
                let reply = await ask("GET /metrics", path)
                let type = "Content-Type: \(GatewayMetrics.contentType)\r\n"
                #expect(reply.hasPrefix("HTTP/1.1 200 ") && reply.contains(type), "\(reply)")
                #expect(reply.hasSuffix("\r\n\r\n" + Fixtures.metrics.text))
            }
            for (line, status) in [
                ("POST /metrics", 405), ("GET /metrics?name=a", 400), ("GET /v1/metrics", 404),
            ] {
                let reply = await ask(line, server.status)
                #expect(reply.hasPrefix("HTTP/1.1 \(status) "), "\(reply)")
            }
            #expect(server.backend.changes.isEmpty)
        }
    }

    private func ask(_ line: String, _ path: String) async -> String {
        await onThread {
            guard let socket = RawSocket(path) else { return "nobody answers" }
            socket.send("\(line) HTTP/1.1\r\nHost: l\r\nConnection: close\r\n\r\n")
            return socket.receive()
        }
    }
}

extension Fixtures {
    static var metrics: GatewayMetrics {
        var metrics = GatewayMetrics()
        metrics.mode = .enforce
        metrics.uptimeMicroseconds = 273_787_250_000
        metrics.blocks = [
            .init(policy: "xiaomi", site: "havana-shop", region: cuba, count: 2),
            .init(policy: nil, site: "havana-shop", region: cuba, count: 1),
        ]
        metrics.devices = 20
        metrics.attempts = [
            .init(
                policy: "xiaomi", site: "madrid-office", vector: .tls, verdict: "allow",
                count: 118),
            .init(
                policy: "xiaomi", site: "havana-shop", vector: .dns, verdict: "block", count: 3),
            .init(policy: nil, site: nil, vector: .quic, verdict: "forged", count: 1),
        ]
        metrics.inspection.packets = 48_211
        metrics.inspection.packetsIgnored = 3
        metrics.inspection.packetsMalformed = 7
        metrics.inspection.answers = 31_007
        metrics.inspection.answersRefused = 4
        metrics.inspection.hellosWithoutName = 5
        metrics.inspection.hellosWithECH = 90
        metrics.inspection.quicVersionsUnknown = 1
        metrics.inspection.sightings = [.dns: 30_112, .tls: 4_001]
        metrics.inspection.flowsKept = 2
        metrics.inspection.octetsKept = 3_072
        metrics.inspection.flowsExpired = 11
        metrics.queue.waitingOctets = 4_864
        metrics.queue.dropped = 5
        metrics.tables.drift = 1
        metrics.tables.comparedAt = now
        metrics.tables.isWhole = true
        metrics.tables.repairs = 1
        metrics.tables.foreignTouches = 2
        for microseconds: Int64 in [240, 250, 2_100] {
            metrics.latency.note(microseconds: microseconds)
        }
        metrics.settings.revision = "9c1f"
        metrics.settings.loadedAt = now
        metrics.settings.validUntil = ["xiaomi": time("2028-01-01T00:00:00Z")]
        metrics.store.octets = 1_048_576
        metrics.geoip.isWhole = true
        metrics.geoip.builtAt = time("2026-11-20T00:00:00Z")
        metrics.geoip.recordsRefused = 1
        metrics.geoip.isMismatch = false
        return metrics
    }
}
