import CSystemd
import Glibc

/// Sockets the service manager opened for us (sd_listen_fds_with_names(3)).
///
/// Their order differs from start to start; only the names are reliable.
package struct PassedSockets: Hashable, Sendable {
    /// SD_LISTEN_FDS_START
    private static let firstDescriptor: CInt = 3
    /// The units pass three at most; the number comes from the environment.
    package static let maximumCount = 32

    private let descriptors: [String: [CInt]]

    /// Sets close-on-exec on each, as the sockets are not for children.
    package init(
        environment: [String: String] = ServiceNotifier.environment(), processID: Int32 = getpid()
    ) {
        guard environment["LISTEN_PID"].flatMap({ Int32($0) }) == processID,
            let count = environment["LISTEN_FDS"].flatMap({ Int($0) }),
            (1...Self.maximumCount).contains(count)
        else {
            descriptors = [:]
            return
        }
        let names = (environment["LISTEN_FDNAMES"] ?? "")
            .split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        var found: [String: [CInt]] = [:]
        for index in 0..<count {
            let descriptor = Self.firstDescriptor + CInt(index)
            guard csystemd_close_on_exec(descriptor) == 0 else { continue }
            let name = index < names.count && !names[index].isEmpty ? names[index] : "unknown"
            found[name, default: []].append(descriptor)
        }
        descriptors = found
    }

    package var names: [String] { descriptors.keys.sorted() }

    /// Empty when the manager passed none of this name.
    package func descriptors(named name: String) -> [CInt] { descriptors[name] ?? [] }
}
