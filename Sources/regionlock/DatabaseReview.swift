import GeoIP
import Policy
import Settings
import Wire

extension SettingsResult {
    /// Opens the GeoIP database the settings name, and adds what an operator should know of it. A
    /// database that can't be used is no reason to refuse the settings: the daemon runs without.
    mutating func reviewDatabase(at now: Timestamp) {
        guard let settings, let geoip = settings.geoip else { return }
        let messages: [(text: String, hint: String?)]
        do throws(DatabaseError) {
            let database = try RegionDatabase.open(path: geoip.database)
            messages = settings.complaints(about: database.facts, at: now).map { ($0, nil) }
        } catch {
            let hint =
                settings.hasAddressSites
                ? "Devices at sites with region: from-address are of unknown region without it."
                : "The declared regions are not compared with the uplink's address without it."
            messages = [("\(error)", hint)]
        }
        for message in messages {
            problems.append(
                SettingsProblem(
                    severity: .warning, file: geoip.source.file, line: geoip.source.line, column: 1,
                    message: message.text, hint: message.hint))
        }
        problems.sort()
    }
}
