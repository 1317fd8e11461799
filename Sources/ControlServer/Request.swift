import ControlAPI
import NIOCore
import NIOHTTP1

/// Which of the two sockets a connection came in on.
enum SocketRole: Hashable, Sendable {
    case control
    /// Open to every account: GET only.
    case status
}

/// One request, read whole.
struct Request: Sendable {
    let operation: Operation
    /// The path's parameters, decoded, in order.
    let parameters: [String]
    let query: QueryFields
    /// RFC-less header of the WHATWG's server-sent events: where a reconnecting client left off.
    let lastEventID: Int64?
    let body: ByteBuffer

    init(head: HTTPRequestHead, body: ByteBuffer, role: SocketRole) throws(Problem) {
        let target = head.uri.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        switch RouteMatch.find(method: head.method.rawValue, path: target[0]) {
        case .notFound:
            throw .notFound(.routeNotFound, "there is nothing at this path")
        case .wrongMethod(let allowed):
            throw Problem(
                title: "Method not allowed", status: 405, code: .methodNotAllowed,
                detail: "this path takes \(allowed.joined(separator: ", "))",
                candidates: allowed)
        case .operation(let operation, let parameters):
            guard role == .control || !operation.isChange else { throw .readOnlySocket }
            self.operation = operation
            self.parameters = parameters
        }
        query = try QueryFields(
            target.count == 2 ? String(target[1]) : "", known: operation.queryFields,
            repeated: operation == .simulate ? ["tag"] : [])
        lastEventID = head.headers.first(name: "Last-Event-ID").flatMap(Int64.init)
        self.body = body
    }
}

extension Problem {
    fileprivate static var readOnlySocket: Problem {
        Problem(
            title: "Looking only", status: 405, code: .readOnly,
            detail: "this socket is for looking; changes go to control.sock", candidates: ["GET"])
    }

    static var changeNotAllowed: Problem {
        Problem(
            title: "Not allowed", status: 403, code: .notAllowed,
            detail: "you may look but not change things",
            hint: "Changes are for root and for members of the admins' group.")
    }
}
