import Wire

/// Renders the page: one file, no script, nothing from outside, nothing of the request in it. It
/// must show on a device that can reach nothing else.
enum NoticePage {
    static func html(
        _ content: NoticeContent, _ sentence: NoticeContent.Quote, _ language: NoticeLanguage
    ) -> String {
        let texts = NoticeTexts.of(language)
        let meaning = texts.meaning(content.policyTitle, content.regionName)
        return document(
            language, title: texts.title,
            body: """
                \(languageLinks(language, texts, content, sentence))
                <h1>\(escaped(texts.heading))</h1>
                \(quote(sentence))
                <h2>\(escaped(texts.meaningHeading))</h2>
                <p>\(escaped(meaning))</p>
                <h2>\(escaped(texts.actionHeading))</h2>
                <p>\(escaped(texts.action(content.contactName)))</p>
                <p class="ref" translate="no">\(escaped(content.reference))</p>
                \(list(contactRows(content, texts)))
                <h2>\(escaped(texts.dataHeading))</h2>
                \(list(dataRows(content, texts)))
                """)
    }

    /// What a device that is not cut sees when it comes here by itself.
    static func notCut(_ language: NoticeLanguage) -> String {
        let text = NoticeTexts.of(language).notCut
        return document(language, title: "404", body: "<p>\(escaped(text))</p>")
    }

    /// RFC 9457.
    static func problem(
        _ content: NoticeContent, _ sentence: NoticeContent.Quote, _ language: NoticeLanguage
    ) -> String {
        let fields: [(String, String?)] = [
            ("title", NoticeTexts.of(language).heading), ("detail", sentence.text),
            ("reference", content.reference), ("policy", content.policyTitle),
            ("since", content.since.description), ("until", content.until?.description),
            ("contact", content.contactName), ("phone", content.contactPhone),
            ("email", content.contactEmail), ("web", content.contactURL),
        ]
        let members = fields.compactMap { name, value in
            value.map { "\"\(name)\":\"\(escapedForJSON($0))\"" }
        }
        return "{\"type\":\"about:blank\",\"status\":403,\(members.joined(separator: ","))}\n"
    }

    private static func document(
        _ language: NoticeLanguage, title: String, body: String
    ) -> String {
        """
        <!doctype html>
        <html lang="\(language.rawValue)">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width,initial-scale=1">
        <meta name="robots" content="noindex">
        <title>\(escaped(title))</title>
        <style>\(style)</style>
        </head>
        <body>
        <main>
        \(body)
        </main>
        </body>
        </html>

        """
    }

    /// The page's own languages, and those that only the policy's sentence has.
    private static func languageLinks(
        _ current: NoticeLanguage, _ texts: NoticeTexts, _ content: NoticeContent,
        _ sentence: NoticeContent.Quote
    ) -> String {
        let ours = NoticeLanguage.allCases.map(\.rawValue)
        let others = content.translations.keys.filter { !ours.contains($0) }.sorted()
        let shown = sentence.language ?? current.rawValue
        let links = (ours + others).map { code in
            let mark = code == shown ? " aria-current=\"true\"" : ""
            let name = NoticeLanguage.ownName(code)
            return "<a href=\"?lang=\(code)\" lang=\"\(code)\"\(mark)>\(name)</a>"
        }
        return "<nav aria-label=\"\(texts.languages)\">\(links.joined())</nav>"
    }

    /// Empty for a block by command: there is no policy to quote. The direction of the writing
    /// follows from the text.
    private static func quote(_ sentence: NoticeContent.Quote) -> String {
        guard !sentence.text.isEmpty else { return "" }
        let language = sentence.language.map { " lang=\"\($0)\"" } ?? ""
        return "<p class=\"quote\" dir=\"auto\"\(language)>\(escaped(sentence.text))</p>"
    }

