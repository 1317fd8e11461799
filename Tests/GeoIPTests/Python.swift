import FoundationEssentials
import Glibc

/// Runs a Python program and gives what it prints.
enum Python {
    struct Failure: Error { let status: Int32 }

    static func run(_ program: String, _ arguments: String...) throws -> String {
        let output = "/tmp/geoip-python-\(getpid())-\(UUID().uuidString)"
        defer { unlink(output) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_EXCL, 0o600)
        let words = ["python3", "-c", program] + arguments
        var argv = words.map { strdup($0) } + [nil]
        defer { for word in argv { free(word) } }
        var child: pid_t = 0
        // Debian's: another one in PATH would not know Debian's modules.
        let code = posix_spawn(&child, "/usr/bin/python3", &actions, nil, &argv, environ)
        guard code == 0 else { throw Failure(status: code) }
        var status: Int32 = 0
        while waitpid(child, &status, 0) < 0, errno == EINTR {}
        guard status == 0 else { throw Failure(status: status) }
        return String(decoding: try Data(contentsOf: URL(filePath: output)), as: UTF8.self)
    }
}

enum FileHandleCut {
    /// Cuts a file short in place, as a copy over it that fails would.
    static func cut(_ path: String) throws -> Bool { truncate(path, 10) == 0 }
}
