package import ControlAPI
import Policy

extension DeviceRecord.State {
    var phrase: Phrase {
        switch self {
        case .free: "free"
        case .cutOff: Phrase("CUT OFF", .bad)
        case .exempt: Phrase("exempt", .good)
        }
    }
}

extension DeviceRecord {
    /// `hostname Redmi-Note, vendor class "android-dhcp-14", options 1,3,6,15`
    var saidByDHCP: String? {
        var words: [String] = []
        if let hostname { words.append("hostname \"\(hostname)\"") }
        if let text = dhcp?.vendorClass { words.append("vendor class \"\(text)\"") }
        if let text = dhcp?.fingerprint { words.append("fingerprint \(text)") }
        if let text = dhcp?.clientID { words.append("client id \(text)") }
        if let text = dhcp?.duid { words.append("DUID \(text)") }
        return words.isEmpty ? nil : words.joined(separator: ", ")
    }
}

extension Report {
    package init(_ devices: [DeviceRecord], _ style: TextStyle) {
        self.init()
        guard !devices.isEmpty else {
            add(note: "No devices.")
            return
        }
        var table = Table(columns: [
            .init(title: "DEVICE", isFlexible: true), .init(title: "MAC"),
            .init(title: "MADE BY", isFlexible: true), .init(title: "SITE", isFlexible: true),
            .init(title: "REGION"), .init(title: "TAGS", isFlexible: true), .init(title: "STATE"),
            .init(title: "SEEN"),
        ])
        table.rows = devices.map { device in
            let known = device.macKind == .random ? "(random MAC)" : device.vendor ?? "-"
            let maker = device.router == nil ? known : "ROUTER? \(known)"
            let tags = device.tags.map(\.text).joined(separator: ",")
            return [
                Phrase(device.name), Phrase(device.mac ?? device.addresses.first ?? "-"),
                Phrase(maker), Phrase(device.site ?? "-"), Phrase(device.region?.code ?? "-"),
                Phrase(tags.isEmpty ? "-" : tags), device.state.phrase,
                Phrase(style.age(device.lastSeen)),
            ]
        }
        add(table: table)
    }

    package init(_ sites: [SiteRecord], _ style: TextStyle) {
        self.init()
        guard !sites.isEmpty else {
            add(note: "No sites.")
            return
        }
        var table = Table(columns: [
            .init(title: "SITE", isFlexible: true), .init(title: "REGION"),
            .init(title: "FOUND BY", isFlexible: true), .init(title: "DEVICES", isRight: true),
            .init(title: "CUT OFF", isRight: true),
        ])
        table.rows = sites.map { site in
            let signs = (site.interfaces + site.subnets).joined(separator: ", ")
            return [
                Phrase(site.name), Phrase(site.region?.code ?? "from-address"),
                Phrase(signs.isEmpty ? "-" : signs),
                Phrase("\(site.devices)"),
                Phrase("\(site.cutOff)", site.cutOff == 0 ? .plain : .bad),
            ]
        }
        add(table: table)
    }

    package init(tagged reply: TagReply) {
        self.init()
        let name = fullName(reply.device)
        guard reply.isChanged else {
            add("\(name) had the tag \(reply.tag) already.")
            return
        }
        add("\(name) has the tag \(reply.tag).")
        if reply.policies.isEmpty {
            add(note: "  No policy speaks of this tag.")
        } else {
            add(note: "  Policies that now apply to it: \(reply.policies.joined(separator: ", ")).")
        }
        add(note: "  Undo: regionlock untag \(quoted(reply.device.name)) \(reply.tag)")
    }

    package init(untagged reply: TagReply) {
        self.init()
        let name = fullName(reply.device)
        guard reply.isChanged else {
            add("\(name) has no tag \(reply.tag) that was given at the prompt.")
            return
        }
        add("\(name) no longer has the tag \(reply.tag).")
        add(note: "  Undo: regionlock tag \(quoted(reply.device.name)) \(reply.tag)")
    }
}

/// `d-93kf (3a:91:0c:5e:77:01)`, or the id alone.
private func fullName(_ device: DeviceRecord) -> String {
    device.name == device.id ? device.id : "\(device.name) (\(device.id))"
}

/// A word for the shell, in quotes when it has to be.
func quoted(_ word: String) -> String {
    let isPlain = word.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
            UInt8(ascii: "_"), UInt8(ascii: ":"):
            true
        default: false
        }
    }
    return isPlain && !word.isEmpty ? word : "'" + word.replacing("'", with: "'\\''") + "'"
}
