package import Wire

/// The ways around plain DNS that are closed to tagged devices, each by its own switch.
package struct EncryptedDNSSettings: Hashable, Sendable {
    /// DNS over TLS, QUIC and DTLS: port 853 is refused.
    package var refusesPort853 = false
    /// Known resolvers of DNS over HTTPS, by name and by address.
    package var refusesHTTPS = false
    /// `use-application-dns.net` does not exist: browsers then leave DNS to the system.
    package var answersCanary = false
    /// The names of Apple's Private Relay do not exist: the device then says so to its user.
    package var refusesPrivateRelay = false
    /// Questions for HTTPS and SVCB records have no answer, and so no key for Encrypted Client
    /// Hello.
    package var stripsBindings = false
    /// Makers' resolvers over plain HTTP.
    package var refusesHTTPDNS = false

    /// Names of resolvers by the role the catalogues give them.
    package var names: [EndpointRole: [EndpointPattern]] = [:]
    /// Addresses of resolvers of DNS over HTTPS.
    package var addresses: Set<IPAddress> = []

    package init() {}

    /// Whether any switch needs answers to be read.
    package var changesAnswers: Bool {
        refusesHTTPS || answersCanary || refusesPrivateRelay || stripsBindings || refusesHTTPDNS
    }

    /// The switch a role belongs to.
    static let roles: [EndpointRole] = [.encryptedDNS, .bypassRelay, .httpDNS]

    /// The names that are refused, with the switch that refuses each.
    var refusedNames: [(pattern: EndpointPattern, kind: RefusedName)] {
        var refused: [(EndpointPattern, RefusedName)] = []
        if answersCanary { refused += Self.canary.map { ($0, .canary) } }
        if refusesPrivateRelay {
            refused += (Self.privateRelay + names[.bypassRelay, default: []]).map {
                ($0, .privateRelay)
            }
        }
        if refusesHTTPS { refused += names[.encryptedDNS, default: []].map { ($0, .https) } }
        if refusesHTTPDNS { refused += names[.httpDNS, default: []].map { ($0, .httpDNS) } }
        return refused
    }

    /// support.mozilla.org, "Canary domain - use-application-dns.net".
    private static let canary = exact("use-application-dns.net")
    /// developer.apple.com, "Prepare your network or web server for iCloud Private Relay".
    private static let privateRelay = exact("mask.icloud.com") + exact("mask-h2.icloud.com")

    private static func exact(_ name: String) -> [EndpointPattern] {
        DomainName(name).map { [.exact($0)] } ?? []
    }
}

/// The switch of `encrypted_dns` by which a name or a question is refused.
package enum RefusedName: String, Hashable, Sendable, CaseIterable {
    case canary
    case privateRelay = "private_relay"
    case https = "doh"
    case httpDNS = "http_dns"
    case bindings = "https_records"
}

/// The switches made ready for the packet path.
package struct EncryptedDNSBook: Sendable {
    private let index: EndpointIndex
    private let kinds: [RefusedName]
    private let stripsBindings: Bool

    init(_ settings: EncryptedDNSSettings, seed: UInt64) {
        let names = settings.refusedNames
        kinds = names.map(\.kind)
        index = EndpointIndex(
            names.enumerated().map { ($1.pattern, Int32($0)) }, seed: seed)
        stripsBindings = settings.stripsBindings
    }

    /// What refuses the name, in whatever it shows itself. No allocation.
    package func refusal(of name: borrowing NameBuffer) -> RefusedName? {
        guard !kinds.isEmpty else { return nil }
        var found: Int32?
        index.forEachMatch(in: name) { found = $0 }
        return found.map { kinds[Int($0)] }
    }

    /// What refuses a question: the name, or its type (64 SVCB, 65 HTTPS; RFC 9460).
    package func refusal(
        ofQuestion name: borrowing NameBuffer, type: UInt16
    ) -> RefusedName? {
        refusal(of: name) ?? (stripsBindings && (type == 64 || type == 65) ? .bindings : nil)
    }
}
