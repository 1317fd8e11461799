import Glibc

/// The files of the store: who may read them, and what becomes of damaged ones.
struct StoreFiles {
    /// Absolute and without links.
    let directory: String

    var database: String { directory + "/regionlock.db" }
    var witness: String { directory + "/regionlock.commits" }

    /// Creates the directory (0700) where it is missing; its parent must exist.
    ///
    /// Refuses links of either kind and whatever somebody else owns or may write: a block that a
    /// stranger can edit is no block.
    static func open(directory: String) throws(StoreError) -> StoreFiles {
        if unsafe mkdir(directory, 0o700) != 0, errno != EEXIST {
            throw failure("create directory", directory)
        }
        let info = try status(directory)
        guard let info, info.st_mode & S_IFMT == S_IFDIR else {
            throw refusal(directory, "not a directory, or a symbolic link")
        }
        guard info.st_uid == geteuid(), info.st_mode & 0o022 == 0 else {
            throw refusal(
                directory, "must belong to uid \(geteuid()) and be writable by nobody else")
        }
        if info.st_mode & 0o077 != 0, unsafe chmod(directory, 0o700) != 0 {
            throw failure("change mode of", directory)
        }
        guard let resolved = unsafe realpath(directory, nil) else {
            throw failure("resolve", directory)
        }
        defer { unsafe free(resolved) }
        return StoreFiles(directory: unsafe String(cString: resolved))
    }

    /// Checks the files as `open` does the directory, and creates the database file (0600) where it
    /// is missing.
    ///
    /// - Throws: `.damaged` where a directory of ours has taken the place of a file: nobody else
    ///   can have made it, and it can be set aside as any damaged file.
    func prepare() throws(StoreError) {
        for suffix in ["", "-wal", "-shm"] { try Self.checkFile(database + suffix) }
        try Self.checkFile(witness)
        try createDatabaseFile()
    }

    /// Moves the database out of the way as `regionlock.db.corrupt-<n>`; keeps the newest few.
    func setAside(keeping limit: Int) throws(StoreError) -> String {
        let prefix = "regionlock.db.corrupt-"
        var numbers = Self.names(in: directory).compactMap { name in
            name.hasPrefix(prefix) ? Int(name.dropFirst(prefix.count)) : nil
        }.sorted()
        let number = (numbers.last ?? 0) + 1
        let aside = "\(directory)/\(prefix)\(number)"
        guard unsafe rename(database, aside) == 0 else { throw failure("set aside", database) }
        // A WAL belongs to its database: left behind, it would be replayed into the new one.
        if unsafe rename(database + "-wal", aside + "-wal") != 0, errno != ENOENT {
            throw failure("set aside", database + "-wal")
        }
        for path in [database + "-shm", witness] where unsafe unlink(path) != 0 && errno == EISDIR {
            let name = path.split(separator: "/").last ?? ""
            guard unsafe rename(path, "\(aside)-\(name)") == 0 else {
                throw failure("set aside", path)
            }
        }
        numbers.append(number)
        for old in numbers.dropLast(limit) {
            _ = unsafe unlink("\(directory)/\(prefix)\(old)")
            _ = unsafe unlink("\(directory)/\(prefix)\(old)-wal")
        }
        try createDatabaseFile()
        return aside
    }

    /// When the file was last written, in seconds since 1970; 0 when that cannot be told.
    static func modificationTime(_ path: String) -> Int64 {
        guard let info = try? status(path) else { return 0 }
        return Int64(info.st_mtim.tv_sec)
    }

    /// Of the database and the log beside it; 0 for what cannot be looked at.
    static func octets(ofDatabase path: String) -> Int64 {
        ["", "-wal"].reduce(0) { $0 + ((try? status(path + $1))?.map { Int64($0.st_size) } ?? 0) }
    }

    /// SQLite gives its own files the mode of the database file.
    private func createDatabaseFile() throws(StoreError) {
        let file = unsafe Glibc.open(database, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw failure("create", database) }
        defer { close(file) }
        guard fchmod(file, 0o600) == 0 else { throw failure("change mode of", database) }
        // The name must survive a power cut as well as the content does (fsync(2), NOTES).
        let parent = unsafe Glibc.open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard parent >= 0 else { throw failure("open", directory) }
        defer { close(parent) }
        guard fsync(parent) == 0 else { throw failure("sync", directory) }
    }

    /// All that is in a directory but the entries of itself and its parent.
    static func names(in directory: String) -> [String] {
        guard let stream = unsafe opendir(directory) else { return [] }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while let entry = unsafe readdir(stream) {
            unsafe withUnsafePointer(to: entry.pointee.d_name) { name in
                unsafe name.withMemoryRebound(to: CChar.self, capacity: 256) { text in
                    names.append(unsafe String(cString: text))
                }
            }
        }
        return names.filter { $0 != "." && $0 != ".." }
    }

    /// Nil when there is no such file. Links are not followed.
    private static func status(_ path: String) throws(StoreError) -> stat? {
        var info = stat()
        if unsafe lstat(path, &info) == 0 { return info }
        guard errno == ENOENT else { throw failure("look at", path) }
        return nil
    }

    private static func checkFile(_ path: String) throws(StoreError) {
        guard let info = try status(path) else { return }
        if info.st_mode & S_IFMT == S_IFDIR, info.st_uid == geteuid() {
            throw StoreError(
                .damaged, operation: "use", object: path, message: "it is a directory")
        }
        guard info.st_mode & S_IFMT == S_IFREG, info.st_nlink == 1 else {
            throw refusal(path, "not a regular file of one name")
        }
        guard info.st_uid == geteuid(), info.st_mode & 0o022 == 0 else {
            throw refusal(path, "must belong to uid \(geteuid()) and be writable by nobody else")
        }
        // Ours to read, whatever somebody has done to it.
        if info.st_mode & 0o600 != 0o600, unsafe chmod(path, 0o600) != 0 {
            throw failure("change mode of", path)
        }
    }

    private static func refusal(_ path: String, _ message: String) -> StoreError {
        StoreError(.unsafePath, operation: "use", object: path, message: message)
    }

    static func failure(_ operation: String, _ path: String) -> StoreError {
        StoreError(
            .failed, operation: operation, object: path,
            message: unsafe String(cString: strerror(errno)))
    }

    private func failure(_ operation: String, _ path: String) -> StoreError {
        Self.failure(operation, path)
    }
}
