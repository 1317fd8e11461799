import Foundation
import Glibc
import NoticeServer
import Testing
import Wire

@Suite struct NoticeListenerTests {
    static let content = NoticeContent(
        reference: "B-7F3K", policyTitle: "Xiaomi export list 2021",
        message: "Please contact the retailer.", contactName: "Tienda Vedado",
        contactPhone: "+53 7 555 0100", contactEmail: "ayuda@tienda.example",
        contactURL: "https://tienda.example/lock", since: Timestamp(seconds: 1_795_000_000),
        until: Timestamp(seconds: 1_795_086_400), siteName: "havana-shop", regionName: "Cuba")

    /// Runs `body` against a listener that takes every client for cut.
    private func withListener(
        _ content: NoticeContent? = Self.content, lifetime: Duration = .seconds(30),
        _ body: @escaping @Sendable (Int) throws -> Void
    ) async throws {
        let listener = try await NoticeListener.bind(
            port: 0, lifetime: lifetime
        ) { _ in content }
        defer { listener.stop() }
        try await RawClient.blocking { [port = listener.port] in try body(port) }
    }

    @Test(arguments: [
        ("GET /generate_204 HTTP/1.1", [], 302), ("GET /hotspot-detect.html HTTP/1.0", [], 302),
        ("HEAD / HTTP/1.1", [], 302), ("POST /api HTTP/1.1", ["Content-Length: 0"], 302),
        ("GET /regionlock/notice HTTP/1.1", [], 200),
        ("GET /regionlock/notice?lang=es HTTP/1.1", ["Accept: text/html"], 200),
        ("GET http://a.example/regionlock/notice HTTP/1.1", [], 200),
        ("GET /regionlock/notice/more HTTP/1.1", [], 302),
        ("GET / HTTP/1.1", ["Accept: application/json"], 403),
        ("GET /regionlock/notice HTTP/1.1", ["Accept: application/problem+json"], 403),
    ])
    func everyRequestOfACutDeviceIsAnswered(
        line: String, headers: [String], status: Int
    ) async throws {
        try await withListener { port in
            let reply = try RawClient.ask(port: port, line, headers)
            #expect(reply.status == status)
            #expect(reply.headers["location"] == (status == 302 ? "/regionlock/notice" : nil))
            #expect(reply.headers["cache-control"] == "no-store")
            let policy = try #require(reply.headers["content-security-policy"])
            #expect(policy.hasPrefix("default-src 'none'; style-src 'unsafe-inline'"))
            // Android takes an answer of four octets or fewer for a broken network.
            let length = try #require(reply.headers["content-length"].flatMap { Int($0) })
            #expect(length > 4)
            #expect(reply.body.utf8.count == (line.hasPrefix("HEAD") ? 0 : length))
        }
    }

