import ControlAPI
import ControlClient
import ControlServer
import Foundation
import Testing

@Suite struct SocketTests {
    @Test func modesAreWhatTheManualSays() async throws {
        try await TestServer.with { server in
            #expect(mode(server.control) == 0o600)
            #expect(mode(server.status) == 0o666)
        }
        // Nobody needs to be in the group for this; any will do that we may give a file to.
        try await TestServer.with(adminsGroup: getegid()) { server in
            #expect(mode(server.control) == 0o660)
            var status = stat()
            #expect(lstat(server.control, &status) == 0 && status.st_gid == getegid())
        }
    }

    private func mode(_ path: String) -> UInt32? {
        var status = stat()
        return lstat(path, &status) == 0 ? status.st_mode & 0o7777 : nil
    }

    @Test func filesGoWithTheServer() async throws {
        let directory = try TestServer.temporaryDirectory()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try await TestServer.with(directory: directory) { server in
            #expect(FileManager.default.fileExists(atPath: server.control))
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory).isEmpty)
    }

    @Test func secondServerIsRefusedAndHarmsNothing() async throws {
        try await TestServer.with { server in
            await #expect {
                try await TestServer.with(directory: server.directory) { _ in }
            } throws: { error in
                (error as? SocketError) == .inUse(server.control)
                    && "\(error)".contains("is regionlockd running?")
            }
            let status = try await server.client.send(.status())
            #expect(status == Fixtures.status)
        }
    }

    @Test func staleFileOfACrashIsReplaced() async throws {
        let directory = try TestServer.temporaryDirectory()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        // Bound, never closed properly: what kill -9 leaves behind.
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let path = directory + "/control.sock"
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
        let isBound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
        close(descriptor)
        try #require(isBound)
        try await TestServer.with(directory: directory) { server in
            let reply = try await server.client.send(.reload(ReloadRequest()))
            #expect(reply == Fixtures.reload)
        }
    }

    @Test func anotherKindOfFileIsLeftAlone() async throws {
        let directory = try TestServer.temporaryDirectory()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let path = directory + "/control.sock"
        try Data("mine".utf8).write(to: URL(fileURLWithPath: path))
        await #expect(throws: SocketError.self) {
            try await TestServer.with(directory: directory) { _ in }
        }
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "mine")
    }

    /// The second socket cannot be made: the first must not stay behind, answering nobody.
    @Test func bothSocketsOrNone() async throws {
        let directory = try TestServer.temporaryDirectory()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try Data("mine".utf8).write(to: URL(fileURLWithPath: directory + "/status.sock"))
        await #expect(throws: SocketError.inUse(directory + "/status.sock")) {
            try await TestServer.with(directory: directory) { _ in }
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory) == ["status.sock"])
    }

    @Test func statusSocketTakesNoChange() async throws {
        try await TestServer.with { server in
            for operation in Operation.allCases where operation.isChange {
                let target = operation.path("B-7F3K", "bench")
                let reply = await RawSocket.request(
                    server.status, operation.method.rawValue, target,
                    body: #"{"device":"a","for":"1h","reason":"test"}"#)
                #expect(reply.hasPrefix("HTTP/1.1 405 "), "\(operation): \(reply)")
                #expect(reply.contains("read_only"))
            }
            #expect(server.backend.changes.isEmpty)
        }
    }

    /// `echo ... | socat`: the client has said all it will say before the answer is there.
    @Test func halfClosedClientIsAnswered() async throws {
        try await TestServer.with { server in
            let reply = await RawSocket.exchange(
                server.status, "GET /v1/status HTTP/1.0\r\n\r\n", thenHalfClose: true)
            #expect(reply.hasPrefix("HTTP/1.") && reply.contains(" 200 "), "\(reply)")
            #expect(reply.contains("\"gateway\":\"gw-havana-1\""), "\(reply)")
        }
    }

    @Test func connectionServesSeveralRequests() async throws {
        try await TestServer.with { server in
            let replies = await onThread {
                guard let socket = RawSocket(server.status) else { return "" }
                return socket.ask("/v1/nothing", until: "route_not_found")
                    + socket.ask("/v1/mode", until: "configured")
            }
            #expect(replies.contains(" 404 ") && replies.contains(" 200 "), "\(replies)")
        }
    }

    @Test func clientSaysWhyNobodyAnswers() async throws {
        let directory = try TestServer.temporaryDirectory()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let client = APIClient(runDirectory: directory)
        await #expect(throws: ClientError.noSocket(path: directory + "/status.sock")) {
            try await client.send(.status())
        }
        let long = APIClient(runDirectory: "/" + String(repeating: "x", count: 200))
        await #expect {
            try await long.send(.status())
        } throws: { "\($0)".contains("too long") }
    }
}

