/// The text of one file and the name it goes by.
package struct SettingsFile: Hashable, Sendable {
    /// Relative to the configuration's directory: `regionlock.yaml`, `policy.d/10-xiaomi.yaml`.
    package let path: String
    package let text: String

    /// A byte order mark at the front, which some editors write, is no part of the text: libyaml
    /// would count it as a column, and the lines below would seem indented differently.
    package init(path: String, text: String) {
        self.path = path
        let scalars = text.unicodeScalars
        self.text = scalars.first == "\u{feff}" ? String(scalars.dropFirst()) : text
    }
}

/// What a file is for, told by where it lies.
enum FileKind: Hashable {
    case gateway
    case devices
    case policy
    /// With the name its place gives it: `vendor/xiaomi`.
    case catalogue(name: String)
    case fleet
    case other

    static let gatewayPath = "regionlock.yaml"

    init(path: String) {
        let parts = path.split(separator: "/")
        guard parts.count > 1 else {
            self = path == Self.gatewayPath ? .gateway : .other
            return
        }
        switch (parts[0], parts.count) {
        case ("devices.d", 2): self = .devices
        case ("policy.d", 2): self = .policy
        case ("catalogue.d", _):
            let name = parts.dropFirst().joined(separator: "/")
            self = .catalogue(name: String(name.dropLast(name.hasSuffix(".yaml") ? 5 : 0)))
        case ("fleet", 2): self = .fleet
        default: self = .other
        }
    }
}
