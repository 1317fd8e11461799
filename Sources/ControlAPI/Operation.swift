/// Every operation of the API: the one table that server, client and `docs/openapi.yaml` share.
package enum Operation: String, Hashable, Sendable, CaseIterable {
    case status
    case listDevices
    case tag
    case untag
    case explain
    case listSites
    case simulate
    case listBlocks
    case block
    case release
    case releaseAll
    case listExemptions
    case exempt
    case endExemption
    case listPolicies
    case showPolicy
    case mode
    case setMode
    case removeAll
    case reload
    case confirmReload
    case listRevisions
    case listLedger
    case verifyLedger
    case importLedger
    case events
    case metrics

    package enum Method: String, Hashable, Sendable {
        case get = "GET"
        case post = "POST"
        case put = "PUT"
        case delete = "DELETE"
    }

    /// The method, and the path with `{name}` for each parameter.
    package var route: (method: Method, path: String) {
        switch self {
        case .status: (.get, "/v1/status")
        case .listDevices: (.get, "/v1/devices")
        case .tag: (.put, "/v1/devices/{device}/tags/{tag}")
        case .untag: (.delete, "/v1/devices/{device}/tags/{tag}")
        case .explain: (.get, "/v1/devices/{device}/explain")
        case .listSites: (.get, "/v1/sites")
        case .simulate: (.get, "/v1/simulate")
        case .listBlocks: (.get, "/v1/blocks")
        case .block: (.post, "/v1/blocks")
        case .release: (.post, "/v1/blocks/{block}/release")
        case .releaseAll: (.post, "/v1/blocks/release")
        case .listExemptions: (.get, "/v1/exemptions")
        case .exempt: (.post, "/v1/exemptions")
        case .endExemption: (.delete, "/v1/exemptions/{exemption}")
        case .listPolicies: (.get, "/v1/policies")
        case .showPolicy: (.get, "/v1/policies/{policy}")
        case .mode: (.get, "/v1/mode")
        case .setMode: (.put, "/v1/mode")
        case .removeAll: (.post, "/v1/remove-all")
        case .reload: (.post, "/v1/reload")
        case .confirmReload: (.post, "/v1/reload/confirm")
        case .listRevisions: (.get, "/v1/revisions")
        case .listLedger: (.get, "/v1/ledger")
        case .verifyLedger: (.get, "/v1/ledger/verify")
        case .importLedger: (.post, "/v1/ledger/import")
        case .events: (.get, "/v1/events")
        // Where Prometheus looks unless it is told otherwise.
        case .metrics: (.get, "/metrics")
        }
    }

    package var method: Method { route.method }
    package var path: String { route.path }

    /// Whether it changes something, and so belongs on the control socket.
    package var isChange: Bool { method != .get }

    /// The names of its query fields.
    package var queryFields: [String] {
        switch self {
        case .listDevices: ["tag", "site", "state", "limit", "cursor"]
        case .listBlocks, .listExemptions: ["limit", "cursor"]
        case .simulate: ["device", "tag", "site", "region", "to", "entry", "at"]
        case .listLedger: ["device", "region", "since", "limit", "cursor"]
        case .verifyLedger: ["head"]
        case .events: ["after", "since", "limit", "follow"]
        // What a DELETE carries as content has no meaning (RFC 9110 section 9.3.5).
        case .untag: ["reason"]
        default: []
        }
    }

    /// The path with its parameters filled in, in the order they stand in.
    package func path(_ parameters: String...) -> String {
        var rest = parameters[...]
        return path.split(separator: "/").reduce(into: "") { result, segment in
            let value = segment.hasPrefix("{") ? rest.popFirst() : nil
            result += "/" + (value.map(PercentCoding.encoded) ?? String(segment))
        }
    }
}

/// What a path and a method mean.
package enum RouteMatch: Hashable, Sendable {
    case operation(Operation, parameters: [String])
    /// The path is known, the method is not; `allowed` goes into `Allow` (RFC 9110 section 15.5.6).
    case wrongMethod(allowed: [String])
    case notFound

    /// `path` is the target's path as sent, without its query.
    package static func find(method: String, path: some StringProtocol) -> RouteMatch {
        let segments = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        var allowed: [String] = []
        for operation in Operation.allCases {
            guard let parameters = parameters(of: operation, in: segments.map { String($0) }) else {
                continue
            }
            if operation.method.rawValue == method {
                return .operation(operation, parameters: parameters)
            }
            allowed.append(operation.method.rawValue)
        }
        return allowed.isEmpty ? .notFound : .wrongMethod(allowed: allowed)
    }

    private static func parameters(of operation: Operation, in segments: [String]) -> [String]? {
        let pattern = operation.path.split(separator: "/")
        guard pattern.count == segments.count else { return nil }
        var parameters: [String] = []
        for (expected, found) in zip(pattern, segments) {
            if expected.hasPrefix("{") {
                guard let value = PercentCoding.decoded(found), !value.isEmpty else { return nil }
                parameters.append(value)
            } else if expected != found {
                return nil
            }
        }
        return parameters
    }
}
