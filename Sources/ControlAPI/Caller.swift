/// Who asks, as the kernel tells it (SO_PEERCRED), never as the request claims.
package struct Caller: Hashable, Sendable {
    package let uid: UInt32
    package let gid: UInt32
    /// The process that connected; it may have ended since.
    package let pid: Int32
    /// The account's name, looked up for changes only; nil when there is none.
    package let userName: String?
    /// Root, the daemon's own user or a member of the admins' group, on the control socket.
    package let mayChange: Bool

    package init(uid: UInt32, gid: UInt32, pid: Int32, userName: String?, mayChange: Bool) {
        self.uid = uid
        self.gid = gid
        self.pid = pid
        self.userName = userName
        self.mayChange = mayChange
    }

    /// What stands behind "by" in history: `maria`, or `uid 1007` without an account.
    package var by: String { userName ?? "uid \(uid)" }
}
