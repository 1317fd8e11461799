/// Reads server-sent events (WHATWG HTML, section 9.2.6) out of the bytes of a stream.
struct EventStreamParser {
    struct Message: Hashable {
        var type = "message"
        var data = ""
    }

    /// One event has less than 4 KB; a server that sends more in a line is not ours.
    static let maximumLineBytes = 256 * 1_024

    private var line: [UInt8] = []
    private var message = Message()
    private var hasData = false

    /// Messages that these bytes complete; nil when a line grows past the limit.
    mutating func feed(_ bytes: some Sequence<UInt8>) -> [Message]? {
        var messages: [Message] = []
        for byte in bytes {
            if byte == UInt8(ascii: "\n") {
                if let finished = endLine() { messages.append(finished) }
            } else {
                guard line.count < Self.maximumLineBytes else { return nil }
                line.append(byte)
            }
        }
        return messages
    }

    private mutating func endLine() -> Message? {
        defer { line.removeAll(keepingCapacity: true) }
        guard !line.isEmpty else {
            defer {
                message = Message()
                hasData = false
            }
            return hasData ? message : nil
        }
        let text = String(decoding: line, as: UTF8.self)
        let halves = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let value = halves.count == 2 ? halves[1] : ""
        let field = value.hasPrefix(" ") ? String(value.dropFirst()) : String(value)
        switch halves[0] {
        case "event": message.type = field
        case "data":
            message.data += (hasData ? "\n" : "") + field
            hasData = true
        // `id` stands in the data as well; comments and unknown fields are passed over.
        default: break
        }
        return nil
    }
}
