import Policy
import Wire

/// Reads the files of `devices.d`, each a tag with the tests that give it or a list of devices.
///
/// A device and a label stand in all of them together once.
struct DevicesDecoder {
    /// Where a device or a label stands. There may be a million of each.
    private struct Place {
        let file: Int32
        let line: Int32
    }

    private var files: [String] = []
    private var placesByMAC: [MACAddress: Place] = [:]
    private var placesByPrefix: [DeviceSelector: Place] = [:]
    private var placesByLabel: [String: Place] = [:]
    /// What the last device had: most have the same, and share it then.
    private var lastTags: [Tag] = []

    mutating func decode(
        _ root: YAMLNode, in file: FileScope, into settings: inout GatewaySettings
    ) {
        let keys = ["tag", "match", "except", "devices"]
        guard let fields = Fields.root(of: root, in: file, keys: keys) else { return }
        if let devices = fields["devices"] {
            for key in ["tag", "match", "except"] where fields[key] != nil {
                file.error(
                    "\"devices\" and \(quoted(key)) are two kinds of file", at: devices.span,
                    hint: "A file gives one tag (tag, match, except) or lists devices.")
                return
            }
            settings.devices += self.devices(devices)
        } else if let rule = Self.tagRule(fields) {
            settings.tagRules.append(rule)
        }
    }

    private static func tagRule(_ fields: Fields) -> TagRule? {
        guard fields["tag"] != nil || fields["match"] != nil else {
            fields.missing("\"tag\" or \"devices\"")
            return nil
        }
        let tag = fields.required("tag")?.tag()
        let match = fields.required("match")?
            .someItems(of: "tests", limit: SettingsLimits.selectorsPerFile)
        let except = fields["except"]?.items(of: "tests", limit: SettingsLimits.selectorsPerFile)
        let matchTests = tests(match)
        let exceptTests = tests(except)
        let (matchSelectors, exceptSelectors) = (
            matchTests.map(\.selector), exceptTests.map(\.selector)
        )
        guard let tag else { return nil }
        DHCPClaim.check(tag, match: match, matchSelectors, except: except, exceptSelectors)
        MACKindTest.check(tag, match: matchTests, except: exceptTests)
        return TagRule(tag: tag, match: matchSelectors, except: exceptSelectors)
    }

    private static func tests(_ fields: [Field]?) -> [SelectorTest] {
        (fields ?? []).compactMap { field in selector(field).map { SelectorTest(field, $0) } }
    }

    /// One entry of `match` or `except`: a mapping with one key.
    private static func selector(_ field: Field) -> Located<DeviceSelector>? {
        let fields = Fields(
            field,
            keys: [
                "mac", "oui_vendor", MACKindTest.key, "interface", "vlan", "subnet",
                "wireguard_peer",
            ] + DHCPClaim.keys)
        guard let fields else { return nil }
        var selectors: [DeviceSelector?] = []
        if let mac = fields["mac"] { selectors.append(mac.mac().map(DeviceSelector.mac)) }
        if let vendor = fields["oui_vendor"] { selectors.append(vendor.vendor()) }
        if let kind = fields[MACKindTest.key] { selectors.append(MACKindTest.selector(kind)) }
        if let interface = fields["interface"] {
            selectors.append(interface.interface().map(DeviceSelector.interface))
        }
        if let vlan = fields["vlan"] {
            let number = vlan.integer(in: VLANID.range).flatMap { VLANID($0) }
            selectors.append(number.map(DeviceSelector.vlan))
        }
        if let subnet = fields["subnet"] {
            selectors.append(subnet.prefix().map(DeviceSelector.prefix))
        }
        if let peer = fields["wireguard_peer"] { selectors.append(peer.wireGuardPeer()) }
        for claim in DHCPClaim.allCases {
            if let field = fields[claim.rawValue] { selectors.append(claim.selector(field)) }
        }
        if selectors.count > 1 || fields.isEmpty {
            field.error(
                "an entry of \(field.name) has one test",
                hint: "Write each test in a line of its own, beginning with \"- \".")
            return nil
        }
        return selectors.first?.map { Located($0, at: field.file.location(field.span)) }
    }

    private mutating func devices(_ field: Field) -> [KnownDevice] {
        let items = field.items(of: "devices", limit: SettingsLimits.devicesPerFile) ?? []
        files.append(field.file.path)
        var devices: [KnownDevice] = []
        devices.reserveCapacity(items.count)
        for item in items {
            let device =
                plainDevice(item.node, in: item.file)
                ?? device(Field(name: "device", node: item.node, file: item.file))
            if let device { devices.append(device) }
        }
        return devices
    }

