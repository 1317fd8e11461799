import ControlAPI
import Glibc
import NIOCore

/// The process at the other end of a connection, as the kernel noted it at `connect`.
struct Peer: Hashable, Sendable {
    let uid: UInt32
    let gid: UInt32
    let pid: Int32
    let supplementaryGroups: [UInt32]

    /// NGROUPS_MAX of linux/limits.h is 65,536; an account in more than this many groups is judged
    /// by its own group alone.
    private static let maximumGroups = 1_024
    /// SO_PEERGROUPS of asm-generic/socket.h (Linux 4.13), which Glibc's module does not carry.
    private static let peerGroupsOption: Int32 = 59

    /// Reads both off a connected descriptor; nil when the kernel does not say.
    init?(descriptor: Int32) {
        // struct ucred of unix(7): pid, uid, gid. Swift's Glibc module lacks it.
        var credential: (pid: Int32, uid: UInt32, gid: UInt32) = (0, 0, 0)
        var length = socklen_t(MemoryLayout.size(ofValue: credential))
        guard unsafe getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credential, &length) == 0
        else { return nil }
        (pid, uid, gid) = credential
        var groups = [UInt32](repeating: 0, count: Self.maximumGroups)
        length = socklen_t(Self.maximumGroups * MemoryLayout<UInt32>.size)
        let isKnown =
            unsafe getsockopt(descriptor, SOL_SOCKET, Self.peerGroupsOption, &groups, &length) == 0
        supplementaryGroups =
            isKnown ? Array(groups.prefix(Int(length) / MemoryLayout<UInt32>.size)) : []
    }

    /// The mode of the control socket is the first gate; this is the second, for the day somebody
    /// widens that mode or passes the socket into a container. The groups are those the process
    /// has, not those the account database would give it: the same the file mode was judged by.
    func mayChange(owner: UInt32, admins: UInt32?) -> Bool {
        if uid == 0 || uid == owner { return true }
        guard let admins else { return false }
        return gid == admins || supplementaryGroups.contains(admins)
    }

    /// The account's name, or nil. It may ask a directory over the network, so it must not run on
    /// an event loop.
    var accountName: String? {
        /// sysconf(_SC_GETPW_R_SIZE_MAX) says 1,024; entries with long fields have been seen.
        let capacity = 16 * 1_024
        var entry = unsafe passwd()
        var found: UnsafeMutablePointer<passwd>?
        var buffer = [CChar](repeating: 0, count: capacity)
        guard unsafe getpwuid_r(uid, &entry, &buffer, capacity, &found) == 0,
            let account = unsafe found, let name = unsafe account.pointee.pw_name
        else { return nil }
        return unsafe Printable.escaped(String(cString: name))
    }
}
