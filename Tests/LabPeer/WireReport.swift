import Glibc

/// What a capture holds of certain sources: how many packets before, in and after a window of time,
/// and how many packets of anybody that carry a name.
struct WireReport {
    private let file: String
    private let sources: [String]
    private let name: String?
    private let window: (from: Int, to: Int)
    /// What `cuts` wrote: the numbers of the datagrams that were sent behind a trigger.
    private let rangesFile: String?

    init(_ arguments: Arguments) throws {
        file = try arguments.text("file")
        sources = arguments.all("source")
        name = arguments.all("name").last
        let edges = arguments.all("window").last?.split(separator: ",").compactMap { Int($0) }
        guard edges == nil || edges?.count == 2 else { throw WrongUse() }
        window = (edges?[0] ?? 0, edges?[1] ?? 0)
        rangesFile = arguments.all("ranges").last
    }

    func run() throws {
        let capture = try Capture(file: file)
        let wanted = Set(try sources.map(Self.octets))
        var report = Report()
        var counts = (before: 0, within: 0, after: 0)
        var first = 0
        for packet in capture.packets where wanted.contains(Array(packet.source)) {
            if packet.microseconds < window.from {
                counts.before += 1
            } else if packet.microseconds <= window.to {
                counts.within += 1
            } else {
                counts.after += 1
                if first == 0 { first = packet.microseconds }
            }
        }
        report.add("packets", capture.packets.count)
        report.add("before", counts.before)
        report.add("within", counts.within)
        report.add("after", counts.after)
        report.add("first_after_us", first)
        if let name { report.add("named", Self.count(name, in: capture)) }
        if let rangesFile {
            let numbers = capture.packets.compactMap(Self.floodNumber)
            let ranges = try Self.ranges(in: rangesFile)
            report.add("flood", numbers.count)
            report.add(
                "leaked", numbers.count { number in ranges.contains { $0.contains(number) } })
        }
        report.printLine()
    }

    /// The number in a datagram to the sink; nil for every other packet.
    private static func floodNumber(_ packet: CapturedPacket) -> Int? {
        let start = packet.bytes.startIndex
        let header = packet.source.count == 4 ? 34 : 54
        let protocolPlace = packet.source.count == 4 ? 23 : 20
        guard packet.bytes.count >= header + 16, packet.bytes[start + protocolPlace] == 17
        else { return nil }
        let udp = start + header
        guard Int(packet.bytes[udp + 2]) << 8 | Int(packet.bytes[udp + 3]) == Int(Port.sink)
        else { return nil }
        return packet.bytes[(udp + 8)..<(udp + 16)].reduce(0) { $0 << 8 | Int($1) }
    }

    private static func ranges(in path: String) throws -> [Range<Int>] {
        guard let file = fopen(path, "r") else { throw Failure.system(path) }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 64)
        var ranges: [Range<Int>] = []
        while fgets(&line, 64, file) != nil {
            let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8($0) }, as: UTF8.self)
            let numbers = text.split(whereSeparator: \.isWhitespace).compactMap { Int($0) }
            guard numbers.count == 2, numbers[0] <= numbers[1] else { throw WrongUse() }
            ranges.append(numbers[0]..<numbers[1])
        }
        return ranges
    }

    /// Packets that carry the name as text (TLS, HTTP) or as labels (DNS).
    private static func count(_ name: String, in capture: Capture) -> Int {
        let forms = [Array(name.utf8), DNSQuestion.labels(of: name)]
        return capture.packets.count { packet in
            packet.bytes.withUnsafeBytes { bytes in forms.contains { Self.occurs($0, in: bytes) } }
        }
    }

    private static func occurs(_ form: [UInt8], in bytes: UnsafeRawBufferPointer) -> Bool {
        guard var next = bytes.baseAddress else { return false }
        let end = next + bytes.count
        while end - next >= form.count,
            let found = memchr(next, Int32(form[0]), end - next - form.count + 1)
        {
            if memcmp(found, form, form.count) == 0 { return true }
            next = UnsafeRawPointer(found) + 1
        }
        return false
    }

    static func octets(of text: String) throws -> [UInt8] {
        let family = text.contains(":") ? AF_INET6 : AF_INET
        var octets = [UInt8](repeating: 0, count: family == AF_INET ? 4 : 16)
        guard inet_pton(family, text, &octets) == 1 else {
            throw Failure("\"\(text)\" is not an address")
        }
        return octets
    }
}
