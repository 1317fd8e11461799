import FoundationEssentials
import GeoIP
import Policy
import Wire

/// A directory that goes with the value.
final class Folder {
    let path: String

    init() throws {
        path = "/tmp/geoip-test-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Writes the file and names it.
    func file(_ octets: [UInt8], name: String = "db.mmdb") throws -> String {
        let place = "\(path)/\(name)"
        try Data(octets).write(to: URL(filePath: place))
        return place
    }
}

extension RegionDatabase {
    func text(_ address: String) -> String {
        guard let address = IPAddress(address) else { return "no address" }
        return region(of: address).text
    }
}
