import ArgumentParser
import ControlAPI
import ControlClient

struct EventsCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "events", abstract: "What has happened, and what happens.",
        discussion: """
            With -o json each event is one object in one line. --follow goes on after a restart of
            the daemon and misses nothing.
            """)

    @Option(help: ArgumentHelp("From then on: 1h, a day or a time.", valueName: "when"))
    var since: String?
    @Option(help: ArgumentHelp("At most so many, the newest.", valueName: "count"))
    var limit: Int?
    @Flag(help: "Go on with what happens.")
    var follow = false
    @OptionGroup var common: CommonOptions

    /// How many `events` shows when nothing is said.
    private static let standardLimit = 50
    private static let retrySeconds: Int64 = 1

    func run(_ session: Session) async throws {
        if let limit, limit < 1 { throw Failure.usage("--limit must be 1 or more.") }
        let start = try since.map { try Words.past($0, "--since") }
        if follow {
            try await follow(EventQuery(since: start, limit: 1), session)
        }
        var events: [EventRecord] = []
        if start == nil {
            let count = min(limit ?? Self.standardLimit, FieldLimits.maximumPage)
            events = try await session.client.send(.events(EventQuery(limit: count))).items
        } else {
            var query = EventQuery(since: start, limit: FieldLimits.maximumPage)
            while true {
                let page = try await session.client.send(.events(query)).items
                events += page
                if let limit { events = events.suffix(limit) }
                guard page.count == FieldLimits.maximumPage, let last = page.last else { break }
                query = EventQuery(after: last.id, limit: FieldLimits.maximumPage)
            }
        }
        show(events, session)
    }

    private func show(_ events: [EventRecord], _ session: Session) {
        guard session.isJSON else {
            session.terminal.write(Report(events, session.style).rendered(session.style))
            return
        }
        for event in events { session.terminal.write(JSONDocument.line(event) + "\n") }
    }

    /// Goes on for ever; a daemon that was never there is an error, one that went is waited for.
    private func follow(_ first: EventQuery, _ session: Session) async throws -> Never {
        var query = first
        var isConnected = false
        while true {
            do {
                try await session.client.follow(query) { event in
                    isConnected = true
                    query = EventQuery(after: event.id, limit: 1)
                    show([event], session)
                }
                isConnected = true
            } catch let error as ClientError {
                switch error {
                case .noSocket, .refused, .wentAway, .broken:
                    guard isConnected else { throw error }
                default: throw error
                }
            }
            try await Task.sleep(for: .seconds(Self.retrySeconds))
        }
    }
}
