import ControlAPI
import NIOCore

/// Writes events to one client as server-sent events (WHATWG HTML, section 9.2).
///
/// Live events only say that there is something new and save a read: the id of each must follow the
/// last one sent, and whatever is missing between the two is read from the store. So a client that
/// reads slowly costs one bounded buffer and misses nothing; one that stops reading is closed by
/// the idle limit.
struct EventStream {
    let backend: any ControlBackend
    let writer: ResponseWriter
    let limits: ServerLimits

    /// Returns when the client has gone, the daemon stops or a problem was told to the client.
    ///
    /// - Throws: `Problem` while nothing has been sent yet: it can still be an error reply.
    func run(
        after: Int64?, since: EventQuery?, until closed: EventLoopFuture<Void>
    ) async throws {
        // Whoever asks for nothing older gets what comes after this moment.
        var last = after ?? 0
        if after == nil { last = try await backend.events(EventQuery(limit: 1)).last?.id ?? 0 }
        // Before the first read, so that nothing falls between the two.
        let live = backend.followEvents(after: last)
        var page: [EventRecord] = []
        if after != nil || since != nil {
            page = try await backend.events(
                EventQuery(after: after, since: since?.since, limit: limits.replayPage))
        }
        try await writer.begin(type: "text/event-stream")
        try await writer.write(": regionlockd \(ProductVersion.text)\n\n")
        let (gone, signal) = AsyncStream<Void>.makeStream()
        closed.whenComplete { _ in signal.finish() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { for await _ in gone {} }
            group.addTask { try await beat() }
            group.addTask { [last, page] in try await copy(live, page, after: last) }
            defer { group.cancelAll() }
            try await group.next()
        }
        try await writer.end()
    }

    private func beat() async throws {
        while true {
            try await Task.sleep(for: .seconds(limits.heartbeatSeconds))
            try await writer.write(": \n\n")
        }
    }

    private func copy(
        _ live: AsyncStream<EventRecord>, _ first: [EventRecord], after id: Int64
    ) async throws {
        do {
            var last = try await replay(first, after: id)
            for await event in live where event.id > last {
                if event.id > last + 1 {
                    last = try await replay(try await page(after: last), after: last)
                }
                guard event.id > last else { continue }
                try await send(event)
                last = event.id
            }
        } catch let problem as Problem {
            try await tell(problem)
        }
    }

    /// Sends a page of the store and all that follows it; the id of the last one sent.
    private func replay(_ first: [EventRecord], after id: Int64) async throws -> Int64 {
        var (page, last) = (first, id)
        while true {
            for event in page { try await send(event) }
            last = page.last?.id ?? last
            if page.count < limits.replayPage { return last }
            page = try await self.page(after: last)
        }
    }

    private func page(after id: Int64) async throws(Problem) -> [EventRecord] {
        try await backend.events(EventQuery(after: id, limit: limits.replayPage))
    }

    private func send(_ event: EventRecord) async throws {
        let json = String(buffer: try JSONText.bytes(event))
        try await writer.write("id: \(event.id)\nevent: \(event.type)\ndata: \(json)\n\n")
    }

    private func tell(_ problem: Problem) async throws {
        let json = String(buffer: try JSONText.bytes(problem))
        try await writer.write("event: problem\ndata: \(json)\n\n")
    }
}
