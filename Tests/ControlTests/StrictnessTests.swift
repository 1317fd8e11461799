import Testing

/// Requests that must not be taken for something else, byte for byte over the socket.
@Suite struct StrictnessTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let method: String
        let target: String
        var body = ""
        let status: Int
        /// Something the reply must say.
        let says: String

        var testDescription: String { "\(method) \(target) \(body)" }
    }

    static let cases: [Case] = [
        .init(method: "GET", target: "/v1/nothing", status: 404, says: "route_not_found"),
        .init(method: "GET", target: "/", status: 404, says: "route_not_found"),
        .init(method: "GET", target: "/v1/devices//explain", status: 404, says: "route_not_found"),
        .init(
            method: "GET", target: "/v1/devices/%zz/explain", status: 404, says: "route_not_found"),
        .init(method: "DELETE", target: "/v1/status", status: 405, says: "Allow: GET\r\n"),
        .init(method: "PATCH", target: "/v1/blocks", status: 405, says: "Allow: GET, POST\r\n"),
        .init(
            method: "GET", target: "/v1/devices?tga=x", status: 400, says: "query field \\\"tga\\\""
        ),
        .init(method: "GET", target: "/v1/devices?tag=a&tag=b", status: 400, says: "given twice"),
        .init(
            method: "GET", target: "/v1/devices?tag=A", status: 400, says: "tag: must be 1 to 32"),
        .init(method: "GET", target: "/v1/devices?limit=0", status: 400, says: "from 1 to 1000"),
        .init(method: "GET", target: "/v1/devices?limit=1001", status: 400, says: "from 1 to 1000"),
        .init(method: "GET", target: "/v1/devices?state=dead", status: 400, says: "cut_off"),
        .init(method: "GET", target: "/v1/events?follow=maybe", status: 400, says: "true or false"),
        .init(
            method: "GET", target: "/v1/simulate?to=x.example", status: 400,
            says: "device or tags"),
        .init(
            method: "GET", target: "/v1/simulate?tag=a&to=x.example", status: 400,
            says: "give a site or a region"),
        .init(
            method: "GET", target: "/v1/simulate?tag=a&site=b&region=CU&to=x.example", status: 400,
            says: "either a site or a region"),
        .init(
            method: "GET", target: "/v1/simulate?tag=a&region=Cuba&to=x.example", status: 400,
            says: "ISO 3166"),
        .init(
            method: "GET", target: "/v1/simulate?device=a&to=x..y", status: 400, says: "host name"),
        .init(
            method: "GET", target: "/v1/simulate?tag=a&region=CU", status: 400,
            says: "entry=true asks about presence"),
        .init(
            method: "GET", target: "/v1/simulate?tag=a&region=CU&entry=false", status: 400,
            says: "to: is missing"),
        .init(
            method: "GET", target: "/v1/simulate?tag=a&region=CU&to=x.example&entry=true",
            status: 400, says: "either a name or entry=true"),
        .init(
            method: "GET", target: "/v1/simulate?tag=a&region=CU&entry=1", status: 400,
            says: "entry: must be true or false"),
        .init(
            method: "GET", target: "/v1/devices/a%1b/explain", status: 400,
            says: "control characters"),
        .init(method: "PUT", target: "/v1/devices/a/tags/A_", status: 400, says: "tag: must be"),
        .init(method: "POST", target: "/v1/blocks", status: 400, says: "device: is missing"),
        .init(method: "GET", target: "/v1/ledger?region=Cuba", status: 400, says: "ISO 3166"),
        .init(method: "GET", target: "/v1/ledger?since=then", status: 400, says: "RFC 3339"),
        .init(method: "GET", target: "/v1/ledger/verify?head=12", status: 400, says: "64 hexa"),
        .init(method: "PUT", target: "/v1/ledger", status: 405, says: "Allow: GET\r\n"),
        .init(
            method: "POST", target: "/v1/ledger/import", status: 400,
            says: "activations: is missing"),
        .init(
            method: "POST", target: "/v1/ledger/import", body: #"{"activations":[]}"#,
            status: 400, says: "must be 1 to 10000"),
        .init(
            method: "POST", target: "/v1/ledger/import",
            body: #"{"activations":[{"device":"64:b4:73:00:00:12","regoin":"ES"}]}"#, status: 400,
            says: #"no field \"regoin\" in an activation"#),
        .init(
            method: "POST", target: "/v1/ledger/import",
            body: #"{"activations":[{"device":"x","region":"ES","activated_at":"2025-01-01","#
                + #""source":"a"}]}"#, status: 400, says: "activations[0].device: must be"),
        .init(
            method: "POST", target: "/v1/ledger/import",
            body: #"{"activations":[{"device":"10.0.0.1","region":"es","activated_at":"#
                + #""2025-01-01","source":"a"}]}"#, status: 400, says: "ISO 3166"),
        .init(
            method: "POST", target: "/v1/ledger/import",
            body: #"{"activations":[{"device":"10.0.0.1","region":"ES","activated_at":"#
                + #""2025-01-01","source":"a\u001b"}]}"#, status: 400,
            says: "activations[0].source: must not hold control characters"),
        .init(method: "POST", target: "/v1/blocks", body: "[]", status: 400, says: "bad_request"),
        .init(method: "POST", target: "/v1/blocks", body: "{", status: 400, says: "bad_request"),
        .init(
            method: "POST", target: "/v1/blocks",
            body: #"{"device":"a","for":"1h","raeson":"test it"}"#, status: 400,
            says: #"no field \"raeson\". Did you mean \"reason\"?"#),
        .init(
            method: "POST", target: "/v1/blocks",
            body: #"{"device":"a","for":"12","reason":"test"}"#,
            status: 400, says: "for: needs a number with a unit"),
        .init(
            method: "POST", target: "/v1/blocks", body: #"{"device":"a","for":12,"reason":"test"}"#,
            status: 400, says: "for: has the wrong type"),
        .init(
            method: "POST", target: "/v1/blocks",
            body: #"{"device":"a","for":"999999w","reason":"test"}"#, status: 400,
            says: "a hundred years"),
        .init(
            method: "POST", target: "/v1/blocks", body: #"{"device":"a","for":"1h","reason":"no"}"#,
            status: 400, says: "reason: must have 3 to 200 characters"),
        .init(
            method: "POST", target: "/v1/blocks",
            body: #"{"device":"a","for":"1h","reason":"a\nb\u001b[2J"}"#, status: 400,
            says: "reason: must not hold control characters"),
        .init(
            method: "PUT", target: "/v1/mode", body: #"{"mode":"disabled"}"#, status: 400,
            says: "monitor or enforce"),
        .init(
            method: "PUT", target: "/v1/mode", body: #"{"mode":"loud"}"#, status: 400,
            says: "mode: has a value that is not known"),
        .init(
            method: "POST", target: "/v1/reload/confirm", body: "{}", status: 400,
            says: "must be empty"),
        .init(
            method: "POST", target: "/v1/blocks/B-0000/release", body: #"{"reason":"sold"}"#,
            status: 404, says: "block_not_found"),
    ]

    @Test(arguments: cases) func isRefused(_ wanted: Case) async throws {
        try await TestServer.with { server in
            let reply = await RawSocket.request(
                server.control, wanted.method, wanted.target, body: wanted.body)
            #expect(reply.hasPrefix("HTTP/1.1 \(wanted.status) "), "\(reply)")
            #expect(reply.contains("Content-Type: application/problem+json"))
            #expect(reply.contains(wanted.says), "\(reply)")
            #expect(server.backend.changes.isEmpty)
        }
    }

    @Test func deepNestingIsRefusedNotFollowed() async throws {
        try await TestServer.with { server in
            let deep = String(repeating: "[", count: 30_000) + String(repeating: "]", count: 30_000)
            let reply = await RawSocket.request(
                server.control, "PUT", "/v1/mode", body: "{\"mode\":\(deep)}")
            #expect(reply.hasPrefix("HTTP/1.1 400 "), "\(reply)")
        }
    }

    /// What may be left out of a request and what a client may add to it without harm.
    @Test func emptyBodyWillDoWhereNothingIsNeeded() async throws {
        try await TestServer.with { server in
            let reply = await RawSocket.request(
                server.control, "PUT", "/v1/devices/bench-phone-7/tags/bench")
            #expect(reply.hasPrefix("HTTP/1.1 200 "), "\(reply)")
            #expect(reply.contains("Cache-Control: no-store"))
        }
    }
}
