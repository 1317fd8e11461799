extension VendorRegistry {
    /// Where Debian's ieee-data keeps the lists. `update-ieee-data` writes newer ones to the first;
    /// until it runs they are links to the second.
    package static let standardDirectories = ["/var/lib/ieee-data", "/usr/share/ieee-data"]

    /// oui.csv has 3 MB; a file ten times that is something else.
    private static let maximumFileBytes = 32 << 20

    /// Reads the lists of this machine; each from the first directory that has it. What is missing
    /// is left out: without any the registry is empty.
    package static func installed(
        directories: [String] = standardDirectories
    ) -> VendorRegistry {
        var registry = VendorRegistry()
        for name in ["oui.csv", "mam.csv", "oui36.csv"] {
            for directory in directories where registry.read("\(directory)/\(name)") { break }
        }
        return registry.finished()
    }

    /// False when there is no such file. One that ends in an error counts as far as it was read.
    private mutating func read(_ path: String) -> Bool {
        var reader = CSVReader(keeping: Self.fieldsUsed)
        do {
            try FileSystem.forEachPiece(of: path, limit: Self.maximumFileBytes) { piece in
                reader.feed(piece) { add($0) }
            }
        } catch {
            return !error.isNotFound
        }
        reader.finish { add($0) }
        return true
    }
}
