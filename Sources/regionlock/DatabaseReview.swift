import ControlClient
import GeoIP
import Policy
import Settings
import Wire

extension SettingsResult {
    /// Opens the GeoIP database the settings name, and adds what an operator should know of it. A
    /// database that can't be used is no reason to refuse the settings: the daemon runs without.
    mutating func reviewDatabase(at now: Timestamp) {
        guard let settings else { return }
        problems += settings.openDatabase(at: now).problems
        problems.sort()
    }
}

extension GatewaySettings {
    /// The database the settings name, and what an operator should know of it; nil when there is
    /// none or it can't be used.
    func openDatabase(
        at now: Timestamp
    ) -> (database: RegionDatabase?, problems: [SettingsProblem]) {
        guard let geoip else { return (nil, []) }
        func warning(_ text: String, hint: String? = nil) -> SettingsProblem {
            SettingsProblem(
                severity: .warning, file: geoip.source.file, line: geoip.source.line, column: 1,
                message: text, hint: hint)
        }
        do throws(DatabaseError) {
            let database = try RegionDatabase.open(path: geoip.database)
            return (database, complaints(about: database.facts, at: now).map { warning($0) })
        } catch {
            let hint =
                hasAddressSites
                ? "Devices at sites with region: from-address are of unknown region without it."
                : "The declared regions are not compared with the uplink's address without it."
            return (nil, [warning("\(error)", hint: hint)])
        }
    }
}

extension Session {
    /// Looks addresses up for settings whose sites ask for it, in the database they name or in
    /// another one. One that can't be used is told of, and then every region there is unknown.
    func regions(
        for settings: GatewaySettings, in directory: String, database path: String? = nil,
        isQuiet: Bool
    ) throws -> @Sendable (IPAddress) -> AddressRegion {
        var database: RegionDatabase?
        if let path {
            do throws(DatabaseError) {
                database = try RegionDatabase.open(path: path)
            } catch {
                throw Failure(.notFound, Report(usage: "\(error).", hint: nil))
            }
        } else if settings.hasAddressSites {
            let opened = settings.openDatabase(at: Terminal.now)
            database = opened.database
            if !opened.problems.isEmpty, !isQuiet {
                terminal.tell(
                    Report(
                        findings: opened.problems.map { $0.rendered(directory: directory) },
                        errors: 0, warnings: opened.problems.count))
            }
        }
        let found = database
        return { AddressRegion($0, asking: found) }
    }
}
