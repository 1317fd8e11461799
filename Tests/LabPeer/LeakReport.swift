import Glibc

/// How long and how much a device still sends after each of many triggers: the packets of a source
/// in windows of a capture. A window is from the trigger to the moment before the release.
struct LeakReport {
    /// A device whose last packet comes so close to the end of its window was not cut at all.
    private static let edgeMicroseconds = 2_000

    private let file: String
    private let source: [UInt8]
    private let windows: [(from: Int, to: Int)]

    init(_ arguments: Arguments) throws {
        file = try arguments.text("file")
        source = try WireReport.octets(of: arguments.text("source"))
        windows = try arguments.all("window").map { text in
            let edges = text.split(separator: ",").compactMap { Int($0) }
            guard edges.count == 2 else { throw WrongUse() }
            return (edges[0], edges[1])
        }
        guard !windows.isEmpty else { throw WrongUse() }
    }

    func run() throws {
        let times = try Capture(file: file).packets
            .filter { Array($0.source) == source }.map(\.microseconds).sorted()
        var leaked: [Int] = []
        var lasted: [Int] = []
        var uncut = 0
        for window in windows {
            let within = times.filter { $0 > window.from && $0 < window.to }
            leaked.append(within.count)
            let last = within.last ?? window.from
            lasted.append(last - window.from)
            if last > window.to - Self.edgeMicroseconds { uncut += 1 }
        }
        leaked.sort()
        lasted.sort()
        var report = Report()
        report.add("packets", times.count)
        report.add("cuts", windows.count)
        report.add("uncut", uncut)
        report.add("leaked", leaked.reduce(0, +))
        report.add("leaked_p50", leaked[leaked.count / 2])
        report.add("leaked_max", leaked[leaked.count - 1])
        report.add("last_p50_us", lasted[lasted.count / 2])
        report.add("last_p99_us", lasted[min(lasted.count * 99 / 100, lasted.count - 1)])
        report.printLine()
    }
}

/// One question for a name, and when it was sent. It waits for no answer.
struct Asker {
    private let name: String
    private let resolver: SocketAddress

    init(_ arguments: Arguments) throws {
        name = try arguments.text("name")
        resolver = try SocketAddress(arguments.text("resolver"), port: 53)
    }

    func run() throws {
        var report = Report()
        report.add("asked_us", try Flood.ask(name, resolver))
        report.printLine()
    }
}
