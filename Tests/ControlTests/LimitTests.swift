import ControlAPI
import ControlClient
import ControlServer
import Testing

@Suite struct LimitTests {
    @Test(arguments: [
        (field: "Content-Length: 70000\r\n\r\n", body: 70_000),
        (field: "Transfer-Encoding: chunked\r\n\r\n11170\r\n", body: 70_000),
    ]) func largeBodyIsRefusedBeforeItIsRead(field: String, body: Int) async throws {
        try await TestServer.with { server in
            let reply = await RawSocket.exchange(
                server.control,
                "POST /v1/blocks HTTP/1.1\r\nHost: x\r\n\(field)"
                    + String(repeating: " ", count: body))
            #expect(reply.hasPrefix("HTTP/1.1 413 "), "\(reply)")
            #expect(reply.contains("request_too_large"))
        }
    }

    /// A long list is for those who may change things, and for nothing else.
    @Test func onlyAnImportMayBeLong() async throws {
        try await TestServer.with { server in
            let claims = (0..<FieldLimits.maximumActivations).map { _ in Fixtures.claim }
            let request = LedgerImportRequest(activations: claims, isDryRun: true)
            let reply = try await server.client.send(.importLedger(request))
            #expect(reply == Fixtures.wouldImport)
            let body = String(repeating: " ", count: 70_000)
            for (socket, method, path) in [
                (server.status, "POST", "/v1/ledger/import"),
                (server.control, "PUT", "/v1/ledger/import"),
                (server.control, "POST", "/v1/ledger/imports"),
            ] {
                let refused = await RawSocket.exchange(
                    socket,
                    "\(method) \(path) HTTP/1.1\r\nHost: x\r\nContent-Length: 70000\r\n\r\n\(body)")
                #expect(refused.hasPrefix("HTTP/1.1 413 "), "\(method) \(path): \(refused)")
            }
        }
    }

    @Test func largeHeadIsRefused() async throws {
        try await TestServer.with { server in
            let reply = await RawSocket.request(
                server.status, "GET", "/v1/status",
                fields: "X-Long: \(String(repeating: "a", count: 17_000))\r\n")
            #expect(reply.hasPrefix("HTTP/1.1 431 "), "\(reply)")
        }
    }

    /// One account's connections are used up; the message says so, and a place that becomes free
    /// can be had again.
    @Test func connectionsAreCounted() async throws {
        var limits = ServerLimits()
        limits.connectionsPerUser = 2
        try await TestServer.with(limits: limits) { server in
            let refused = await onThread {
                guard let first = RawSocket(server.status), let second = RawSocket(server.control)
                else { return "nobody answers" }
                // Each has been answered, so each is counted.
                _ = first.ask("/v1/mode", until: "configured")
                _ = second.ask("/v1/mode", until: "configured")
                return RawSocket(server.status)?.receive() ?? ""
            }
            #expect(refused.hasPrefix("HTTP/1.1 503 "), "\(refused)")
            #expect(refused.contains("too_many_connections"))
            #expect(!server.observations.all.isEmpty)
            try await eventually { try await server.client.send(.status()) == Fixtures.status }
        }
    }

    @Test func aClientThatSaysNothingIsClosed() async throws {
        var limits = ServerLimits()
        limits.idleSeconds = 1
        try await TestServer.with(limits: limits) { server in
            let reply = await RawSocket.exchange(server.status, "GET /v1/st")
            #expect(reply.isEmpty)
        }
    }

    @Test func streamsAreCounted() async throws {
        var limits = ServerLimits()
        limits.eventStreams = 1
        try await TestServer.with(limits: limits) { server in
            let refused = await onThread {
                guard let first = RawSocket(server.status), let second = RawSocket(server.status)
                else { return "nobody answers" }
                _ = first.ask("/v1/events?follow=true", until: ": regionlockd")
                return second.ask("/v1/events?follow=true", until: "too_many_streams")
            }
            #expect(refused.hasPrefix("HTTP/1.1 503 "), "\(refused)")
        }
    }
}

/// Waits for what happens soon on another thread; fails when it does not.
func eventually(_ holds: () async throws -> Bool) async throws {
    for _ in 0..<200 {
        if (try? await holds()) == true { return }
        try await Task.sleep(for: .milliseconds(25))
    }
    Issue.record("it never came true")
}
