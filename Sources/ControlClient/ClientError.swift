package import ControlAPI

/// Why the daemon did not do what it was asked.
package enum ClientError: Error, Hashable, Sendable {
    /// There is no such socket: it is not running, or not with this run directory.
    case noSocket(path: String)
    /// The socket is there and nobody answers: it was killed.
    case refused(path: String)
    /// The socket's mode keeps this account out.
    case notPermitted(path: String)
    /// A change may have happened all the same.
    case timedOut(seconds: Int)
    /// It answered, with an error.
    case problem(Problem)
    /// It went away before it answered. A change may have happened all the same.
    case wentAway
    /// It said what no version of it says.
    case broken(String)
}

/// Exit statuses of the CLI; 64 and up as in sysexits.h.
package enum ExitStatus: Int32, Hashable, Sendable {
    case done = 0
    case failed = 1
    /// `simulate` and `check` with `--exit-code`: it would be cut off.
    case wouldBlock = 10
    /// It works, with warnings.
    case degraded = 20
    /// `ledger verify`: the chain does not hold.
    case ledgerBroken = 30
    /// EX_USAGE
    case usage = 64
    /// EX_DATAERR: several devices fit, or a list is not valid.
    case ambiguous = 65
    /// EX_NOINPUT
    case notFound = 66
    /// EX_UNAVAILABLE: the daemon does not answer.
    case unavailable = 69
    /// EX_TEMPFAIL: no answer in time, or none at all: the outcome is not known.
    case timedOut = 75
    /// EX_NOPERM
    case notAllowed = 77
    /// EX_CONFIG
    case settingsNotValid = 78
}

extension ClientError {
    package var exitStatus: ExitStatus {
        switch self {
        case .noSocket, .refused: .unavailable
        case .notPermitted: .notAllowed
        case .timedOut, .wentAway: .timedOut
        case .problem(let problem): problem.exitStatus
        case .broken: .failed
        }
    }
}

extension Problem {
    package var exitStatus: ExitStatus {
        switch knownCode {
        case .badRequest, .unknownField, .invalidField: .usage
        case .notAllowed, .readOnly: .notAllowed
        case .deviceNotFound, .siteNotFound, .blockNotFound, .exemptionNotFound, .policyNotFound,
            .revisionNotFound, .historyGone:
            .notFound
        case .ambiguous: .ambiguous
        case .settingsNotValid: .settingsNotValid
        case .timedOut: .timedOut
        case .unavailable, .tooManyConnections, .tooManyStreams: .unavailable
        case .routeNotFound, .methodNotAllowed, .conflict, .requestTooLarge, .headTooLarge, .failed,
            nil:
            .failed
        }
    }
}
