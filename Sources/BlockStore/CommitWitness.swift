import Glibc

/// Remembers, outside the database, how many commits the database has taken.
///
/// SQLite drops everything behind the first bad frame of a WAL without a word, and a WAL cut short
/// looks like a shorter WAL. The count in this file betrays both. It is written after the commit
/// and never synced, so that it may be behind after a power cut but never ahead.
@safe
struct CommitWitness: ~Copyable {
    private let file: CInt

    private init(file: CInt) { self.file = file }

    deinit { _ = close(file) }

    static func open(path: String) throws(StoreError) -> CommitWitness {
        let file = unsafe Glibc.open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard file >= 0 else {
            throw StoreError(
                .failed, operation: "open", object: path,
                message: unsafe String(cString: strerror(errno)))
        }
        return CommitWitness(file: file)
    }

    /// The highest count written; 0 when the file is new or unreadable.
    var count: Int64 {
        var words: [Int64] = [0, 0]
        let size = words.count * MemoryLayout<Int64>.stride
        guard unsafe pread(file, &words, size, 0) == size, words[0] == ~words[1] else { return 0 }
        return words[0]
    }

    /// A failure is no failure of the commit it speaks of: the count then stays behind.
    func write(_ count: Int64) {
        var words: [Int64] = [count, ~count]
        _ = unsafe pwrite(file, &words, words.count * MemoryLayout<Int64>.stride, 0)
    }
}
