/// What clients say in plain text before they ask for TLS on the same connection: SMTP (RFC 3207),
/// IMAP (RFC 9051 section 6.2.1), POP3 (RFC 2595 section 4), FTP (RFC 4217), NNTP (RFC 4642),
/// ManageSieve (RFC 5804) and XMPP (RFC 6120 section 5).
///
/// Only the commands that come before TLS are known. The first other one (MAIL, LOGIN, USER) makes
/// the stream foreign, so a session without TLS costs as many looks as it did before.
enum PlainTextCommand {
    /// A command of SMTP has 512 octets at most (RFC 5321 section 4.5.3.1.4); an ID of IMAP and the
    /// header of an XMPP stream are longer, and rarely that long.
    static let maximumLength = 1_024

    private static let space = UInt8(ascii: " ")

    /// Reads one command, which may be any text to its end.
    static func read(_ stream: Span<UInt8>) -> StreamReading {
        guard !stream.isEmpty else { return .foreign }
        if stream[0] == UInt8(ascii: "<") { return readElement(stream) }
        guard let end = end(of: UInt8(ascii: "\n"), stream) else {
            // Up to here the beginning of a line may be one of HTTP; a carriage return ends that.
            let lacksLineFeed =
                stream.count < maximumLength && stream[stream.count - 1] == 13
                && isBeforeTLS(stream, 0..<stream.count)
            return lacksLineFeed ? .incomplete : .foreign
        }
        return isBeforeTLS(stream, 0..<end) ? .prelude(length: end + 1) : .foreign
    }

    /// Whether the line is a command that may come before TLS.
    private static func isBeforeTLS(_ stream: Span<UInt8>, _ line: Range<Int>) -> Bool {
        let first = word(stream, line)
        let second = word(stream, min(first.upperBound + 1, line.upperBound)..<line.upperBound)
        func isFirst(_ text: String) -> Bool { HTTPRequest.equals(stream, first, text) }
        func isSecond(_ text: String) -> Bool { HTTPRequest.equals(stream, second, text) }
        return isFirst("ehlo") || isFirst("helo") || isFirst("lhlo") || isFirst("starttls")
            || isFirst("capa") || isFirst("stls") || isFirst("feat") || isFirst("capability")
            || isFirst("capabilities") || isFirst("auth") && (isSecond("tls") || isSecond("ssl"))
            || isFirst("mode") && isSecond("reader")
            // IMAP, behind a tag of the client's own.
            || isSecond("starttls") || isSecond("capability") || isSecond("id")
    }

    /// `<?xml ...?>`, `<stream:stream ...>` or `<starttls .../>`, and the white space behind it.
    private static func readElement(_ stream: Span<UInt8>) -> StreamReading {
        let isKnown =
            begins(stream, "<?xml") || begins(stream, "<stream:stream")
            || begins(stream, "<starttls")
        guard isKnown else { return .foreign }
        guard var end = end(of: UInt8(ascii: ">"), stream) else {
            return stream.count > maximumLength ? .foreign : .incomplete
        }
        end += 1
        while end < stream.count, stream[end] == space || stream[end] == 10 || stream[end] == 13 {
            end += 1
        }
        return .prelude(length: end)
    }

    /// Whether the stream begins with the text, as far as it goes.
    private static func begins(_ stream: Span<UInt8>, _ text: String) -> Bool {
        var place = 0
        for octet in text.utf8 {
            guard place < stream.count else { return true }
            guard stream[place] == octet else { return false }
            place += 1
        }
        return true
    }

    /// The word at the front, up to a space or the end of the line.
    private static func word(_ stream: Span<UInt8>, _ line: Range<Int>) -> Range<Int> {
        var end = line.lowerBound
        while end < line.upperBound, stream[end] > space { end += 1 }
        return line.lowerBound..<end
    }

    /// Where the octet stands, if what is before it is text within the limit.
    private static func end(of wanted: UInt8, _ stream: Span<UInt8>) -> Int? {
        for place in 0..<min(stream.count, maximumLength) {
            if stream[place] == wanted { return place }
            guard stream[place] >= space || (9...13).contains(stream[place]) else { return nil }
        }
        return nil
    }
}
