import Foundation
import Testing

extension KernelSuite {
    /// The page Prometheus reads, from the daemon that runs.
    @Suite(.serialized)
    struct MetricsTests {
        @Test func aCutIsCounted() throws {
            let gateway = try Gateway.up()
            let before = try gateway.metrics()
            let place = "{policy=\"xiaomi-2021\",site=\"havana-shop\",region=\"CU\"}"
            #expect(before["regionlock_blocks\(place)"] == nil)
            #expect(before["regionlock_block_latency_seconds_count"] == 0)

            let block = try gateway.cutPhone()
            let cut = try gateway.metrics()
            let kind = "policy=\"xiaomi-2021\",site=\"havana-shop\",vector=\"dns\""
            #expect(cut["regionlock_blocks\(place)"] == 1)
            #expect(cut["regionlock_attempts_total{\(kind),verdict=\"block\"}"] == 1)
            #expect(cut["regionlock_sightings_total{vector=\"dns\"}", default: 0] >= 1)
            #expect(cut["regionlock_packets_inspected_total", default: 0] >= 1)
            #expect(cut["regionlock_queue_waiting_bytes"] != nil)
            #expect(cut["regionlock_store_bytes", default: 0] > 0)
            #expect(cut["regionlock_store_ok"] == 1 && cut["regionlock_nft_whole"] == 1)
            #expect(cut["regionlock_block_latency_seconds_count"] == 1)
            // The event tells the same duration, in microseconds.
            let microseconds = Double(try #require(block.latencyUs))
            let sum = try #require(cut["regionlock_block_latency_seconds_sum"])
            #expect(abs(sum * 1_000_000 - microseconds) < 0.5)

            try gateway.release(block.block)
            let free = try gateway.metrics()
            #expect(free["regionlock_blocks\(place)"] == nil)
            #expect(free["regionlock_attempts_total{\(kind),verdict=\"block\"}"] == 1)
        }

        /// No name and no number that a device chooses is a label.
        @Test func nothingOfADeviceIsALabel() throws {
            let gateway = try Gateway.up()
            try gateway.cutPhone()
            let page = try gateway.metricsPage()
            for secret in [try gateway.lab.value("phone_mac"), Gateway.trigger, "10.20."] {
                #expect(!page.contains(secret), "\(secret)")
            }
            #expect(try gateway.succeed("metrics").text.contains("# TYPE regionlock_blocks gauge"))
        }

        /// Up when somebody changes a table that has no owner, and back with the next comparison.
        @Test func aForeignTouchIsDriftUntilItIsCompared() throws {
            let gateway = try Gateway.up()
            try gateway.cutPhone()
            try gateway.makeTablePlain()
            try gateway.succeed("status")
            let before = try gateway.metrics()
            #expect(before["regionlock_nft_drift"] == 0)
            #expect(before["regionlock_nft_foreign_touches_total"] == 0)

            let last = try gateway.lastEvent
            try gateway.lab.run(
                .gw, "nft", "flush", "chain", "inet", "regionlock", "fwd_gate")
            _ = try gateway.awaitEvent("ruleset.tampered", after: last)
            let touched = try gateway.metrics()
            #expect(touched["regionlock_nft_drift"] == 1)
            #expect(touched["regionlock_nft_foreign_touches_total"] == 1)
            #expect(
                touched["regionlock_nft_repairs_total"]
                    == before["regionlock_nft_repairs_total", default: 0] + 1)
            #expect(touched["regionlock_nft_whole"] == 1)

            try gateway.succeed("status")
            let whole = try gateway.metrics()
            #expect(whole["regionlock_nft_drift"] == 0)
            #expect(
                whole["regionlock_nft_compared_timestamp_seconds", default: 0]
                    > touched["regionlock_nft_compared_timestamp_seconds", default: .infinity])
        }

        /// Settings that are refused are told until valid ones are read.
        @Test func aRefusedReloadIsShown() throws {
            let gateway = try Gateway.up()
            let file = "regionlock.yaml"
            let good = try gateway.read(file)
            try gateway.write(good + "nonsense: true\n", to: file)
            #expect(try gateway.command("reload").status == 78)
            #expect(try gateway.metrics()["regionlock_config_last_reload_ok"] == 0)
            try gateway.write(good, to: file)
            try gateway.succeed("reload")
            #expect(try gateway.metrics()["regionlock_config_last_reload_ok"] == 1)
        }
    }
}

extension Gateway {
    /// As curl gets it from the socket that everybody may use.
    func metricsPage() throws -> String {
        let reply = try tool([
            "curl", "-sS", "--fail-with-body", "-m", "5", "--unix-socket",
            lab.path("run/status.sock"), "http://localhost/metrics",
        ])
        guard reply.status == 0 else { throw LabError("/metrics: \(reply.text)\(reply.errors)") }
        return reply.text
    }

    /// Values by series, as the page writes them.
    func metrics() throws -> [String: Double] {
        let lines = try metricsPage().split(separator: "\n").filter { !$0.hasPrefix("#") }
        return lines.reduce(into: [:]) { values, line in
            guard let space = line.lastIndex(of: " ") else { return }
            values[String(line[..<space])] = Double(line[space...].dropFirst())
        }
    }

    /// Takes the owner's lock away: the kernel cannot give an existing plain table an owner.
    func makeTablePlain() throws {
        try end(SIGTERM)
        for verb in ["delete", "add"] {
            let said = try lab.run(.gw, "nft", verb, "table", "inet", "regionlock")
            guard said.status == 0 else { throw LabError("nft \(verb): \(said.errors)") }
        }
        try start()
        guard !(try nftTable().contains("owner")) else { throw LabError("it has an owner") }
    }
}
