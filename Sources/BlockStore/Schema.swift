/// The tables, as the steps that lead to them: step n takes a database from version n-1 to n.
///
/// `PRAGMA user_version` holds the version. A step that has shipped never changes again.
package struct Schema: Hashable, Sendable {
    /// SQL text, one entry per version.
    package let steps: [String]

    package init(steps: [String]) { self.steps = steps }

    package static let current = Schema(steps: [version1, version2, version3])

    /// Brings the database to the last version, each step in a transaction of its own.
    func migrate(_ database: borrowing Database, path: String) throws(StoreError) {
        guard case .integer(let found) = try database.value("PRAGMA user_version") else { return }
        guard found <= steps.count else {
            throw StoreError(
                .newerSchema, operation: "open", object: path,
                message: "schema version \(found) is newer than this program's \(steps.count);"
                    + " install the version that wrote it")
        }
        guard found >= 0 else {
            throw StoreError(
                .damaged, operation: "open", object: path,
                message: "schema version \(found) was never written")
        }
        for version in Int(found)..<steps.count {
            try database.execute(
                "BEGIN IMMEDIATE;\(steps[version]);PRAGMA user_version = \(version + 1);COMMIT")
        }
    }

    /// Times are microseconds since 1970 in UTC; `sum` is the checksum of the other columns.
    /// Tables WITHOUT ROWID have no index beside them that could disagree with them.
    private static let version1 = """
        CREATE TABLE block (
            id TEXT PRIMARY KEY, device TEXT NOT NULL, cause TEXT NOT NULL,
            policy TEXT, rule_file TEXT, rule_line INTEGER,
            vector TEXT, endpoint TEXT, flow TEXT, latency_us INTEGER,
            reason TEXT, by_whom TEXT,
            site TEXT, region TEXT, since_us INTEGER NOT NULL, until_us INTEGER,
            state TEXT NOT NULL, ended_us INTEGER, ended_because TEXT, ended_by TEXT,
            sum INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX block_by_device ON block (device, since_us);

        CREATE TABLE exemption (
            id TEXT PRIMARY KEY, device TEXT NOT NULL, policy TEXT,
            since_us INTEGER NOT NULL, until_us INTEGER,
            by_whom TEXT NOT NULL, reason TEXT NOT NULL, sum INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE granted_tag (
            device TEXT NOT NULL, tag TEXT NOT NULL, by_whom TEXT NOT NULL, reason TEXT,
            since_us INTEGER NOT NULL, sum INTEGER NOT NULL, PRIMARY KEY (device, tag)
        ) STRICT, WITHOUT ROWID;

        -- 'mode': the mode set at the prompt. 'generation': how often a change was stored.
        CREATE TABLE setting (
            name TEXT PRIMARY KEY, value TEXT NOT NULL, sum INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;

        -- AUTOINCREMENT: the number of a pruned event is never given again.
        CREATE TABLE event (
            number INTEGER PRIMARY KEY AUTOINCREMENT, time_us INTEGER NOT NULL,
            kind TEXT NOT NULL, device TEXT, device_name TEXT, site TEXT, region TEXT,
            policy TEXT, rule_file TEXT, rule_line INTEGER, block TEXT,
            vector TEXT, endpoint TEXT, flow TEXT, latency_us INTEGER, verdict TEXT,
            text TEXT NOT NULL, by_whom TEXT, reason TEXT, sum INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX event_by_device ON event (device, number);
        CREATE INDEX event_by_time ON event (time_us)
        """

    /// The ledger of first activations, and where devices stand with policies that have stages.
    private static let version2 = """
        CREATE TABLE ledger (
            number INTEGER PRIMARY KEY, time_us INTEGER NOT NULL, device TEXT NOT NULL,
            region TEXT NOT NULL, origin TEXT NOT NULL, note TEXT NOT NULL,
            digest TEXT NOT NULL, sum INTEGER NOT NULL
        ) STRICT;

        CREATE TABLE stage (
            device TEXT NOT NULL, policy TEXT NOT NULL, since_us INTEGER NOT NULL,
            sum INTEGER NOT NULL, PRIMARY KEY (device, policy)
        ) STRICT, WITHOUT ROWID
        """

    /// What devices have said of themselves, of those that are cut off or tagged by it. Identifiers
    /// are hexadecimal octets with colons; `interface_ids` has those of link-local addresses,
    /// hexadecimal with commas.
    private static let version3 = """
        CREATE TABLE identity (
            mac TEXT PRIMARY KEY, host_name TEXT, vendor_class TEXT, fingerprint TEXT,
            client_id TEXT, duid TEXT, interface_ids TEXT NOT NULL, interface TEXT NOT NULL,
            first_us INTEGER NOT NULL, last_us INTEGER NOT NULL, is_doubtful INTEGER NOT NULL,
            is_cut INTEGER NOT NULL, sum INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID
        """
}
