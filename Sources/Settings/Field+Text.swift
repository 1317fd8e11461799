import Policy
import Wire

extension Field {
    /// One line of text for people: not empty, nothing a terminal would act on.
    func line() -> String? { checkedText(limit: SettingsLimits.lineLength) }

    /// A paragraph for people. The newline a block scalar ends with is dropped; a newline inside is
    /// refused, because the journal and the terminal show the text as one line.
    func paragraph() -> String? { checkedText(limit: SettingsLimits.paragraphLength) }

    private func checkedText(limit: Int) -> String? {
        guard var text = scalar("text") else { return nil }
        while text.last == "\n" { text.removeLast() }
        guard !text.isEmpty else {
            error("\(name) is empty", hint: "Write a text between the quotes.")
            return nil
        }
        if let bad = text.unicodeScalars.first(where: isUnprintable) {
            let code = String(bad.value, radix: 16, uppercase: true)
            let padded = String(repeating: "0", count: max(0, 4 - code.utf8.count)) + code
            error(
                "\(name) holds the control character U+\(padded)",
                hint: bad == "\n"
                    ? "Write one paragraph: use >- instead of |"
                    : "It would reach terminals and the journal: remove it.")
            return nil
        }
        guard text.unicodeScalars.count <= limit else {
            error("\(name) has \(text.unicodeScalars.count) characters, and may have \(limit)")
            return nil
        }
        return text
    }

    /// The name of a site, a policy or a gateway: letters, digits, dot, hyphen and underscore.
    func identifier() -> String? {
        guard let text = scalar("a name") else { return nil }
        guard Self.isIdentifier(text) else {
            mustBe(
                "1 to \(SettingsLimits.nameLength) letters, digits, hyphens, dots or underscores")
            return nil
        }
        return text
    }

    static func isIdentifier(_ text: String) -> Bool {
        guard (1...SettingsLimits.nameLength).contains(text.utf8.count),
            text.utf8.first != UInt8(ascii: "-"), text.utf8.first != UInt8(ascii: ".")
        else { return false }
        return text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"),
                UInt8(ascii: "."):
                true
            default: false
            }
        }
    }

    /// The name of a Unix group (useradd(8), CAVEATS).
    func groupName() -> String? {
        guard let text = scalar("the name of a Unix group") else { return nil }
        let isAllowed = { (byte: UInt8) in
            (97...122).contains(byte) || (48...57).contains(byte) || byte == 0x5f || byte == 0x2d
        }
        guard (1...32).contains(text.utf8.count), text.utf8.allSatisfy(isAllowed),
            let first = text.utf8.first, (97...122).contains(first) || first == 0x5f
        else {
            mustBe("the name of a Unix group")
            return nil
        }
        return text
    }

    func tag() -> Tag? {
        guard let text = scalar("a tag") else { return nil }
        if let tag = Tag(text) { return tag }
        let lower = Tag(text.lowercased())
        mustBe(
            "a tag (1 to \(Tag.maximumLength) of a-z, 0-9 and hyphen)",
            hint: lower.map { "Did you mean \($0)?" })
        return nil
    }

    /// A list of tags, each once.
    func tags() -> [Located<Tag>]? {
        guard let items = items(of: "tags", limit: SettingsLimits.tagsPerEntry) else { return nil }
        var seen: Set<Tag> = []
        return items.compactMap { item in
            guard let tag = item.tag() else { return nil }
            guard seen.insert(tag).inserted else {
                item.error("the tag \(tag) stands here twice")
                return nil
            }
            return Located(tag, at: file.location(item.span))
        }
    }
}
