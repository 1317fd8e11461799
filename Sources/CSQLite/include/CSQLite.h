// SQLite's C API plus the parts of it that Swift's importer leaves out: a cast macro
// (SQLITE_TRANSIENT) and a variadic function (sqlite3_db_config).
#pragma once
#include <sqlite3.h>

/// sqlite3_bind_text() that copies `text` before it returns; `length` is in bytes.
static inline int csqlite_bind_text(sqlite3_stmt *statement, int index, const char *text,
                                    int length) {
    return sqlite3_bind_text(statement, index, text, length, SQLITE_TRANSIENT);
}

/// SQLITE_DBCONFIG_DEFENSIVE: no SQL may write to the schema table or to shadow tables.
static inline int csqlite_set_defensive(sqlite3 *database) {
    return sqlite3_db_config(database, SQLITE_DBCONFIG_DEFENSIVE, 1, (int *)0);
}

/// SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE: closing leaves database file and WAL as they are.
static inline int csqlite_keep_files_on_close(sqlite3 *database) {
    return sqlite3_db_config(database, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, (int *)0);
}
