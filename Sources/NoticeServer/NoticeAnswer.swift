/// What the listener answers, as a value: one function from request to answer.
struct NoticeAnswer: Hashable {
    /// Where the page is, on whatever host the device believes it is talking to.
    static let pagePath = "/regionlock/notice"

    enum ContentType: String {
        case html = "text/html; charset=utf-8"
        case problem = "application/problem+json"
    }

    let status: Int
    let contentType: ContentType
    let body: String
    /// Location of a redirect.
    let location: String?

    /// The parts of a request that matter. No other part of it is looked at, and none comes back.
    struct Request {
        var target: String
        var accept: String = ""
        var acceptLanguage: String = ""
    }

    /// A cut device's packets were redirected here, so that any host and any path may be asked for.
    ///
    /// The page itself is a 200, and only at its own path. Everything else is a 302 to it:
    /// Android's and Apple's connectivity probes take a redirect for a captive portal and show it
    /// (Android: 200 to 399 but 204; a 511 or a 451 is no portal). The Location is relative
    /// (RFC 9110 section 10.2.2): the device comes back by the same redirect, and nothing of its
    /// Host header is repeated.
    init(to request: Request, content: NoticeContent?) {
        let parts = request.target.split(
            separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let query = parts.count > 1 ? parts[1] : ""
        let asked = query.split(separator: "&").first { $0.hasPrefix("lang=") }
            .map { String($0.dropFirst(5)) }
        let language =
            asked.flatMap { NoticeLanguage(rawValue: $0) }
            ?? NoticeLanguage(accepting: request.acceptLanguage)
        guard let content else {
            self.init(404, .html, NoticePage.notCut(language))
            return
        }
        let quote = content.quote(asked: asked, accepting: request.acceptLanguage)
        let accept = request.accept.lowercased()
        if accept.contains("application/json") || accept.contains("application/problem+json") {
            self.init(403, .problem, NoticePage.problem(content, quote, language))
        } else if Self.path(of: parts.first ?? "") == Self.pagePath {
            self.init(200, .html, NoticePage.html(content, quote, language))
        } else {
            self.init(
                302, .html, NoticePage.html(content, quote, language), location: Self.pagePath)
        }
    }

    private init(
        _ status: Int, _ contentType: ContentType, _ body: String, location: String? = nil
    ) {
        self.status = status
        self.contentType = contentType
        self.body = body
        self.location = location
    }

    /// The path of an origin-form or absolute-form target (RFC 9112 section 3.2).
    private static func path(of target: Substring) -> Substring {
        guard target.lowercased().hasPrefix("http://") else { return target }
        return target.dropFirst(7).drop { $0 != "/" }
    }
}
