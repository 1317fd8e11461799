import ControlClient
import Glibc
import Wire

/// Standard output and error, and what stands at their other end.
struct Terminal {
    enum Colour: String, CaseIterable {
        case auto, always, never
    }

    private let colour: Colour

    /// An unknown word counts as `auto` here; the parser refuses it.
    init(colour: String?) {
        self.colour = colour.flatMap(Colour.init) ?? .auto
    }

    /// Columns of the terminal on standard output; nil when it is none.
    private var width: Int? {
        guard isatty(STDOUT_FILENO) == 1 else { return nil }
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }

    /// no-color.org: any value but the empty one turns colour off.
    private func hasColour(_ descriptor: Int32) -> Bool {
        switch colour {
        case .always: true
        case .never: false
        case .auto:
            isatty(descriptor) == 1 && (environment("NO_COLOR") ?? "").isEmpty
                && environment("TERM") != "dumb"
        }
    }

    private func environment(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

    func style(isQuiet: Bool) -> TextStyle {
        TextStyle(
            width: width, hasColour: hasColour(STDOUT_FILENO), isQuiet: isQuiet, now: Self.now,
            utcOffset: Self.utcOffset)
    }

    static var now: Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000)
    }

    private static func utcOffset(_ moment: Timestamp) -> Int64 {
        var seconds = time_t(moment.microseconds / 1_000_000)
        var local = tm()
        localtime_r(&seconds, &local)
        return Int64(local.tm_gmtoff)
    }

    func write(_ text: String) { write(text, to: STDOUT_FILENO) }

    /// Something that is not a result.
    func tell(_ report: Report) {
        var style = style(isQuiet: false)
        style.hasColour = hasColour(STDERR_FILENO)
        write(report.rendered(style), to: STDERR_FILENO)
    }

    func fail(_ report: Report, _ status: ExitStatus) -> Never {
        tell(report)
        exit(status)
    }

    func exit(_ status: ExitStatus) -> Never { Glibc.exit(status.rawValue) }

    /// Whether a bar that moves can be drawn on standard error.
    var hasProgress: Bool { isatty(STDERR_FILENO) == 1 && environment("TERM") != "dumb" }

    /// Whether a person can be asked something.
    var canAsk: Bool { isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1 }

    /// Yes only for a clear yes.
    func ask(_ question: String) -> Bool {
        write("\(question) [y/N] ", to: STDERR_FILENO)
        let answer = readLine()?.lowercased() ?? ""
        return answer == "y" || answer == "yes"
    }

    /// Unbuffered: `events --follow` in a pipe must show each event at once.
    private func write(_ text: String, to descriptor: Int32) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count >= 0 {
                bytes = bytes.dropFirst(count)
            } else if errno != EINTR {
                // Nobody reads any more (`| head`), or the disk is full: the status says it.
                Glibc.exit(ExitStatus.failed.rawValue)
            }
        }
    }
}
