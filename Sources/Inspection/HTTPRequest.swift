import Wire

/// The names of an HTTP/1 request: its Host and, if it has one, the authority of its target
/// (RFC 9112 section 3.2, RFC 9110 section 7.2).
enum HTTPRequest {
    /// The longest method in the IANA registry has 17 letters.
    static let maximumMethodLength = 32
    /// Past this much a Content-Length is not believed, and the body is searched for requests.
    static let maximumSkippedBody = 1 << 30

    private static let lineFeed = UInt8(ascii: "\n")
    private static let space = UInt8(ascii: " ")

    /// What the head has told so far of where the body ends.
    private struct Body {
        var length: Int?
        var isCertain: Bool
        var skippable: Int { isCertain ? length ?? 0 : 0 }
    }

    /// Reads one request. Each name is handed out as soon as its line is whole.
    static func read(
        _ stream: Span<UInt8>, name visit: (borrowing NameBuffer) -> Void
    ) -> StreamReading {
        // Empty lines before a request line are allowed (RFC 9112 section 2.2) and yet foreign
        // here: they may be the end of a head whose beginning is still to come.
        guard let method = methodLength(stream) else { return .foreign }
        guard let lineEnd = index(of: lineFeed, stream, 0..<stream.count) else {
            return .incomplete
        }
        let target = method + 1
        guard let targetEnd = targetEnd(stream, target..<lineEnd) else { return .foreign }
        let isConnect = equals(stream, 0..<method, "connect")
        readTarget(stream, target..<targetEnd, isConnect: isConnect, visit)
        var body = Body(isCertain: carriesBody(stream, 0..<method))
        var offset = lineEnd + 1
        while let end = index(of: lineFeed, stream, offset..<stream.count) {
            let line = trimmed(stream, offset..<end)
            offset = end + 1
            if line.isEmpty { return .message(length: offset + body.skippable) }
            readField(stream, line, &body, visit)
        }
        return .incomplete
    }

    /// Whether a whole request line stands at the front.
    static func hasRequestLine(_ stream: Span<UInt8>) -> Bool {
        guard let method = methodLength(stream),
            let end = index(of: lineFeed, stream, 0..<stream.count), method < end
        else { return false }
        return targetEnd(stream, method + 1..<end) != nil
    }

    /// Whether the request at the front asks for a tunnel: what follows it is another stream, of
    /// any protocol, or after a refusal the next request.
    static func opensTunnel(_ stream: Span<UInt8>) -> Bool {
        stream.count > 7 && stream[7] == space && equals(stream, 0..<7, "connect")
    }

    /// The next place behind the first byte where a whole request line stands, whatever comes
    /// before it on its line: a body need not end with a line.
    ///
    /// This finds the requests behind a body whose end is not known, and where a stream is joined
    /// halfway.
    static func nextRequest(_ stream: Span<UInt8>) -> Int? {
        var lineStart = 0
        while let end = index(of: lineFeed, stream, lineStart..<stream.count) {
            if let start = requestStart(stream, lineStart..<end), start > 0 { return start }
            lineStart = end + 1
        }
        return nil
    }

    /// Where the method begins on a line that ends as `method SP target SP HTTP/1.x`.
    private static func requestStart(_ stream: Span<UInt8>, _ line: Range<Int>) -> Int? {
        guard var target = targetEnd(stream, line) else { return nil }
        while target > line.lowerBound, stream[target - 1] != space { target -= 1 }
        var method = target - 1
        while method > line.lowerBound, isTokenByte(stream[method - 1]),
            target - method <= maximumMethodLength
        {
            method -= 1
        }
        return method >= line.lowerBound && method < target - 1 ? method : nil
    }

    /// RFC 9110 section 9.1: a method is a token; a space follows. Nil when it cannot be one.
    private static func methodLength(_ stream: Span<UInt8>) -> Int? {
        var length = 0
        while length < stream.count, isTokenByte(stream[length]) {
            length += 1
            guard length <= maximumMethodLength else { return nil }
        }
        if length == stream.count { return length }
        return length > 0 && stream[length] == space ? length : nil
    }

    /// Where the target ends: ` HTTP/1.x` follows it (RFC 9112 section 3).
    private static func targetEnd(_ stream: Span<UInt8>, _ rest: Range<Int>) -> Int? {
        let line = trimmed(stream, rest)
        let version: InlineArray<8, UInt8> = [0x20, 0x48, 0x54, 0x54, 0x50, 0x2f, 0x31, 0x2e]
        let start = line.upperBound - version.count - 1
        guard start >= line.lowerBound else { return nil }
        for index in version.indices where stream[start + index] != version[index] { return nil }
        return start
    }