    @Test func thePageSaysWhatAPersonNeeds() async throws {
        try await withListener { port in
            let page = try RawClient.ask(port: port, "GET /regionlock/notice HTTP/1.1").body
            for text in [
                "<h1>This device has no internet on this network</h1>", "B-7F3K",
                "“Xiaomi export list 2021” does not allow that in Cuba",
                "<p class=\"quote\" dir=\"auto\">Please contact the retailer.</p>",
                "Contact Tienda Vedado",
                "href=\"tel:+5375550100\"", "href=\"mailto:ayuda@tienda.example?subject=B-7F3K\"",
                "href=\"https://tienda.example/lock\"", "havana-shop",
                "2026-11-18 11:06 UTC", "2026-11-19 11:06 UTC", "<html lang=\"en\">",
            ] { #expect(page.contains(text), "\(text)") }
            let outside = page.replacingOccurrences(of: "https://tienda.example/lock", with: "")
            for text in ["<script", "src=", "http:", "https:", "url(", "@import", "<form"] {
                #expect(!outside.contains(text), "\(text)")
            }
            #expect(page.utf8.count < 16_384)
        }
    }

    @Test func aBlockByCommandNeedsNoPolicy() async throws {
        let content = NoticeContent(
            reference: "B-7F3K", policyTitle: "", message: "", since: Timestamp(seconds: 0))
        try await withListener(content) { port in
            let page = try RawClient.ask(port: port, "GET /regionlock/notice HTTP/1.1").body
            #expect(page.contains("Whoever runs this network has cut the internet connection"))
            #expect(page.contains("Contact whoever runs this network"))
            #expect(page.contains("B-7F3K"))
            #expect(!page.contains("class=\"quote\"") && !page.contains("“”"))
        }
    }

    @Test func nothingOfTheRequestComesBack() async throws {
        try await withListener { port in
            for line in [
                "GET /s3cret?lang=s3cret HTTP/1.1", "GET /regionlock/notice?s3cret HTTP/1.1",
            ] {
                let reply = try RawClient.ask(
                    port: port, line,
                    [
                        "X-Test: s3cret", "Accept-Language: s3cret", "Cookie: s3cret",
                        "User-Agent: s3cret",
                    ])
                #expect(!reply.text.contains("s3cret"))
                #expect(!reply.text.contains("gstatic"))
            }
        }
    }

    @Test func theOperatorsTextsAreEscaped() async throws {
        let hostile = "</p><script>alert(\"1\")</script>&'\u{1}\\\n"
        let content = NoticeContent(
            reference: hostile, policyTitle: hostile, message: hostile, contactName: hostile,
            contactPhone: hostile, contactEmail: hostile, contactURL: "javascript:" + hostile,
            since: Timestamp(seconds: 0), siteName: hostile, regionName: hostile)
        try await withListener(content) { port in
            let page = try RawClient.ask(port: port, "GET /regionlock/notice HTTP/1.1").body
            #expect(!page.contains("<script"))
            #expect(!page.contains("href=\"javascript"))
            #expect(
                page.contains(
                    "&lt;/p&gt;&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;&#39;"))
            let reply = try RawClient.ask(
                port: port, "GET / HTTP/1.1", ["Accept: application/json"])
            #expect(reply.headers["content-type"] == "application/problem+json")
            let json = try JSONSerialization.jsonObject(with: Data(reply.body.utf8))
            let problem = try #require(json as? [String: Any])
            #expect(problem["status"] as? Int == 403)
            #expect(problem["detail"] as? String == hostile)
            #expect(problem["reference"] as? String == hostile)
        }
    }

    @Test(arguments: [
        ("es", "", "es"), ("es-419,en;q=0.8", "", "es"), ("fa, es;q=0.5, en;q=0.4", "", "es"),
        ("en;q=0.3, es;q=0.9", "", "es"), ("fa-IR", "", "en"), ("", "", "en"),
        ("es;q=0", "", "en"), ("es;q=x", "", "en"), (";;,,-", "", "en"), ("en", "?lang=es", "es"),
        ("es", "?a=1&lang=en", "en"), ("es", "?lang=xx", "es"),
    ])
    func thePageSpeaksThePersonsLanguage(
        header: String, query: String, language: String
    ) async throws {
        try await withListener { port in
            let reply = try RawClient.ask(
                port: port, "GET /regionlock/notice\(query) HTTP/1.1",
                ["Accept-Language: \(header)"])
            #expect(reply.body.contains("<html lang=\"\(language)\">"))
            #expect(reply.body.contains("Please contact the retailer."))
        }
    }

