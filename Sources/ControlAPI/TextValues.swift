package import Policy
package import Wire

/// Why a value of a field is refused. It travels inside a `DecodingError`, which knows the field;
/// `StrictBody` puts the two together.
struct BrokenRule: Error {
    let rule: String

    /// The error to throw from `init(from:)`.
    static func error(_ rule: String, in decoder: any Decoder) -> DecodingError {
        .dataCorrupted(
            DecodingError.Context(
                codingPath: decoder.codingPath, debugDescription: rule,
                underlyingError: BrokenRule(rule: rule)))
    }
}

/// A word of the core that travels as its text.
package protocol TextValue: Codable, CustomStringConvertible {
    init?(wireText: String)
    /// What the text must look like, as the end of "must be ...".
    static var shape: String { get }
}

extension TextValue {
    package init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        guard let value = Self(wireText: text) else {
            throw BrokenRule.error("must be \(Self.shape)", in: decoder)
        }
        self = value
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

extension Tag: TextValue {
    package init?(wireText: String) { self.init(wireText) }
    package static var shape: String {
        "1 to \(maximumLength) of a-z, 0-9 and -, beginning with a letter or digit"
    }
}

extension Region: TextValue {
    package init?(wireText: String) { self.init(wireText) }
    package static var shape: String { "an ISO 3166 code such as CU or UA-43" }
}

extension CalendarDay: TextValue {
    package init?(wireText: String) { self.init(wireText) }
    package static var shape: String { "a day such as 2027-12-31" }
}

extension Timestamp: TextValue {
    package init?(wireText: String) {
        guard let time = RFC3339.timestamp(wireText) else { return nil }
        self = time
    }
    package static var shape: String { "an RFC 3339 time such as 2026-11-23T10:31:07Z" }
}

extension Verdict: Codable {}
extension PolicyTrigger: Codable {}
extension PolicyAction: Codable {}
extension Stage: Codable {}
extension PolicyMode: Codable {}
extension EndpointRole: Codable {}
extension Vector: Codable {}
