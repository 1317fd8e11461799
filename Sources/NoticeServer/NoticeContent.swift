package import Wire

/// What a cut device's person is told. All texts are the operator's; the page escapes them.
package struct NoticeContent: Hashable, Sendable {
    /// The block's reference, such as `B-7F3K`: the operator can `explain` it.
    package var reference: String
    /// Empty when the block is by command and not by policy.
    package var policyTitle: String
    /// The policy's own sentence, quoted as it stands; empty when there is none.
    package var message: String
    /// The same in other languages, by their ISO 639 code in lower case.
    package var translations: [String: String] = [:]
    package var contactName: String?
    package var contactPhone: String?
    package var contactEmail: String?
    /// Shown as a link when it begins with `https://` or `http://`, else as text.
    package var contactURL: String?
    package var since: Timestamp
    package var until: Timestamp?
    package var siteName: String?
    package var regionName: String?

    package init(
        reference: String, policyTitle: String, message: String, contactName: String? = nil,
        contactPhone: String? = nil, contactEmail: String? = nil, contactURL: String? = nil,
        since: Timestamp, until: Timestamp? = nil, siteName: String? = nil,
        regionName: String? = nil
    ) {
        self.reference = reference
        self.policyTitle = policyTitle
        self.message = message
        self.contactName = contactName
        self.contactPhone = contactPhone
        self.contactEmail = contactEmail
        self.contactURL = contactURL
        self.since = since
        self.until = until
        self.siteName = siteName
        self.regionName = regionName
    }

    /// The policy's sentence in one language; `language` is nil where nobody said which it is.
    struct Quote {
        let text: String
        let language: String?
    }

    /// In the language asked for, else the best for an Accept-Language header, else the text that
    /// stands for all.
    func quote(asked: String?, accepting header: String) -> Quote {
        let wanted = (asked.map { [$0] } ?? []) + NoticeLanguage.wishes(in: header)
        for code in wanted {
            if let text = translations[code] { return Quote(text: text, language: code) }
        }
        let code = translations.first { $0.value == message }?.key
        return Quote(text: message, language: code)
    }
}
