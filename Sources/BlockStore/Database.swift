import CSQLite

/// One connection to SQLite, closed when the value ends.
///
/// It is used by one owner at a time (SQLITE_OPEN_NOMUTEX); the store's owner sees to that.
@safe
struct Database: ~Copyable {
    private let handle: OpaquePointer

    private init(handle: OpaquePointer) { unsafe self.handle = handle }

    /// `sqlite3_close_v2` waits for statements that are still alive, so that the order in which
    /// values end does not matter.
    deinit { _ = unsafe sqlite3_close_v2(handle) }

    /// Opens or creates the file; refuses a path with a symbolic link in it.
    static func open(path: String) throws(StoreError) -> Database {
        var opened: OpaquePointer?
        let flags =
            SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX
            | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_EXRESCODE
        let code = unsafe sqlite3_open_v2(path, &opened, flags, nil)
        guard let handle = unsafe opened else {
            throw StoreError(
                .failed, operation: "open", object: path, message: "out of memory")
        }
        let database = unsafe Database(handle: handle)
        guard code == SQLITE_OK else { throw database.error(code, "open", path) }
        _ = unsafe csqlite_set_defensive(handle)
        return database
    }

    /// Leaves the files as they are at closing: what was set aside is evidence.
    func keepFilesOnClose() { _ = unsafe csqlite_keep_files_on_close(handle) }

    /// Runs statements that give no rows.
    func execute(_ sql: String) throws(StoreError) {
        let code = unsafe sqlite3_exec(handle, sql, nil, nil, nil)
        guard code == SQLITE_OK else { throw error(code, "execute", sql) }
    }

    func prepare(_ sql: String) throws(StoreError) -> Statement {
        var prepared: OpaquePointer?
        let code = unsafe sqlite3_prepare_v2(handle, sql, -1, &prepared, nil)
        guard code == SQLITE_OK, let statement = unsafe prepared else {
            throw error(code, "prepare", sql)
        }
        return unsafe Statement(handle: statement, sql: sql)
    }

    /// The first column of the first row, such as a pragma's answer.
    func value(_ sql: String) throws(StoreError) -> SQLValue? {
        let statement = try prepare(sql)
        return try statement.step() ? statement.row[0] : nil
    }

    /// All changes of `body`, or none.
    func transaction<Result>(
        _ body: () throws(StoreError) -> Result
    ) throws(StoreError) -> Result {
        try execute("BEGIN IMMEDIATE")
        do throws(StoreError) {
            let result = try body()
            try execute("COMMIT")
            return result
        } catch {
            // SQLite may have rolled back by itself (lang_transaction.html, "Response To Errors").
            if unsafe sqlite3_get_autocommit(handle) == 0 { try? execute("ROLLBACK") }
            throw error
        }
    }

    var lastInsertedRow: Int64 { unsafe sqlite3_last_insert_rowid(handle) }

    private func error(_ code: Int32, _ operation: String, _ object: String) -> StoreError {
        StoreError(
            StoreError.Kind(resultCode: code), operation: operation, object: object,
            message: unsafe String(cString: sqlite3_errmsg(handle)))
    }
}

/// One prepared statement, finalised when the value ends.
@safe
struct Statement: ~Copyable {
    private let handle: OpaquePointer
    private let sql: String

    init(handle: OpaquePointer, sql: String) {
        unsafe self.handle = handle
        self.sql = sql
    }

    deinit { _ = unsafe sqlite3_finalize(handle) }

    /// Binds from the first parameter on.
    func bind(_ values: [SQLValue]) throws(StoreError) {
        for (index, value) in values.enumerated() {
            let position = Int32(index + 1)
            let code =
                switch value {
                case .null: unsafe sqlite3_bind_null(handle, position)
                case .integer(let integer): unsafe sqlite3_bind_int64(handle, position, integer)
                case .text(let text):
                    unsafe csqlite_bind_text(handle, position, text, Int32(text.utf8.count))
                }
            try check(code, "bind a value of")
        }
    }

    /// True when there is a row to read, false at the end.
    func step() throws(StoreError) -> Bool {
        let code = unsafe sqlite3_step(handle)
        if code == SQLITE_ROW { return true }
        try check(code == SQLITE_DONE ? SQLITE_OK : code, "run")
        return false
    }

    /// The values of the row `step` has found.
    var row: [SQLValue] {
        let count = unsafe sqlite3_column_count(handle)
        return (0..<count).map { column in
            switch unsafe sqlite3_column_type(handle, column) {
            case SQLITE_NULL: return .null
            case SQLITE_INTEGER: return .integer(unsafe sqlite3_column_int64(handle, column))
            default:
                guard let bytes = unsafe sqlite3_column_text(handle, column) else { return .null }
                let count = Int(unsafe sqlite3_column_bytes(handle, column))
                let buffer = unsafe UnsafeBufferPointer(start: bytes, count: count)
                return .text(unsafe String(decoding: buffer, as: UTF8.self))
            }
        }
    }

    /// Reads row after row; it must not outlive the statement.
    var cursor: RowCursor { unsafe RowCursor(handle) }

    private func check(_ code: Int32, _ operation: String) throws(StoreError) {
        guard code != SQLITE_OK else { return }
        throw StoreError(
            StoreError.Kind(resultCode: code), operation: operation, object: sql,
            message: unsafe String(cString: sqlite3_errmsg(sqlite3_db_handle(handle))))
    }
}

extension StoreError.Kind {
    /// From an extended result code (sqlite.org/rescode.html). The macros of extended codes are
    /// expressions the importer leaves out, so that they stand here as primary | detail << 8.
    fileprivate init(resultCode: Int32) {
        let damagedReads: Set<Int32> = [
            SQLITE_IOERR | 1 << 8,  // SQLITE_IOERR_READ
            SQLITE_IOERR | 2 << 8,  // SQLITE_IOERR_SHORT_READ
            SQLITE_IOERR | 32 << 8,  // SQLITE_IOERR_DATA
            SQLITE_IOERR | 33 << 8,  // SQLITE_IOERR_CORRUPTFS
        ]
        let symbolicLink = SQLITE_CANTOPEN | 6 << 8  // SQLITE_CANTOPEN_SYMLINK
        self =
            switch resultCode & 0xff {
            // All our SQL is fixed: it fails only when the tables are not the ones it was
            // written for.
            case SQLITE_CORRUPT, SQLITE_NOTADB, SQLITE_ERROR, SQLITE_CONSTRAINT: .damaged
            case SQLITE_BUSY, SQLITE_LOCKED: .inUse
            case _ where damagedReads.contains(resultCode): .damaged
            case _ where resultCode == symbolicLink: .unsafePath
            default: .failed
            }
    }
}