    /// Absolute form (RFC 9112 section 3.2.2) or, for CONNECT, authority form (section 3.2.3).
    private static func readTarget(
        _ stream: Span<UInt8>, _ target: Range<Int>, isConnect: Bool,
        _ visit: (borrowing NameBuffer) -> Void
    ) {
        var start = target.lowerBound
        if !isConnect {
            // `scheme "://" authority`; an origin-form target begins with a slash instead.
            guard let colon = index(of: UInt8(ascii: ":"), stream, target),
                colon + 2 < target.upperBound, stream[colon + 1] == UInt8(ascii: "/"),
                stream[colon + 2] == UInt8(ascii: "/"), stream[start] != UInt8(ascii: "/")
            else { return }
            start = colon + 3
        }
        var end = start
        while end < target.upperBound, !isAuthorityEnd(stream[end]) { end += 1 }
        // RFC 3986 section 3.2.1: what stands before the last `@` is not the host.
        for index in start..<end where stream[index] == UInt8(ascii: "@") { start = index + 1 }
        readAuthority(stream, start..<end, visit)
    }

    private static func readField(
        _ stream: Span<UInt8>, _ line: Range<Int>, _ body: inout Body,
        _ visit: (borrowing NameBuffer) -> Void
    ) {
        guard let colon = index(of: UInt8(ascii: ":"), stream, line) else { return }
        let name = trimmed(stream, line.lowerBound..<colon)
        let value = trimmed(stream, colon + 1..<line.upperBound)
        if equals(stream, name, "host") {
            readAuthority(stream, value, visit)
        } else if equals(stream, name, "content-length") {
            let length = number(stream, value)
            // RFC 9112 section 6.3: lengths that differ are an error, and errors end differently.
            if length == nil || body.length != nil { body.isCertain = false }
            body.length = length
        } else if equals(stream, name, "transfer-encoding") || equals(stream, name, "expect") {
            // Chunks are searched, not counted; after 100-continue the body may never come.
            body.isCertain = false
        }
    }

    /// `host [":" port]`; an address in brackets is no name.
    private static func readAuthority(
        _ stream: Span<UInt8>, _ range: Range<Int>, _ visit: (borrowing NameBuffer) -> Void
    ) {
        guard !range.isEmpty, stream[range.lowerBound] != UInt8(ascii: "[") else { return }
        var name = NameBuffer()
        for index in range {
            if stream[index] == UInt8(ascii: ":") { break }
            // Longer than any name: nothing we know can match it.
            guard name.append(stream[index]) else { return }
        }
        name.removeTrailingDot()
        if name.count > 0 { visit(name) }
    }

    /// POST, PUT and PATCH. Servers disagree on whether any other method may have a body; where
    /// they do none is skipped: a missed request is worse than a body searched in vain.
    private static func carriesBody(_ stream: Span<UInt8>, _ method: Range<Int>) -> Bool {
        equals(stream, method, "post") || equals(stream, method, "put")
            || equals(stream, method, "patch")
    }

    /// RFC 9110 section 8.6: digits only. Nil for what is not, or is not believable.
    private static func number(_ stream: Span<UInt8>, _ range: Range<Int>) -> Int? {
        var value = 0
        for index in range {
            guard (0x30...0x39).contains(stream[index]) else { return nil }
            value = value * 10 + Int(stream[index] - 0x30)
            guard value <= maximumSkippedBody else { return nil }
        }
        return range.isEmpty ? nil : value
    }

    /// Compares without regard to case; `text` is in lower case.
    static func equals(
        _ stream: Span<UInt8>, _ range: Range<Int>, _ text: String
    ) -> Bool {
        guard range.count == text.utf8.count else { return false }
        var index = range.lowerBound
        for expected in text.utf8 {
            let byte = stream[index]
            guard (0x41...0x5a).contains(byte) ? byte | 0x20 == expected : byte == expected else {
                return false
            }
            index += 1
        }
        return true
    }

    private static func index(
        of wanted: UInt8, _ stream: Span<UInt8>, _ range: Range<Int>
    ) -> Int? {
        for index in range where stream[index] == wanted { return index }
        return nil
    }

    /// Without white space at the ends, the line's own carriage return included. Space before the
    /// colon is an error (RFC 9112 section 5.1) that lenient servers read over, and so do we.
    private static func trimmed(_ stream: Span<UInt8>, _ range: Range<Int>) -> Range<Int> {
        var start = range.lowerBound
        var end = range.upperBound
        while start < end, isBlank(stream[start]) { start += 1 }
        while start < end, isBlank(stream[end - 1]) { end -= 1 }
        return start..<end
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 32 || byte == 9 || byte == 13 }

    private static func isAuthorityEnd(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "/") || byte == UInt8(ascii: "?") || byte == UInt8(ascii: "#")
    }

    /// RFC 9110 section 5.6.2.
    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5a, 0x5e...0x7a, 0x21, 0x23...0x27, 0x2a, 0x2b, 0x2d, 0x2e,
            0x7c, 0x7e:
            true
        default: false
        }
    }
}