    private static func contactRows(
        _ content: NoticeContent, _ texts: NoticeTexts
    ) -> [(String, html: String)] {
        var rows: [(String, html: String)] = []
        if let phone = content.contactPhone {
            let number = phone.filter { $0 != " " }
            rows.append((texts.phone, link("tel:" + percentEncoded(number), phone)))
        }
        if let email = content.contactEmail {
            let subject = percentEncoded(content.reference)
            let address = "mailto:\(percentEncoded(email))?subject=\(subject)"
            rows.append((texts.email, link(address, email)))
        }
        if let url = content.contactURL {
            let isWeb = url.hasPrefix("https://") || url.hasPrefix("http://")
            rows.append((texts.web, isWeb ? link(url, url) : escaped(url)))
        }
        return rows
    }

    private static func dataRows(
        _ content: NoticeContent, _ texts: NoticeTexts
    ) -> [(String, html: String)] {
        var rows = [(texts.since, html: time(content.since))]
        if let until = content.until { rows.append((texts.until, html: time(until))) }
        if let site = content.siteName { rows.append((texts.site, html: escaped(site))) }
        return rows
    }

    private static func list(_ rows: [(String, html: String)]) -> String {
        guard !rows.isEmpty else { return "" }
        return "<dl>" + rows.map { "<dt>\(escaped($0))</dt><dd>\($1)</dd>" }.joined() + "</dl>"
    }

    private static func link(_ target: String, _ text: String) -> String {
        "<a href=\"\(escaped(target))\">\(escaped(text))</a>"
    }

    /// To the minute and in UTC: the gateway does not know the person's clock.
    private static func time(_ time: Timestamp) -> String {
        let text = time.description
        let minute = text.prefix(16).map { $0 == "T" ? " " : $0 }
        return "<time datetime=\"\(text)\">\(String(minute)) UTC</time>"
    }

    /// Text as HTML, also inside double-quoted attributes.
    static func escaped(_ text: String) -> String {
        var result = ""
        for character in text.unicodeScalars {
            switch character {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            default: result.unicodeScalars.append(character)
            }
        }
        return result
    }

    /// RFC 8259 section 7.
    static func escapedForJSON(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// Everything but RFC 3986's unreserved characters, `@` and `+` as `%NN`.
    private static func percentEncoded(_ text: String) -> String {
        text.utf8.map { byte in
            let character = Character(Unicode.Scalar(byte))
            if byte < 0x80, character.isLetter || character.isNumber || "-._~@+".contains(character)
            {
                return String(character)
            }
            let digits = String(byte, radix: 16, uppercase: true)
            return (digits.utf8.count == 1 ? "%0" : "%") + digits
        }.joined()
    }

    private static let style = """
        :root{color-scheme:light dark;--fg:#1b1b1f;--bg:#fff;--soft:#f1f2f5;--line:#c9ccd3;\
        --accent:#8a2b00}@media(prefers-color-scheme:dark){:root{--fg:#eceef2;--bg:#121316;\
        --soft:#1e2025;--line:#41454e;--accent:#ffb38a}}*{box-sizing:border-box}\
        body{margin:0;background:var(--bg);color:var(--fg);\
        font:1.125rem/1.55 system-ui,"Noto Sans",sans-serif}\
        main{max-width:38rem;margin:0 auto;padding:1.5rem 1.25rem 3rem}\
        h1{font-size:1.6rem;line-height:1.25;margin:.75rem 0;color:var(--accent)}\
        h2{font-size:1.1rem;margin:1.75rem 0 .25rem}p{margin:.5rem 0}\
        .quote{background:var(--soft);border-inline-start:.3rem solid var(--accent);\
        padding:.75rem 1rem;white-space:pre-line}\
        dl{display:grid;grid-template-columns:max-content 1fr;gap:.25rem 1rem;margin:.5rem 0}\
        dt{font-weight:600}dd{margin:0;overflow-wrap:anywhere}\
        .ref{font:600 1.25rem/1.2 ui-monospace,monospace;letter-spacing:.05em}\
        a{color:inherit}nav{display:flex;flex-wrap:wrap;gap:.5rem}\
        nav a{padding:.4rem .8rem;border:1px solid var(--line);border-radius:2rem;\
        text-decoration:none;min-height:2.75rem;line-height:1.9}\
        nav a[aria-current]{background:var(--soft);font-weight:600}\
        :focus-visible{outline:.2rem solid var(--accent)}@media print{nav{display:none}}
        """
}
