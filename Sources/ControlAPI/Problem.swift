/// An error reply, RFC 9457 (`application/problem+json`).
///
/// `code` is what programs act on; `detail` is one sentence for people; `hint` says what to do.
package struct Problem: Error, Codable, Hashable, Sendable {
    /// A URI that names the kind of problem; `about:blank` where the status says it all.
    package let type: String
    package let title: String
    /// The HTTP status, 400...599.
    package let status: Int
    package let code: String
    package let detail: String?
    package let hint: String?
    /// What an ambiguous name could have meant, at most `FieldLimits.maximumCandidates`.
    package let candidates: [String]?

    package init(
        type: String = "about:blank", title: String, status: Int, code: Code,
        detail: String? = nil, hint: String? = nil, candidates: [String]? = nil
    ) {
        self.type = type
        self.title = title
        self.status = status
        self.code = code.rawValue
        self.detail = detail
        self.hint = hint
        self.candidates = candidates.map { Array($0.prefix(FieldLimits.maximumCandidates)) }
    }

    /// The codes this version sends. A client keeps `code` as text, so that it survives new ones.
    package enum Code: String, Hashable, Sendable, CaseIterable {
        case badRequest = "bad_request"
        case unknownField = "unknown_field"
        case invalidField = "invalid_field"
        case notAllowed = "not_allowed"
        case readOnly = "read_only"
        case routeNotFound = "route_not_found"
        case methodNotAllowed = "method_not_allowed"
        case deviceNotFound = "device_not_found"
        case siteNotFound = "site_not_found"
        case blockNotFound = "block_not_found"
        case exemptionNotFound = "exemption_not_found"
        case policyNotFound = "policy_not_found"
        case revisionNotFound = "revision_not_found"
        case ambiguous
        case conflict
        case settingsNotValid = "settings_not_valid"
        case historyGone = "history_gone"
        case requestTooLarge = "request_too_large"
        case headTooLarge = "head_too_large"
        case tooManyConnections = "too_many_connections"
        case tooManyStreams = "too_many_streams"
        case timedOut = "timed_out"
        case unavailable
        case failed
    }

    /// The code, when it is one this version knows.
    package var knownCode: Code? { Code(rawValue: code) }
}

extension Problem {
    /// 400: a field that breaks its rule.
    package static func invalid(_ field: String, _ rule: String, hint: String? = nil) -> Problem {
        Problem(
            title: "A field is not valid", status: 400, code: .invalidField,
            detail: "\(field): \(rule)", hint: hint)
    }

    /// 404: nothing goes by that name. `code` is one of the `...NotFound`.
    package static func notFound(
        _ code: Code, _ detail: String, hint: String? = nil
    ) -> Problem {
        Problem(
            title: "There is no such thing", status: 404, code: code, detail: detail, hint: hint)
    }

    /// 409: the name fits several things.
    package static func ambiguous(_ name: String, candidates: [String]) -> Problem {
        Problem(
            title: "Several things fit", status: 409, code: .ambiguous,
            detail: "\"\(name)\" fits \(candidates.count) devices", candidates: candidates)
    }

    /// 409: what is asked for contradicts what is there.
    package static func conflict(_ detail: String, hint: String? = nil) -> Problem {
        Problem(title: "Not possible now", status: 409, code: .conflict, detail: detail, hint: hint)
    }

    /// 422: the settings on disk were refused; the running ones are untouched. `detail` carries
    /// the findings, one per line.
    package static func settingsNotValid(_ detail: String) -> Problem {
        Problem(
            title: "The settings are not valid", status: 422, code: .settingsNotValid,
            detail: detail, hint: "The running settings are not touched. See: regionlock check")
    }

    /// 500: the daemon could not do what it should; `detail` says operation, object and errno.
    package static func failed(_ detail: String) -> Problem {
        Problem(title: "It did not work", status: 500, code: .failed, detail: detail)
    }

    /// 503: not now, such as while the daemon starts or stops.
    package static func unavailable(_ detail: String) -> Problem {
        Problem(title: "Not available now", status: 503, code: .unavailable, detail: detail)
    }
}