/// Needs root: only root can become somebody else.
@Suite(.enabled(if: geteuid() == 0, "needs root to run a client as another account"))
struct OtherAccountTests {
    private static let nobody: UInt32 = 65_534

    /// A client in perl, which every Debian has, as `nobody` with these groups.
    private func ask(
        _ path: String, _ request: String, groups: String? = nil
    ) async throws -> String {
        let script = """
            use IO::Socket::UNIX; my $s = IO::Socket::UNIX->new(Peer => $ARGV[0]) or die "$!\\n"; \
            print $s "$ARGV[1] HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n\\r\\n"; \
            print while <$s>;
            """
        let result = try await run(
            "/usr/bin/setpriv",
            [
                "--reuid=65534", "--regid=65534",
                groups.map { "--groups=\($0)" } ?? "--clear-groups",
                "/usr/bin/perl", "-e", script, path, request,
            ])
        return result.output + result.errors
    }

    @Test func everybodyMayLook() async throws {
        try await TestServer.with { server in
            let reply = try await ask(server.status, "GET /v1/status")
            #expect(reply.contains("gw-havana-1"), "\(reply)")
        }
    }

    @Test func strangerCannotReachTheControlSocket() async throws {
        try await TestServer.with(adminsGroup: 4_711) { server in
            let reply = try await ask(server.control, "POST /v1/reload")
            #expect(reply.contains("Permission denied"), "\(reply)")
        }
    }

    /// The second gate: the mode lets everybody in, the kernel's word on the peer does not.
    @Test func strangerIsRefusedEvenWhenTheModeIsWide() async throws {
        try await TestServer.with(adminsGroup: 4_711) { server in
            try #require(chmod(server.control, 0o666) == 0)
            let reply = try await ask(server.control, "POST /v1/reload")
            #expect(reply.hasPrefix("HTTP/1.1 403 ") && reply.contains("not_allowed"), "\(reply)")
            #expect(server.backend.changes.isEmpty)
            guard case .refusedChange(.reload, let caller)? = server.observations.all.first else {
                Issue.record("the refusal was not observed")
                return
            }
            #expect(caller.uid == Self.nobody && !caller.mayChange)
        }
    }

    @Test func memberOfTheGroupMayChange() async throws {
        try await TestServer.with(adminsGroup: 4_711) { server in
            let reply = try await ask(server.control, "POST /v1/reload", groups: "4711")
            #expect(reply.hasPrefix("HTTP/1.1 200 "), "\(reply)")
            let caller = try #require(server.backend.changes.first?.by)
            #expect(caller.uid == Self.nobody && caller.userName == "nobody" && caller.mayChange)
        }
    }

    /// Others cannot use up root's place.
    @Test func rootGetsInWhenOthersHaveTakenEverything() async throws {
        var limits = ServerLimits()
        limits.connections = 0
        try await TestServer.with(limits: limits) { server in
            let reply = try await ask(server.status, "GET /v1/status")
            #expect(reply.contains("too_many_connections"), "\(reply)")
            let status = try await server.client.send(.status())
            #expect(status == Fixtures.status)
        }
    }
}
