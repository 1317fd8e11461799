/// Why the store could not do what it was asked.
package struct StoreError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Kind: Hashable, Sendable {
        /// The path leads through a link, or the file is not ours alone.
        case unsafePath
        /// Another process holds the database.
        case inUse
        /// A later version of the program wrote the database.
        case newerSchema
        /// What is on the disk is not what was written.
        case damaged
        /// Disk full, read-only, no permission: a later try may succeed.
        case failed
    }

    package let kind: Kind
    package let operation: String
    /// The path or the SQL text the operation was about.
    package let object: String
    /// SQLite's or the system's own words.
    package let message: String

    package init(_ kind: Kind, operation: String, object: String, message: String) {
        self.kind = kind
        self.operation = operation
        self.object = object
        self.message = message
    }

    package var description: String { "cannot \(operation) \(object): \(message)" }
}
