package import Wire

/// What a host of a vendor is for. Only the trigger roles can make an attempt.
package enum EndpointRole: String, Hashable, Sendable, CaseIterable {
    case activation
    case account
    case findDevice = "find-device"
    case enrolment
    case unlock
    case cloud
    case connectivityCheck = "connectivity-check"
    case time
    case update
    case telemetry
    case ads
    case push
    case appStore = "appstore"
    case httpDNS = "http-dns"
    case bypassRelay = "bypass-relay"
    case encryptedDNS = "encrypted-dns"
    case iot

    /// Roles a policy may name in `trigger_roles`.
    package static let mayTrigger: Set<EndpointRole> = [
        .activation, .account, .findDevice, .enrolment, .unlock,
    ]
    /// Roles no policy may trigger on, not even by naming the host: devices in use for years reach
    /// these every day.
    package static let neverTriggers: Set<EndpointRole> = [
        .connectivityCheck, .time, .update, .telemetry, .push,
    ]
    /// Roles that trigger when a policy names none.
    package static let triggersByDefault: Set<EndpointRole> = [.activation, .account, .findDevice]
}

/// A name an activation service answers on.
package enum EndpointPattern: Hashable, Sendable, CustomStringConvertible {
    /// The name itself.
    case exact(DomainName)
    /// The name itself or any name below it, at a label boundary.
    case suffix(DomainName)
    /// Any name below it, not the name itself (`*.example.com`).
    case below(DomainName)

    package var name: DomainName {
        switch self {
        case .exact(let name), .suffix(let name), .below(let name): name
        }
    }

    package func matches(_ name: DomainName) -> Bool {
        let isBelow = name.text.hasSuffix("." + self.name.text)
        return switch self {
        case .exact: name == self.name
        case .suffix: name == self.name || isBelow
        case .below: isBelow
        }
    }

    package var description: String {
        switch self {
        case .exact(let name): "\(name)"
        case .suffix(let name): "\(name) and below"
        case .below(let name): "*.\(name)"
        }
    }
}

package struct Endpoint: Hashable, Sendable {
    package let pattern: EndpointPattern
    package let role: EndpointRole
    package let source: SourceLocation

    package init(pattern: EndpointPattern, role: EndpointRole, source: SourceLocation) {
        self.pattern = pattern
        self.role = role
        self.source = source
    }
}

/// How sure a catalogue is of what a host is for.
package enum Confidence: String, Hashable, Sendable, CaseIterable {
    case high, medium, low
}

/// A host of a catalogue, and how its role is known.
package struct CatalogueEntry: Hashable, Sendable {
    package let endpoint: Endpoint
    package let confidence: Confidence
    /// Who says so (`source` in the file).
    package let authority: String
    package let note: String?
    /// Of a resolver of DNS over HTTPS.
    package let addresses: [IPAddress]

    package init(
        endpoint: Endpoint, confidence: Confidence, authority: String, note: String?,
        addresses: [IPAddress] = []
    ) {
        self.endpoint = endpoint
        self.confidence = confidence
        self.authority = authority
        self.note = note
        self.addresses = addresses
    }
}

/// A named list of endpoints with roles, such as `vendor/xiaomi`.
package struct Catalogue: Hashable, Sendable {
    package let name: String
    package let title: String
    package let entries: [CatalogueEntry]

    package init(name: String, title: String, entries: [CatalogueEntry]) {
        self.name = name
        self.title = title
        self.entries = entries
    }

    package var endpoints: [Endpoint] { entries.map(\.endpoint) }
}
