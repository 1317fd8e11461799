/// Why a capture cannot be read on, and where.
package struct CaptureFault: Error, Hashable, Sendable {
    /// Octets from the beginning of the file to what is wrong.
    package let offset: UInt64
    package let text: String
    package let hint: String?

    package init(_ text: String, at offset: UInt64, hint: String? = nil) {
        self.text = text
        self.offset = offset
        self.hint = hint
    }

    static func truncated(_ what: String, at offset: UInt64) -> CaptureFault {
        CaptureFault(
            "the file ends inside \(what)", at: offset,
            hint: "Whoever wrote it may still be writing, or was stopped. All before it was read.")
    }
}
