/// What a client may send as a body: a flat JSON object whose fields are all known.
package protocol RequestBody: Codable, Hashable, Sendable {
    associatedtype CodingKeys: CodingKey, CaseIterable
    /// Checks lengths and patterns that the types do not carry.
    func validate() throws(Problem)
}

/// Reads a body and refuses fields it does not know, so that a misspelt `exempt_for` is an error
/// and not a release without one.
package struct StrictBody<Body: RequestBody>: Decodable {
    package let body: Body

    package init(from decoder: any Decoder) throws {
        let known = Body.CodingKeys.allCases.map(\.stringValue)
        let found = try decoder.container(keyedBy: AnyKey.self).allKeys.map(\.stringValue)
        if let unknown = found.sorted().first(where: { !known.contains($0) }) {
            throw Self.unknownField(unknown, known: known)
        }
        do {
            body = try Body(from: decoder)
        } catch DecodingError.keyNotFound(let key, _) {
            throw Problem.invalid(key.stringValue, "is missing")
        } catch DecodingError.typeMismatch(_, let context) {
            throw Problem.invalid(Self.path(context), "has the wrong type")
        } catch DecodingError.valueNotFound(_, let context) {
            throw Problem.invalid(Self.path(context), "must not be null")
        } catch DecodingError.dataCorrupted(let context) {
            let rule = (context.underlyingError as? BrokenRule)?.rule
            throw Problem.invalid(Self.path(context), rule ?? "has a value that is not known")
        }
        try body.validate()
    }

    private static func unknownField(_ field: String, known: [String]) -> Problem {
        let name = Printable.escaped(String(field.prefix(FieldLimits.maximumNameLength)))
        let guess = Suggestion.nearest(to: field, among: known).map { " Did you mean \"\($0)\"?" }
        return Problem(
            title: "A field is not known", status: 400, code: .unknownField,
            detail: "there is no field \"\(name)\".\(guess ?? "")",
            hint: "Fields: \(known.joined(separator: ", "))")
    }

    private static func path(_ context: DecodingError.Context) -> String {
        let keys = context.codingPath.map(\.stringValue)
        return keys.isEmpty ? "body" : keys.joined(separator: ".")
    }
}

/// A key of any name.
struct AnyKey: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init?(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
}
