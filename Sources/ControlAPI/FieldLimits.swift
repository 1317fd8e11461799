package import Policy
import Wire

/// How long each field of a request may be, and what it may hold.
///
/// What passes here ends up in the journal, in history and on terminals, so no free text may carry
/// a control character.
package enum FieldLimits {
    /// The longest way to name a device is a host name (RFC 1035).
    package static let maximumDeviceLength = DomainName.maximumLength
    /// Shorter than this is not a reason anybody can use a year later.
    package static let minimumReasonLength = 3
    /// A reason stands in one line of history and of the journal.
    package static let maximumReasonLength = 200
    /// Names of sites and policies are file names or keys the operator wrote.
    package static let maximumNameLength = 64
    /// No sensible device carries more tags; bounds the work of one `simulate`.
    package static let maximumTags = 32
    /// Policies that one answer tells of; whoever has more of them reads those that answered.
    package static let maximumTrials = 100
    /// Names that would cut a device off: what a person reads.
    package static let maximumTriggers = 20
    /// What one page may hold: about 500 KB of devices.
    package static let maximumPage = 1_000
    package static let standardPage = 100
    /// A cursor is the key of the last item: a MAC, an address or a block's id.
    package static let maximumCursorLength = 200
    /// What still reads as a list of choices on a terminal.
    package static let maximumCandidates = 20
    /// Lines of one import: what the packet thread takes in a tenth of a second. A longer list
    /// comes in parts.
    package static let maximumActivations = 10_000
    /// Before it there was nothing to activate, and after it a year has five digits.
    static let activationTimes =
        Timestamp(seconds: 0)..<Timestamp(seconds: 253_402_300_800)
    /// The source of an activation, such as a shop and its receipt: one cell of a table.
    package static let maximumSourceLength = 100
    /// A hundred years: anything longer is `ever`, and years keep four digits.
    package static let maximumTermSeconds: Int64 = 3_155_760_000

    /// What names a device: a MAC, an IP address, a label, a host name or a prefix of one.
    package static func checkDevice(
        _ text: String, field: String = "device"
    ) throws(Problem) {
        try check(text, field: field, length: 1...maximumDeviceLength)
    }

    package static func checkReason(_ text: String) throws(Problem) {
        try check(
            text, field: "reason", length: minimumReasonLength...maximumReasonLength)
    }

    package static func checkSource(_ text: String, field: String) throws(Problem) {
        try check(text, field: field, length: 1...maximumSourceLength)
    }

    package static func checkName(_ text: String, field: String) throws(Problem) {
        try check(text, field: field, length: 1...maximumNameLength)
    }

    package static func checkDomain(_ text: String, field: String) throws(Problem) {
        guard DomainName(text) != nil else {
            throw .invalid(field, "\"\(Printable.escaped(text))\" is not a host name")
        }
    }

    package static func checkTerm(_ term: BlockTerm, field: String) throws(Problem) {
        guard case .seconds(let seconds) = term else { return }
        guard (1...maximumTermSeconds).contains(seconds) else {
            throw .invalid(field, "longer than a hundred years; say \"ever\"")
        }
    }

    private static func check(
        _ text: String, field: String, length: ClosedRange<Int>
    ) throws(Problem) {
        guard length.contains(text.unicodeScalars.count) else {
            throw .invalid(
                field, "must have \(length.lowerBound) to \(length.upperBound) characters")
        }
        guard text.unicodeScalars.allSatisfy({ !Printable.isHidden($0) }) else {
            throw .invalid(field, "must not hold control characters")
        }
    }
}
