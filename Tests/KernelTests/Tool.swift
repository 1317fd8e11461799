import Foundation

/// Where this checkout and its programs are.
enum Place {
    static let root = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// The programs stand beside the test program, unless the environment names another build.
    static let programs: URL = {
        if let path = ProcessInfo.processInfo.environment["REGIONLOCK_BIN_DIR"] {
            return URL(filePath: path)
        }
        let beside = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
        let isHere = FileManager.default.fileExists(atPath: beside.appending(path: "LabPeer").path)
        return isHere ? beside : root.appending(path: ".build/debug")
    }()

    static func program(_ name: String) -> String { programs.appending(path: name).path }
    static let lab = root.appending(path: "scripts/lab").path
}

/// A step of a test that could not be carried out.
struct LabError: Error, CustomStringConvertible {
    let description: String

    init(_ text: String) { description = text }
}

/// What a command said.
struct Output {
    let status: Int32
    let text: String
    let errors: String

    var lines: [Substring] { text.split(separator: "\n") }
}

/// A command, started. Its output goes to files, so that no pipe can fill up.
///
/// Foundation's `Process` will not do here: it takes a command for running as long as anything it
/// has started lives, and `lab up` starts servers.
final class RunningTool {
    let identifier: pid_t
    private let name: String
    private let outputPath: String
    private let errorsPath: String
    /// As waitpid(2) gives it; nil while the command runs.
    private var waitStatus: Int32?

    /// - Parameter descriptors: passed as 3, 4 and so on; each is above them.
    init(
        _ command: [String], environment: [String: String] = [:], descriptors: [Int32] = []
    ) throws {
        name = command.joined(separator: " ")
        let stem = NSTemporaryDirectory() + "rl-tool-" + UUID().uuidString
        outputPath = stem + ".out"
        errorsPath = stem + ".err"
        let variables = ProcessInfo.processInfo.environment
            // Nothing here leaves the machine, whatever proxy its owner uses.
            .merging(["REGIONLOCK_BIN_DIR": Place.programs.path, "no_proxy": "*"]) { $1 }
            .merging(environment) { $1 }
        identifier = try Self.spawn(
            command, variables.map { "\($0)=\($1)" }, output: outputPath, errors: errorsPath,
            descriptors: descriptors)
    }

    deinit {
        if isRunning {
            signal(SIGKILL)
            waitpid(identifier, nil, 0)
        }
        for path in [outputPath, errorsPath] { unlink(path) }
    }

    private static func spawn(
        _ command: [String], _ environment: [String], output: String, errors: String,
        descriptors: [Int32]
    ) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        let mode = O_WRONLY | O_CREAT | O_TRUNC
        posix_spawn_file_actions_addopen(&actions, 1, output, mode, 0o600)
        posix_spawn_file_actions_addopen(&actions, 2, errors, mode, 0o600)
        for (index, descriptor) in descriptors.enumerated() {
            posix_spawn_file_actions_adddup2(&actions, descriptor, Int32(3 + index))
        }
        // The threads tests run on block every signal, and a child inherits that.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        var words = command.map { strdup($0) } + [nil]
        var variables = environment.map { strdup($0) } + [nil]
        defer { for text in words + variables { free(text) } }
        var identifier: pid_t = 0
        let code = posix_spawnp(&identifier, command[0], &actions, &attributes, &words, &variables)
        guard code == 0 else {
            throw LabError("\(command[0]): \(String(cString: strerror(code)))")
        }
        return identifier
    }

    var isRunning: Bool {
        guard waitStatus == nil else { return false }
        var status: Int32 = 0
        guard waitpid(identifier, &status, WNOHANG) == identifier else { return true }
        waitStatus = status
        return false
    }

    /// What it has said so far.
    var text: String { Self.read(outputPath) }
    var errors: String { Self.read(errorsPath) }

    func signal(_ number: Int32) { kill(identifier, number) }

    /// Waits for its end; a command that takes longer is killed and the test fails.
    func finish(within seconds: Double = 20) throws -> Output {
        guard waitUntil(seconds: seconds, { !isRunning }), let status = waitStatus else {
            signal(SIGKILL)
            throw LabError("\(name): still running after \(seconds) s; it said: \(text)\(errors)")
        }
        // As a shell has it: an end by a signal counts as 128 and its number.
        let number = status & 0x7f
        let code = number == 0 ? (status >> 8) & 0xff : 128 + number
        return Output(status: code, text: text, errors: errors)
    }

    func stop(_ number: Int32 = SIGTERM) throws -> Output {
        signal(number)
        return try finish()
    }

    private static func read(_ path: String) -> String {
        let data = FileManager.default.contents(atPath: path) ?? Data()
        return String(decoding: data, as: UTF8.self)
    }
}

/// Runs a command to its end.
func tool(_ command: [String], within seconds: Double = 20) throws -> Output {
    try RunningTool(command).finish(within: seconds)
}

/// How many times longer things may take: an emulated machine is slow (`scripts/lab-kernel`).
let patience: Double = ProcessInfo.processInfo.environment["LAB_KERNEL"] == nil ? 1 : 8

/// Asks every few milliseconds; false when the time is over.
func waitUntil(seconds: Double, _ isTrue: () throws -> Bool) rethrows -> Bool {
    let end = Date(timeIntervalSinceNow: seconds * patience)
    while try !isTrue() {
        guard Date() < end else { return false }
        usleep(5000)
    }
    return true
}

/// Lets traffic flow for a while: here time itself is what is tested.
func letPass(milliseconds: UInt32) { usleep(milliseconds * 1000) }

/// CLOCK_REALTIME in microseconds, as on the wire and in events.
var nowMicroseconds: Int {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return time.tv_sec * 1_000_000 + time.tv_nsec / 1000
}
