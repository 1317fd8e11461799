import Glibc

/// What the kernel refused: operation, object, errno and the kernel's own words where it gave any.
package struct NetfilterError: Error, Hashable, Sendable, CustomStringConvertible {
    /// `add rule`, `bind queue`, ...
    package let operation: String
    /// `chain fwd_gate`, `queue 5`, ...; empty where the operation says it all.
    package let object: String
    /// errno(3), positive.
    package let code: Int32
    /// The extended acknowledgement of the kernel, or our own explanation.
    package let detail: String?
    /// Position of the refused operation in the list given to `commit`.
    package let operationIndex: Int?

    package init(
        _ operation: String, _ object: String = "", code: Int32, detail: String? = nil,
        operationIndex: Int? = nil
    ) {
        self.operation = operation
        self.object = object
        self.code = code
        self.detail = detail
        self.operationIndex = operationIndex
    }

    /// The object named is not there (ENOENT): the plan was made from an older state of the table.
    package var isMissing: Bool { code == ENOENT }
    /// CAP_NET_ADMIN is missing, or somebody else owns the table, queue or group (EPERM).
    package var isNotPermitted: Bool { code == EPERM }
    /// The kernel's answer was lost (ENOBUFS): the transaction may have been committed. Read the
    /// table before planning again.
    package var isOutcomeUnknown: Bool { code == ENOBUFS }

    package var description: String {
        var text = object.isEmpty ? operation : "\(operation) \(object)"
        text += ": \(Self.text(of: code))"
        if let detail { text += ": \(detail)" }
        return text
    }

    private static func text(of code: Int32) -> String {
        guard let words = unsafe strerror(code) else { return "errno \(code)" }
        return unsafe String(cString: words)
    }

    /// The error of the call that has just failed.
    static func last(_ operation: String, _ object: String = "") -> NetfilterError {
        NetfilterError(operation, object, code: errno)
    }

    func with(operation: String, object: String, index: Int) -> NetfilterError {
        NetfilterError(operation, object, code: code, detail: detail, operationIndex: index)
    }
}
