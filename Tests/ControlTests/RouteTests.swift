import ControlAPI
import ControlClient
import Policy
import Testing
import Wire

/// Each call over a real socket, and what the backend was asked.
@Suite struct RouteTests {
    @Test func looking() async throws {
        try await TestServer.with { server in
            try await expect(server, .status(), Fixtures.status)
            try await expect(server, .sites(), Page(items: Fixtures.sites))
            try await expect(
                server, .policies(), Page(items: [Fixtures.policy, Fixtures.tvPolicy]))
            try await expect(server, .policy("xiaomi"), Fixtures.policyDetail)
            try await expect(server, .mode(), Fixtures.mode)
            try await expect(server, .explain("bench-phone-7"), Fixtures.explanation)
            try await expect(server, .blocks(), Page(items: [Fixtures.block, Fixtures.handMade]))
            try await expect(server, .exemptions(), Page(items: [Fixtures.exemption]))
            try await expect(server, .verifyLedger(), Fixtures.wholeLedger)
            let wouldImport = LedgerImportRequest(
                activations: [Fixtures.claim], reason: nil, isDryRun: true)
            try await expect(server, .importLedger(wouldImport), Fixtures.wouldImport)
            #expect(server.backend.changes.isEmpty)
        }
    }

    private func expect<Reply: Equatable>(
        _ server: TestServer, _ call: APICall<Reply>, _ expected: Reply
    ) async throws {
        let reply = try await server.client.send(call)
        #expect(reply == expected)
    }

    @Test func changesReachTheBackendWithTheCaller() async throws {
        try await TestServer.with { server in
            let client = server.client
            let reason = "sold to Spain"
            _ = try await client.send(
                .tag("bench-phone-7", "bench", TagRequest(reason: "returned & checked")))
            _ = try await client.send(.untag("bench-phone-7", "bench", reason: "old one"))
            _ = try await client.send(
                .block(BlockRequest(device: "pos-terminal", term: .seconds(43_200), reason: reason))
            )
            _ = try await client.send(
                .release("B-7F3K", ReleaseRequest(reason: reason, exemptFor: .seconds(2_592_000))))
            _ = try await client.send(
                .exempt(
                    ExemptRequest(
                        device: "bench-phone-7", policy: nil, term: .untilReleased, reason: reason))
            )
            _ = try await client.send(
                .releaseAll(
                    ReleaseAllRequest(reason: reason, policy: "xiaomi", region: Fixtures.cuba)))
            _ = try await client.send(
                .releaseAll(ReleaseAllRequest(reason: reason, isDryRun: true)))
            _ = try await client.send(.endExemption("X-2M9Q"))
            _ = try await client.send(.setMode(ModeRequest(mode: .enforce)))
            _ = try await client.send(.removeAll(RemoveAllRequest(reason: reason)))
            _ = try await client.send(
                .removeAll(RemoveAllRequest(reason: reason, isDryRun: true)))
            _ = try await client.send(.reload(ReloadRequest()))
            _ = try await client.send(.reload(ReloadRequest(isDryRun: true)))
            _ = try await client.send(.reload(ReloadRequest(confirmSeconds: 120)))
            _ = try await client.send(.confirmReload())
            _ = try await client.send(
                .importLedger(LedgerImportRequest(activations: [Fixtures.claim])))
            _ = try await client.send(.reload(ReloadRequest(revision: "77ae")))
            #expect(
                server.backend.changes.map(\.what) == [
                    "tag 02:00:00:00:00:07 bench returned & checked",
                    "untag 02:00:00:00:00:07 bench old one",
                    "block 00:1b:44:11:3a:b7 12h sold to Spain",
                    "release B-7F3K 30d sold to Spain", "exempt 02:00:00:00:00:07 -",
                    "release all xiaomi CU sold to Spain", "end X-2M9Q", "mode enforce",
                    "remove all sold to Spain", "reload", "reload 120", "confirm",
                    "import 64:b4:73:00:00:12 ES 2025-03-02T00:00:00.000Z receipt 881",
                    "reload 77ae",
                ])
            let caller = try #require(server.backend.changes.first?.by)
            #expect(caller.uid == Self.ownUser && caller.pid == Self.ownProcess)
            #expect(caller.mayChange)
        }
    }

    @Test func filtersNarrow() async throws {
        try await TestServer.with { server in
            let tagged = try await server.client.send(
                .devices(DeviceQuery(tag: Fixtures.tag("xiaomi"))))
            #expect(tagged.items == [Fixtures.phone])
            let free = try await server.client.send(.devices(DeviceQuery(state: .free)))
            #expect(free.items == [Fixtures.till, Fixtures.liar])
        }
    }

    @Test func pagesMakeUpTheWholeList() async throws {
        try await TestServer.with { server in
            let devices = (0..<2_345).map { number in
                let id = "\(MACAddress(value: UInt64(number)))"
                return DeviceRecord(id: id, name: id, addresses: [], tags: [], state: .free)
            }
            server.backend.setDevices(devices.shuffled())
            let all = try await server.client.all { .devices(DeviceQuery(), cursor: $0) }
            #expect(all == devices)
        }
    }

    @Test func simulationCarriesTheQuestion() async throws {
        try await TestServer.with { server in
            let to = try #require(DomainName("account.xiaomi.com"))
            let tags = [Fixtures.tag("xiaomi"), Fixtures.tag("bench")]
            let denied = try await server.client.send(
                .simulate(SimulateQuery(tags: tags, region: Fixtures.cuba, to: to)))
            #expect(denied == Fixtures.decision)
            let allowed = try await server.client.send(
                .simulate(
                    SimulateQuery(
                        device: "bench-phone-7", site: "madrid-office", to: to, at: Fixtures.now)))
            #expect(allowed == Fixtures.allowed)
            let entered = try await server.client.send(
                .simulate(SimulateQuery(tags: tags, region: Fixtures.cuba, to: nil)))
            #expect(entered == Fixtures.entered)
        }
    }

    @Test func problemsArriveAsProblems() async throws {
        try await TestServer.with { server in
            await #expect {
                try await server.client.send(.explain("Redmi"))
            } throws: { error in
                guard case .problem(let problem)? = error as? ClientError else { return false }
                return problem.knownCode == .ambiguous && problem.candidates?.count == 2
                    && problem.exitStatus == .ambiguous
            }
            await #expect {
                try await server.client.send(.policy("nobody"))
            } throws: { error in
                (error as? ClientError)?.exitStatus == .notFound
            }
        }
    }

    /// A device may be called anything that fits into a host name's length.
    @Test(arguments: ["a b", "a/b", "50%", "?x=1", "ñandú", "+53", "a&b=c"])
    func namesSurviveThePath(name: String) async throws {
        try await TestServer.with { server in
            server.backend.setDevices([
                DeviceRecord(id: name, name: name, addresses: [], tags: [], state: .free)
            ])
            let reply = try await server.client.send(.tag(name, "bench", TagRequest()))
            #expect(reply.device.id == name)
        }
    }
}
