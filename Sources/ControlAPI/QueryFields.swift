/// The fields of a query string, decoded; unknown ones and repeated ones are errors.
package struct QueryFields: Hashable, Sendable {
    /// More fields than any operation has: 32 tags and the rest.
    private static let maximumFields = FieldLimits.maximumTags + 16

    private let pairs: [(name: String, value: String)]

    /// Reads `a=1&b=two%20words`; `known` are the names the operation has, `repeated` those that
    /// may come more than once.
    package init(_ query: String, known: [String], repeated: Set<String> = []) throws(Problem) {
        var pairs: [(name: String, value: String)] = []
        for part in query.split(separator: "&") {
            let halves = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard pairs.count < Self.maximumFields, let name = PercentCoding.decoded(halves[0]),
                let value = PercentCoding.decoded(halves.count == 2 ? halves[1] : "")
            else {
                throw Problem(
                    title: "The query is not valid", status: 400, code: .badRequest,
                    detail: "the query string cannot be read")
            }
            guard known.contains(name) else {
                throw Problem(
                    title: "A field is not known", status: 400, code: .unknownField,
                    detail: "there is no query field \"\(Printable.escaped(name))\"",
                    hint: known.isEmpty ? nil : "Fields: \(known.joined(separator: ", "))")
            }
            guard repeated.contains(name) || !pairs.contains(where: { $0.name == name }) else {
                throw .invalid(name, "is given twice")
            }
            pairs.append((name, value))
        }
        self.pairs = pairs
    }

    package static func == (left: Self, right: Self) -> Bool {
        left.pairs.elementsEqual(right.pairs, by: ==)
    }

    package func hash(into hasher: inout Hasher) {
        for pair in pairs {
            hasher.combine(pair.name)
            hasher.combine(pair.value)
        }
    }

    func text(_ name: String, maximum: Int) throws(Problem) -> String? {
        guard let text = first(name) else { return nil }
        guard (1...maximum).contains(text.unicodeScalars.count) else {
            throw .invalid(name, "must have 1 to \(maximum) characters")
        }
        return text
    }

    func integer(_ name: String, in range: ClosedRange<Int>) throws(Problem) -> Int? {
        try value(name, "must be a number from \(range.lowerBound) to \(range.upperBound)") {
            Int($0).flatMap { range.contains($0) ? $0 : nil }
        }
    }

    func value<Value>(
        _ name: String, _ rule: String, _ read: (String) -> Value?
    ) throws(Problem) -> Value? {
        guard let text = first(name) else { return nil }
        guard let value = read(text) else { throw .invalid(name, rule) }
        return value
    }

    func values<Value>(
        _ name: String, _ rule: String, maximum: Int, _ read: (String) -> Value?
    ) throws(Problem) -> [Value] {
        var values: [Value] = []
        for pair in pairs where pair.name == name {
            guard values.count < maximum else {
                throw .invalid(name, "may be given \(maximum) times")
            }
            guard let value = read(pair.value) else { throw .invalid(name, rule) }
            values.append(value)
        }
        return values
    }

    /// `true` or `false`.
    package func flag(_ name: String) throws(Problem) -> Bool? {
        try value(name, "must be true or false") { Bool($0) }
    }

    /// A digest of the ledger, in lower case.
    package func digest(_ name: String) throws(Problem) -> String? {
        try value(name, "must be 64 hexadecimal digits") { text in
            text.utf8.count == 64 && text.allSatisfy { $0.isHexDigit && $0.isASCII }
                ? text.lowercased() : nil
        }
    }

    private func first(_ name: String) -> String? { pairs.first { $0.name == name }?.value }
}
