/// Where in the operator's files a statement stands; every decision can name it.
package struct SourceLocation: Hashable, Sendable, CustomStringConvertible {
    /// The file as the operator would write it, such as `policy.d/10-xiaomi.yaml`.
    package let file: String
    /// 1-based.
    package let line: Int

    package init(file: String, line: Int) {
        self.file = file
        self.line = line
    }

    package var description: String { "\(file):\(line)" }
}

/// A value together with the place it was written in.
package struct Located<Value: Sendable>: Sendable {
    package let value: Value
    package let source: SourceLocation

    package init(_ value: Value, at source: SourceLocation) {
        self.value = value
        self.source = source
    }
}

extension Located: Equatable where Value: Equatable {}
extension Located: Hashable where Value: Hashable {}