    /// The policy's sentence has languages of its own: the page round it may have to be English.
    @Test(arguments: [
        ("fa-IR, en;q=0.5", "", "fa", "\u{62A}\u{645}\u{627}\u{633}", "en"),
        ("es", "", "es", "Hable.", "es"), ("de", "", "en", "Ask.", "en"),
        ("en;q=0.2, ru;q=0.9", "", "ru", "\u{421}\u{43F}\u{440}.", "en"),
        ("es", "?lang=ru", "ru", "\u{421}\u{43F}\u{440}.", "es"), ("", "", "en", "Ask.", "en"),
    ])
    func theSentenceSpeaksThePersonsLanguage(
        header: String, query: String, language: String, text: String, page: String
    ) async throws {
        var content = Self.content
        content.message = "Ask."
        content.translations = [
            "en": "Ask.", "es": "Hable.", "fa": "\u{62A}\u{645}\u{627}\u{633}",
            "ru": "\u{421}\u{43F}\u{440}.",
        ]
        try await withListener(content) { port in
            let body = try RawClient.ask(
                port: port, "GET /regionlock/notice\(query) HTTP/1.1",
                ["Accept-Language: \(header)"]
            ).body
            #expect(
                body.contains("<p class=\"quote\" dir=\"auto\" lang=\"\(language)\">\(text)</p>"))
            #expect(body.contains("<html lang=\"\(page)\">"))
            #expect(body.contains("href=\"?lang=fa\""))
        }
    }

    @Test func aDeviceThatIsNotCutSeesAShortPage() async throws {
        try await withListener(nil) { port in
            for line in ["GET /regionlock/notice HTTP/1.1", "GET /generate_204 HTTP/1.1"] {
                let reply = try RawClient.ask(port: port, line, ["Accept: application/json"])
                #expect(reply.status == 404)
                #expect(reply.body.contains("this device is not cut off"))
                #expect(reply.body.utf8.count < 4_096)
            }
        }
    }

    @Test func eachFamilyIsLookedUpByItsOwnAddress() async throws {
        let cut = try #require(IPAddress("127.0.0.1"))
        let listener = try await NoticeListener.bind(
            port: 0
        ) { address in address == cut ? Self.content : nil }
        defer { listener.stop() }
        try await RawClient.blocking { [port = listener.port] in
            let statuses = [
                try RawClient.ask(port: port).status,
                try RawClient.ask(port: port, v6: true).status,
            ]
            #expect(statuses == [302, 404])
        }
    }

    @Test func aClientThatSendsTooMuchIsClosed() async throws {
        try await withListener { port in
            let file = try RawClient.connect(port: port)
            defer { close(file) }
            RawClient.write("GET / HTTP/1.1\r\nX: ", to: file)
            RawClient.write(String(repeating: "x", count: 64 * 1_024), to: file)
            RawClient.write("\r\n\r\n", to: file)
            #expect(!RawClient.readToEnd(file).contains("302"))
        }
    }

    @Test func aSlowClientIsClosed() async throws {
        try await withListener(lifetime: .milliseconds(200)) { port in
            let file = try RawClient.connect(port: port)
            defer { close(file) }
            RawClient.write("GET / HTTP/1.1\r\n", to: file)
            let taken = ContinuousClock().measure {
                #expect(RawClient.readToEnd(file).isEmpty)
            }
            #expect(taken >= .milliseconds(100) && taken < .seconds(10))
        }
    }

    @Test func oneAddressTakesOnlyItsShare() async throws {
        try await withListener { port in
            var held: [CInt] = []
            defer { for file in held { close(file) } }
            for _ in 0...ConnectionLimits.maximumPerAddress {
                held.append(try RawClient.connect(port: port))
                // An answer to half a request never comes: the connection stays.
                RawClient.write("GET / HTTP/1.1\r\n", to: held[held.count - 1])
            }
            // One too many. Which one is refused is for the listener's threads to settle.
            let refused = try #require(RawClient.firstReadable(of: held))
            #expect(RawClient.readToEnd(held[refused]).isEmpty)
            close(held.remove(at: refused))
            #expect(RawClient.firstReadable(of: held, withinMilliseconds: 200) == nil)
            // Another address still gets its answer, and so does this one when a place is free.
            #expect(try RawClient.ask(port: port, v6: true).status == 302)
            RawClient.write("Host: a\r\n\r\n", to: held[0])
            #expect(RawClient.readToEnd(held[0]).contains("302"))
            var status: Int?
            for _ in 0..<200 where status == nil {
                status = try? RawClient.ask(port: port).status
            }
            #expect(status == 302)
        }
    }

    @Test(arguments: ["\u{0}\u{1}\u{2}\r\n\r\n", "GET\r\n\r\n", "\u{16}\u{3}\u{1}\u{2}\u{0}"])
    func garbageDoesNotStopTheListener(garbage: String) async throws {
        try await withListener(lifetime: .milliseconds(500)) { port in
            let file = try RawClient.connect(port: port)
            RawClient.write(garbage, to: file)
            #expect(!RawClient.readToEnd(file).contains("B-7F3K"))
            close(file)
            #expect(try RawClient.ask(port: port).status == 302)
        }
    }

    @Test func stoppingEndsTheRunAndFreesThePort() async throws {
        let listener = try await NoticeListener.bind(port: 0) { _ in nil }
        let port = listener.port
        let taken = await #expect(throws: NoticeListenError.self) {
            _ = try await NoticeListener.bind(port: port) { _ in nil }
        }
        #expect("\(try #require(taken))".hasPrefix("cannot listen on TCP port \(port): "))
        async let run: Void = listener.run()
        listener.stop()
        try await run
        let again = try await NoticeListener.bind(port: port) { _ in nil }
        let task = Task { try await again.run() }
        task.cancel()
        try await task.value
    }
}
