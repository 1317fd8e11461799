import Glibc

/// One JSON object on a line of standard output.
struct Report {
    private var fields: [String] = []

    mutating func add(_ key: String, _ value: Int) { fields.append("\"\(key)\":\(value)") }

    mutating func add(_ key: String, _ values: [Int]) {
        let list = values.map(String.init).joined(separator: ",")
        fields.append("\"\(key)\":[\(list)]")
    }

    /// The text is one of ours (a name of an errno, an address): it needs no escapes.
    mutating func add(_ key: String, _ text: String) { fields.append("\"\(key)\":\"\(text)\"") }

    func printLine() { write(line: "{\(fields.joined(separator: ","))}", to: STDOUT_FILENO) }

    static func printEvent(_ name: String) {
        var report = Report()
        report.add("event", name)
        report.printLine()
    }
}

/// Writes at once: a reader at the other end of the pipe waits for this line.
func write(line: String, to descriptor: Int32) {
    var rest = Array("\(line)\n".utf8)[...]
    while !rest.isEmpty {
        let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
        guard count > 0 else { return }
        rest = rest.dropFirst(count)
    }
}
