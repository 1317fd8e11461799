import ControlAPI
import ControlClient
import ControlServer
import Synchronization
import Testing

@Suite struct EventTests {
    /// Collects ids until there are `count`, then leaves.
    private func follow(
        _ server: TestServer, _ query: EventQuery, count: Int
    ) async throws -> [Int64] {
        struct Enough: Error {}
        let ids = Mutex<[Int64]>([])
        do {
            try await server.client.follow(query) { event in
                let isEnough = ids.withLock { list in
                    list.append(event.id)
                    return list.count >= count
                }
                if isEnough { throw Enough() }
            }
        } catch is Enough {}
        return ids.withLock { $0 }
    }

    @Test func listGivesTheNewestOrThoseAfter() async throws {
        try await TestServer.with { server in
            server.backend.publish(10)
            let newest = try await server.client.send(.events(EventQuery(limit: 3))).items
            #expect(newest.map(\.id) == [8, 9, 10])
            let after = try await server.client.send(.events(EventQuery(after: 4, limit: 3))).items
            #expect(after.map(\.id) == [5, 6, 7])
            #expect(after.first == Fixtures.event(5))
            let since = try await server.client.send(
                .events(EventQuery(since: Fixtures.event(9).time, limit: 100))
            ).items
            #expect(since.map(\.id) == [9, 10])
        }
    }

    @Test func followReplaysThenGoesOn() async throws {
        try await TestServer.with { server in
            server.backend.publish(3)
            async let ids = follow(server, EventQuery(after: 1, limit: 1), count: 4)
            server.backend.publish(2)
            let seen = try await ids
            #expect(seen == [2, 3, 4, 5])
        }
    }

    @Test func followFromATime() async throws {
        try await TestServer.with { server in
            server.backend.publish(5)
            let since = Fixtures.event(4).time
            let ids = try await follow(server, EventQuery(since: since, limit: 1), count: 2)
            #expect(ids == [4, 5])
        }
    }

    @Test func lastEventIDResumes() async throws {
        try await TestServer.with { server in
            server.backend.publish(5)
            let text = await onThread {
                RawSocket(server.status)?.ask(
                    "/v1/events?follow=true", until: "id: 5\n", fields: "Last-Event-ID: 3\r\n")
                    ?? ""
            }
            #expect(text.contains("Content-Type: text/event-stream"))
            #expect(
                !text.contains("id: 3\n") && text.contains("id: 4\nevent: block.created\ndata: {"))
        }
    }

    /// The watcher's buffer holds four; the client lets 3,000 go by and still gets each once.
    @Test func slowClientMissesNothing() async throws {
        var limits = ServerLimits()
        limits.replayPage = 7
        try await TestServer.with(limits: limits) { server in
            let count = 3_000
            let seen = await onThread {
                guard let socket = RawSocket(server.status) else { return "" }
                var text = socket.ask("/v1/events?follow=true", until: ": regionlockd")
                server.backend.publish(count)
                text += socket.receive(until: "id: \(count)\n")
                return text
            }
            // Chunks end in CR LF, which is one Character.
            let ids = seen.replacing("\r\n", with: "\n").split(separator: "\n")
                .compactMap { $0.hasPrefix("id: ") ? Int($0.dropFirst(4)) : nil }
            #expect(ids == Array(1...count))
        }
    }

    /// A client that never reads is closed by the idle limit, and its place is free again.
    @Test func clientThatStopsReadingIsDropped() async throws {
        var limits = ServerLimits()
        limits.idleSeconds = 1
        limits.heartbeatSeconds = 60
        limits.eventStreams = 1
        try await TestServer.with(limits: limits) { server in
            let rest = await onThread {
                guard let socket = RawSocket(server.status) else { return "nobody answers" }
                _ = socket.ask("/v1/events?follow=true", until: ": regionlockd")
                server.backend.publish(5_000)
                // Longer than the limit, with the socket's buffer full.
                Self.sleep(seconds: 3)
                return socket.receive()
            }
            // The last chunk of a stream that ended in order is empty (RFC 9112 section 7.1).
            #expect(!rest.hasSuffix("0\r\n\r\n") && !rest.contains("id: 5000\n"))
            try await eventually {
                try await follow(server, EventQuery(after: 0, limit: 1), count: 1) == [1]
            }
        }
    }

    @Test func streamEndsInOrderWhenTheDaemonStops() async throws {
        try await TestServer.with { server in
            let text = await onThread {
                guard let socket = RawSocket(server.status) else { return "nobody answers" }
                _ = socket.ask("/v1/events?follow=true", until: ": regionlockd")
                server.backend.endStreams()
                return socket.receive()
            }
            #expect(text.hasSuffix("0\r\n\r\n"), "\(text)")
        }
    }

    @Test func silenceIsFilledWithComments() async throws {
        var limits = ServerLimits()
        limits.heartbeatSeconds = 1
        try await TestServer.with(limits: limits) { server in
            let text = await onThread {
                RawSocket(server.status)?.ask("/v1/events?follow=true", until: "\r\n: \n\n") ?? ""
            }
            #expect(text.contains("\r\n: \n\n"), "\(text)")
        }
    }
}
