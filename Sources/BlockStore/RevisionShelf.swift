import Glibc
package import Wire

/// Settings that were in force, kept as directories that can be read like `/etc/regionlock`:
/// `revisions/<number>-<revision>` below the state directory. The highest number came last.
///
/// A link `instead` says that a kept revision stands in for files nobody confirmed: its target is
/// `<refused>:<used>`. It outlives a restart, so that settings that were taken back do not come
/// into force by one.
package struct RevisionShelf: Sendable {
    /// Revisions kept: weeks of edits, and few enough to be read in one screen.
    package static let limit = 20
    /// Larger settings are not kept: twenty of them would fill the state directory.
    package static let maximumBytes = 1 << 20

    package struct Kept: Hashable, Sendable {
        let number: Int
        package let revision: String
        /// When it was last put in force.
        package let loadedAt: Timestamp

        var name: String { "\(number)-\(revision)" }
    }

    /// Files nobody confirmed, and what is in force instead.
    package struct Substitution: Hashable, Sendable {
        package let refused: String
        package let used: String

        package init(refused: String, used: String) {
            self.refused = refused
            self.used = used
        }
    }

    /// A text and where it lies: `policy.d/10-xiaomi.yaml`.
    package struct File: Hashable, Sendable {
        let path: String
        let text: String

        package init(path: String, text: String) {
            self.path = path
            self.text = text
        }
    }

    let directory: String

    package init(state: String) { directory = state + "/revisions" }

    /// Newest first; what is none of ours is passed over.
    package func list() -> [Kept] {
        StoreFiles.names(in: directory).compactMap { name in
            let parts = name.split(separator: "-", maxSplits: 1)
            guard parts.count == 2, let number = Int(parts[0]) else { return nil }
            var info = stat()
            guard unsafe stat("\(directory)/\(name)", &info) == 0 else { return nil }
            return Kept(
                number: number, revision: String(parts[1]),
                loadedAt: Timestamp(seconds: Int64(info.st_mtim.tv_sec)))
        }.sorted { $0.number > $1.number }
    }

    package func path(of kept: Kept) -> String { "\(directory)/\(kept.name)" }

    /// Keeps the files as the newest revision, and lets the oldest go.
    package func keep(_ files: [File], as revision: String) throws(StoreError) {
        guard files.reduce(0, { $0 + $1.text.utf8.count }) <= Self.maximumBytes else { return }
        let before = list()
        if let newest = before.first, newest.revision == revision { return touch(path(of: newest)) }
        try make(directory)
        let number = (before.first?.number ?? 0) + 1
        let new = "\(directory)/\(number)-\(revision)"
        if let same = before.first(where: { $0.revision == revision }) {
            try rename(path(of: same), to: new)
            touch(new)
        } else {
            let unfinished = "\(directory)/.new"
            remove(unfinished)
            try make(unfinished)
            for file in files { try write(file, below: unfinished) }
            try rename(unfinished, to: new)
        }
        for old in list().dropFirst(Self.limit) { remove(path(of: old)) }
    }

    /// Nil when the files on disk are what a start takes.
    package var substitution: Substitution? {
        var buffer = [UInt8](repeating: 0, count: 64)
        let count = unsafe buffer.withUnsafeMutableBytes { bytes in
            guard let start = unsafe bytes.bindMemory(to: CChar.self).baseAddress else { return -1 }
            return unsafe readlink(directory + "/instead", start, bytes.count)
        }
        guard count > 0 else { return nil }
        let parts = String(decoding: buffer.prefix(count), as: UTF8.self).split(separator: ":")
        guard parts.count == 2 else { return nil }
        return Substitution(refused: String(parts[0]), used: String(parts[1]))
    }

    /// Says what a start takes instead of the files on disk; nil: nothing.
    package func substitute(_ substitution: Substitution?) throws(StoreError) {
        let link = directory + "/instead"
        guard let substitution else {
            guard unsafe unlink(link) == 0 || errno == ENOENT else {
                throw StoreFiles.failure("remove", link)
            }
            return
        }
        try make(directory)
        let unfinished = directory + "/.instead"
        unsafe _ = unlink(unfinished)
        guard unsafe symlink("\(substitution.refused):\(substitution.used)", unfinished) == 0
        else { throw StoreFiles.failure("write", unfinished) }
        try rename(unfinished, to: link)
    }

    // MARK: Files

    private func write(_ file: File, below root: String) throws(StoreError) {
        var path = root
        let parts = file.path.split(separator: "/")
        for part in parts.dropLast() {
            path += "/\(part)"
            try make(path)
        }
        path += "/\(parts.last ?? "")"
        let descriptor = unsafe open(
            path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw StoreFiles.failure("create", path) }
        defer { close(descriptor) }
        var rest = Array(file.text.utf8)[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes { bytes in
                unsafe Glibc.write(descriptor, bytes.baseAddress, bytes.count)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw StoreFiles.failure("write", path) }
            rest = rest.dropFirst(count)
        }
        guard fsync(descriptor) == 0 else { throw StoreFiles.failure("write", path) }
    }

    private func touch(_ path: String) { unsafe _ = utimensat(AT_FDCWD, path, nil, 0) }

    private func make(_ path: String) throws(StoreError) {
        guard unsafe mkdir(path, 0o700) == 0 || errno == EEXIST else {
            throw StoreFiles.failure("create", path)
        }
    }

    private func rename(_ old: String, to new: String) throws(StoreError) {
        guard unsafe Glibc.rename(old, new) == 0 else { throw StoreFiles.failure("rename", old) }
        let parent = unsafe open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard parent >= 0 else { throw StoreFiles.failure("open", directory) }
        defer { close(parent) }
        // The name must survive a power cut as well as the content does (fsync(2), NOTES).
        guard fsync(parent) == 0 else { throw StoreFiles.failure("write", directory) }
    }

    /// A file, or a directory and what is in it. What can't be removed is tried again next time.
    private func remove(_ path: String) {
        var info = stat()
        guard unsafe lstat(path, &info) == 0 else { return }
        guard info.st_mode & S_IFMT == S_IFDIR else {
            unsafe _ = unlink(path)
            return
        }
        for name in StoreFiles.names(in: path) { remove("\(path)/\(name)") }
        unsafe _ = rmdir(path)
    }
}
