internal import CYaml

/// One step of libyaml's walk through a document, with libyaml's own memory left behind.
struct YAMLEvent: Sendable {
    enum Kind: Sendable {
        case streamStart, streamEnd
        case documentStart, documentEnd
        case alias
        case scalar(String, isPlain: Bool)
        case sequenceStart, sequenceEnd
        case mappingStart, mappingEnd
    }

    let kind: Kind
    let span: TextSpan
    let hasAnchor: Bool
    let hasTag: Bool
}

/// What libyaml could not read.
struct YAMLSyntaxError: Error, Sendable {
    let message: String
    let span: TextSpan
    /// What it was reading, as in `while parsing a flow sequence that begins in line 3`.
    let context: String?
}

/// libyaml's event parser over one text.
@safe
struct YAMLEvents: ~Copyable {
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let bytes: UnsafeMutableBufferPointer<UInt8>

    /// Copies the text: libyaml reads it piece by piece until the last event.
    init(_ text: String) {
        let utf8 = Array(text.utf8)
        let buffer = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: utf8.count)
        _ = unsafe buffer.initialize(from: utf8)
        unsafe bytes = buffer
        unsafe parser = .allocate(capacity: 1)
        // The only cause of failure is memory, which the Swift runtime does not survive either.
        precondition(unsafe yaml_parser_initialize(parser) == 1, "libyaml: out of memory")
        // Without this libyaml would guess UTF-16 from the first two bytes.
        unsafe yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        unsafe yaml_parser_set_input_string(parser, buffer.baseAddress, buffer.count)
    }

    deinit {
        unsafe yaml_parser_delete(parser)
        unsafe parser.deallocate()
        unsafe bytes.deallocate()
    }

    mutating func next() throws(YAMLSyntaxError) -> YAMLEvent {
        var event = unsafe yaml_event_t()
        guard unsafe yaml_parser_parse(parser, &event) == 1 else { throw syntaxError() }
        defer { unsafe yaml_event_delete(&event) }
        return unsafe YAMLEvent(
            kind: Self.kind(of: event), span: Self.span(event.start_mark, event.end_mark),
            hasAnchor: rl_yaml_event_has_anchor(&event), hasTag: rl_yaml_event_has_tag(&event))
    }

    private static func kind(of event: yaml_event_t) -> YAMLEvent.Kind {
        switch unsafe event.type {
        case YAML_STREAM_START_EVENT: .streamStart
        case YAML_DOCUMENT_START_EVENT: .documentStart
        case YAML_DOCUMENT_END_EVENT: .documentEnd
        case YAML_ALIAS_EVENT: .alias
        case YAML_SCALAR_EVENT: unsafe scalar(of: event)
        case YAML_SEQUENCE_START_EVENT: .sequenceStart
        case YAML_SEQUENCE_END_EVENT: .sequenceEnd
        case YAML_MAPPING_START_EVENT: .mappingStart
        case YAML_MAPPING_END_EVENT: .mappingEnd
        default: .streamEnd
        }
    }

    private static func scalar(of event: yaml_event_t) -> YAMLEvent.Kind {
        let isPlain = unsafe event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE
        let text = unsafe String(
            decoding: UnsafeBufferPointer(
                start: event.data.scalar.value, count: event.data.scalar.length),
            as: UTF8.self)
        return .scalar(text, isPlain: isPlain)
    }

    private static func span(_ start: yaml_mark_t, _ end: yaml_mark_t) -> TextSpan {
        TextSpan(
            line: start.line + 1, column: start.column + 1,
            length: start.line == end.line ? end.column - start.column : 1)
    }

    private func syntaxError() -> YAMLSyntaxError {
        let problem = unsafe Self.text(parser.pointee.problem) ?? "this is not YAML"
        let startLine = unsafe parser.pointee.context_mark.line + 1
        let context = unsafe Self.text(parser.pointee.context).map { text in
            "\(text) that begins in line \(startLine)"
        }
        guard unsafe parser.pointee.error != YAML_READER_ERROR else {
            return YAMLSyntaxError(
                message: problem, span: unsafe span(atByte: parser.pointee.problem_offset),
                context: nil)
        }
        let mark = unsafe parser.pointee.problem_mark
        return YAMLSyntaxError(
            message: problem, span: TextSpan(line: mark.line + 1, column: mark.column + 1),
            context: context)
    }

    /// The reader finds fault before lines are counted and gives a byte offset only.
    private func span(atByte offset: Int) -> TextSpan {
        let before = unsafe String(decoding: bytes.prefix(offset), as: UTF8.self).unicodeScalars
        let lineStart = before.lastIndex(of: "\n").map { before.index(after: $0) }
        return TextSpan(
            line: before.count { $0 == "\n" } + 1,
            column: before[(lineStart ?? before.startIndex)...].count + 1)
    }

    private static func text(_ pointer: UnsafePointer<CChar>?) -> String? {
        unsafe pointer.map { unsafe String(cString: $0) }
    }
}
