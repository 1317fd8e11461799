import ControlAPI
import Synchronization

/// Counts connections and streams against `ServerLimits`.
final class Admission: Sendable {
    private struct Counts {
        var byUser: [UInt32: Int] = [:]
        /// Of everybody but the privileged.
        var common = 0
        var streams = 0
    }

    private let limits: ServerLimits
    private let owner: UInt32
    private let counts = Mutex(Counts())

    init(limits: ServerLimits, owner: UInt32) {
        self.limits = limits
        self.owner = owner
    }

    private func isPrivileged(_ uid: UInt32) -> Bool { uid == 0 || uid == owner }

    /// Takes a place for one connection of `uid`; `leave` gives it back.
    func enter(_ uid: UInt32) throws(Problem) {
        let isCommon = !isPrivileged(uid)
        let isAdmitted = counts.withLock { counts in
            let mine = counts.byUser[uid, default: 0]
            guard mine < limits.connectionsPerUser, !isCommon || counts.common < limits.connections
            else { return false }
            counts.byUser[uid] = mine + 1
            if isCommon { counts.common += 1 }
            return true
        }
        guard isAdmitted else {
            throw Problem(
                title: "Too many connections", status: 503, code: .tooManyConnections,
                detail: "your account has too many connections open, or all of them are taken",
                hint: "Close other regionlock commands, such as events --follow.")
        }
    }

    func leave(_ uid: UInt32) {
        let isCommon = !isPrivileged(uid)
        counts.withLock { counts in
            // An account with no connection keeps no entry: the table is as long as the limit.
            let mine = counts.byUser[uid, default: 0] - 1
            counts.byUser[uid] = mine > 0 ? mine : nil
            if isCommon { counts.common -= 1 }
        }
    }

    func openStream() throws(Problem) {
        let isAdmitted = counts.withLock { counts in
            guard counts.streams < limits.eventStreams else { return false }
            counts.streams += 1
            return true
        }
        guard isAdmitted else {
            throw Problem(
                title: "Too many event streams", status: 503, code: .tooManyStreams,
                detail: "\(limits.eventStreams) event streams are open; there may be no more")
        }
    }

    func closeStream() { counts.withLock { $0.streams -= 1 } }
}