    /// A device by its MAC, when nothing is wrong with it; nil leaves it to `device`, which says
    /// what is. Nearly all are of this kind, and there may be a million.
    private mutating func plainDevice(_ node: YAMLNode, in file: FileScope) -> KnownDevice? {
        guard case .mapping(let entries) = node.content else { return nil }
        var key: (mac: MACAddress, span: TextSpan)?
        var label: (text: String, span: TextSpan)?
        var tags: [Tag] = []
        for entry in entries {
            switch (entry.key, entry.value.content) {
            case ("mac", .scalar(let text)):
                guard let mac = MACAddress(text), mac.isDevice else { return nil }
                key = (mac, entry.value.span)
            case ("label", .scalar(let text)):
                guard Field.isIdentifier(text) else { return nil }
                label = (text, entry.value.span)
            case ("tags", .sequence(let nodes)) where nodes.count <= SettingsLimits.tagsPerEntry:
                for node in nodes {
                    guard case .scalar(let text) = node.content, let tag = Tag(text),
                        !tags.contains(tag)
                    else { return nil }
                    tags.append(tag)
                }
            default: return nil
            }
        }
        guard let key, placesByMAC[key.mac] == nil else { return nil }
        if let label {
            guard placesByLabel[label.text] == nil else { return nil }
            placesByLabel[label.text] = place(label.span)
        }
        placesByMAC[key.mac] = place(key.span)
        if tags == lastTags { tags = lastTags } else { lastTags = tags }
        return KnownDevice(
            selector: .mac(key.mac), label: label?.text, tags: tags,
            source: file.location(node.span))
    }

    private func place(_ span: TextSpan) -> Place {
        Place(file: Int32(files.count - 1), line: Int32(span.line))
    }

    private func location(_ place: Place) -> SourceLocation {
        SourceLocation(file: files[Int(place.file)], line: Int(place.line))
    }

    private mutating func notePlace(of selector: DeviceSelector, _ span: TextSpan) -> Place? {
        if case .mac(let mac) = selector {
            return placesByMAC.updateValue(place(span), forKey: mac)
        }
        return placesByPrefix.updateValue(place(span), forKey: selector)
    }

    private mutating func device(_ field: Field) -> KnownDevice? {
        guard let fields = Fields(field, keys: ["mac", "address", "label", "tags"]) else {
            return nil
        }
        let label = self.label(fields["label"])
        let tags = fields["tags"]?.tags() ?? []
        if fields["mac"] != nil, fields["address"] != nil {
            fields.error(
                "a device has a mac or an address, not both",
                hint: "Keep the MAC; an address is for devices without one (ppp, tun).")
            return nil
        }
        guard let key = fields["mac"] ?? fields["address"] else {
            fields.missing("\"mac\" or \"address\"")
            return nil
        }
        guard let selectors = fields["mac"] != nil ? macs(key) : Self.address(key) else {
            return nil
        }
        for (selector, span) in selectors {
            if let place = notePlace(of: selector, span) {
                field.file.error(
                    "this device is listed twice (also in \(location(place)))", at: span)
            }
        }
        guard let first = selectors.first?.selector else { return nil }
        let others = selectors.dropFirst().compactMap { selector, _ -> MACAddress? in
            if case .mac(let mac) = selector { mac } else { nil }
        }
        return KnownDevice(
            selector: first, otherMACs: others, label: label, tags: tags.map(\.value),
            source: field.file.location(field.span))
    }

    /// One MAC, or a list of all that the device has.
    private func macs(_ field: Field) -> [(selector: DeviceSelector, span: TextSpan)]? {
        guard case .sequence = field.node.content else {
            return field.mac().map { [(.mac($0), field.span)] }
        }
        let items = field.someItems(of: "MAC addresses", limit: SettingsLimits.macsPerDevice)
        let macs = items?.compactMap { item in
            item.mac().map { (selector: DeviceSelector.mac($0), span: item.span) }
        }
        return macs?.isEmpty == false ? macs : nil
    }

    private static func address(
        _ field: Field
    ) -> [(selector: DeviceSelector, span: TextSpan)]? {
        field.address().flatMap { IPPrefix($0, length: $0.bitWidth) }
            .map { [(.prefix($0), field.span)] }
    }

    private mutating func label(_ field: Field?) -> String? {
        guard let field, let label = field.identifier() else { return nil }
        if let other = placesByLabel.updateValue(place(field.span), forKey: label) {
            field.error(
                "the label \(quoted(label)) is given twice (also in \(location(other)))")
        }
        return label
    }
}

extension Field {
    /// A maker's name from the IEEE list, `*` for any text.
    fileprivate func vendor() -> DeviceSelector? {
        guard let pattern = line() else { return nil }
        let vendors = file.context.vendors
        guard !vendors.isEmpty else {
            warning(
                "the list of makers is not installed: vendor names can't be matched",
                hint: "apt install ieee-data")
            return .vendor(pattern: pattern, prefixes: [])
        }
        let prefixes = vendors.prefixes(matching: pattern)
        guard !prefixes.isEmpty else {
            error(
                "no maker in the IEEE list fits \(quoted(pattern))",
                hint: pattern.contains("*") && !(pattern.hasPrefix("*") && pattern.hasSuffix("*"))
                    ? "To find the name anywhere, write \"*\(pattern.filter { $0 != "*" })*\""
                    : "See: grep -i \(Self.shellWord(pattern)) /usr/share/ieee-data/oui.csv")
            return nil
        }
        guard prefixes.count <= SettingsLimits.prefixesPerPattern else {
            error(
                "\(quoted(pattern)) fits \(prefixes.count) address blocks, and may fit "
                    + "\(SettingsLimits.prefixesPerPattern)")
            return nil
        }
        return .vendor(pattern: pattern, prefixes: prefixes)
    }

    /// The first word of a pattern, if it is a plain one.
    private static func shellWord(_ pattern: String) -> String {
        let word = pattern.prefix { $0.isASCII && ($0.isLetter || $0.isNumber) }
        return word.isEmpty ? "NAME" : String(word)
    }
}
