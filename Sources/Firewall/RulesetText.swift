package import Wire

extension Ruleset {
    /// The ruleset as nft(8) 1.0.6 prints it for `nft list table FAMILY regionlock`, with every
    /// counter at zero and without the table's flags, which depend on who owns the table at the
    /// moment.
    ///
    /// `queue` stands as nft prints the xt target (`queue num 5 bypass`); a kernel with the native
    /// expression prints the same statement as `queue flags bypass to 5`.
    package var text: String {
        let parts =
            sets.map { $0.text(elements[$0.name] ?? []) } + chains.map { $0.text(family) }
        return family.table + " {\n" + parts.joined(separator: "\n") + "}\n"
    }
}

extension NftSet {
    fileprivate func text(_ elements: Set<SetElement>) -> String {
        var lines = ["type \(key.rawValue)"]
        switch upkeep {
        case .ours: break
        case .packets(let limit): lines += ["size \(limit)", "flags dynamic,timeout"]
        case .expiring(let seconds): lines.append("timeout \(nftTime(seconds))")
        }
        if isInterval { lines.append("flags interval") }
        if hasCounter { lines.append("counter") }
        if let comment { lines.append("comment \"\(comment)\"") }
        // Whoever prints what packets add, or what expires, prints something else each time.
        if upkeep == .ours, !elements.isEmpty { lines.append("elements = { \(list(elements)) }") }
        return "\tset \(name) {\n" + lines.map { "\t\t\($0)\n" }.joined() + "\t}\n"
    }

    /// nft prints elements by value: two IPv4 elements to a line, one of every other type.
    private func list(_ elements: Set<SetElement>) -> String {
        let perLine = key == .ipv4Address ? 2 : 1
        let sorted = elements.sorted {
            $0.key.printOrder.lexicographicallyPrecedes($1.key.printOrder)
        }
        var text = ""
        for (index, element) in sorted.enumerated() {
            if index > 0 { text += index % perLine == 0 ? ",\n\t\t\t     " : ", " }
            text += "\(element.key)"
            if hasCounter { text += " counter packets 0 bytes 0" }
            if let comment = element.comment { text += " comment \"\(comment)\"" }
        }
        return text
    }
}

extension SetKey {
    /// Octets that sort as nft sorts. An interface name is a number in host order to nft, so that
    /// on a little-endian machine its last octet weighs most.
    fileprivate var printOrder: [UInt8] {
        switch self {
        case .mac(let address): address.octets
        case .address(let address): address.octets
        case .prefix(let prefix): prefix.base.octets
        case .family(let family): [family == .ipv4 ? 2 : 10]
        case .interface(let name):
            Array(repeating: 0, count: 16 - name.text.utf8.count) + name.text.utf8.reversed()
        }
    }
}

extension Chain {
    fileprivate func text(_ family: TableFamily) -> String {
        var text = "\tchain \(name) {\n"
        if let base {
            text += "\t\ttype \(base.kind.rawValue) hook \(base.hook.rawValue) "
            text += "priority \(base.priorityText(family)); policy accept;\n"
        }
        for rule in rules { text += "\t\t\(rule.text)\n" }
        return text + "\t}\n"
    }
}

extension BaseChain {
    /// nft names a priority within ten of a well-known one; `dstnat` exists in prerouting only. A
    /// bridge has numbers of its own (NF_BR_PRI_ in linux/netfilter_bridge.h).
    fileprivate func priorityText(_ family: TableFamily) -> String {
        var names: [(String, Int32)] =
            switch family {
            case .inet: [("raw", -300), ("mangle", -150), ("filter", 0), ("security", 50)]
            case .bridge: [("filter", -200)]
            }
        if hook == .prerouting { names.append(("dstnat", family == .inet ? -100 : -300)) }
        for (name, value) in names where (-10...10).contains(priority - value) {
            let offset = priority - value
            if offset == 0 { return name }
            return offset > 0 ? "\(name) + \(offset)" : "\(name) - \(-offset)"
        }
        return "\(priority)"
    }
}

extension Rule {
    /// One line of `nft list`, without indentation.
    package var text: String {
        var words: [String] = []
        for (index, statement) in statements.enumerated() {
            if isImplied(statement, by: statements[(index + 1)...]) { continue }
            words.append(statement.text)
        }
        if let comment { words.append("comment \"\(comment)\"") }
        return words.joined(separator: " ")
    }

    /// nft does not print `meta l4proto tcp` when a port match of TCP further on implies it.
    private func isImplied(_ statement: Statement, by later: ArraySlice<Statement>) -> Bool {
        guard case .layer4(let number) = statement else { return false }
        return later.contains { other in
            switch other {
            case .destinationPort(let transport, _), .sourcePort(let transport, _):
                transport.rawValue == number.rawValue
            default: false
            }
        }
    }
}

extension Statement {
    /// The statement as nft(8) 1.0.6 prints it.
    package var text: String {
        switch self {
        case .inputInterface(let name): "iifname \"\(name)\""
        case .outputInterface(let name): "oifname \"\(name)\""
        case .inputInterfaceIn(let set): "iifname @\(set)"
        case .etherSourceIn(let set): "ether saddr @\(set)"
        case .etherDestinationIn(let set): "ether daddr @\(set)"
        case .linkProtocol(let number): "meta protocol \(number)"
        case .etherSourceMasked(let length, let set):
            "ether saddr & \(MACPrefix.mask(length: length)) == @\(set)"
        case .etherSourceNotIn(let set): "ether saddr != @\(set)"
        case .etherSourceMaskedNotIn(let length, let set):
            "ether saddr & \(MACPrefix.mask(length: length)) != @\(set)"
        case .etherSourceLooks(let kind): "ether saddr & \(MACKind.mask) == \(kind.bits)"
        case .etherSourceLooksNot(let kind): "ether saddr & \(MACKind.mask) != \(kind.bits)"
        case .lacksEthernet: "meta iiftype != ether"
        case .familyNotIn(let set): "meta nfproto != @\(set)"
        case .sourceIn(let set, let family): "\(family.word) saddr @\(set)"
        case .destinationIn(let set, let family): "\(family.word) daddr @\(set)"
        case .source(let prefix): "\(prefix.family.word) saddr \(prefix)"
        case .destination(let prefix): "\(prefix.family.word) daddr \(prefix)"
        case .layer4(let number): "meta l4proto \(number.word)"
        case .destinationPort(let transport, let port): "\(transport) dport \(port)"
        case .sourcePort(let transport, let port): "\(transport) sport \(port)"
        case .neighbourDiscovery: "ip6 hoplimit 255 icmpv6 type 133-137"
        case .isTCPReset: "tcp flags & rst == rst"
        case .originalPort(let transport, let port):
            "meta l4proto \(transport) ct original proto-dst \(port)"
        case .hasPayload: "@ih,0,8 >= 0x0"
        case .isReply: "ct direction reply"
        case .isUnicast: "meta pkttype host"
        case .connectionMark(let value, let field): "ct \(field.comparison(field.bits(value)))"
        case .connectionMarkIsSet(let field): "ct mark & \(field.mask.hex) != \(UInt32(0).hex)"
        case .connectionMarkIsNot(let value, let field):
            "ct mark & \(field.mask.hex) != \(field.bits(value).hex)"
        case .packetMark(let value, let field): "meta \(field.comparison(field.bits(value)))"
        case .packetMarkIsClear(let field): "meta \(field.comparison(0))"
        case .setConnectionMark(let value, let field): "ct mark set ct \(field.change(value))"
        case .setPacketMark(let value, let field): "meta mark set meta \(field.change(value))"
        case .clearPacketMark(let field): "meta mark set meta mark & \((~field.mask).hex)"
        case .change(let set, let key, let action): key.words(changing: set, action)
        case .counter: "counter packets 0 bytes 0"
        case .queue(let number, let bypass): "queue num \(number)" + (bypass ? " bypass" : "")
        case .log(let group, let prefix):
            "log prefix \"\(prefix)\" group \(group) queue-threshold 1"
        case .rejectWithTCPReset: "reject with tcp reset"
        case .rejectAsProhibited: "reject with icmpx admin-prohibited"
        case .redirect(let port): "redirect to :\(port)"
        case .accept: "accept"
        case .drop: "drop"
        case .jump(let chain): "jump \(chain)"
        case .goto(let chain): "goto \(chain)"
        case .return: "return"
        }
    }
}

extension PacketKey {
    /// The key as nft writes it in a set statement.
    private var field: String {
        switch self {
        case .etherSource: "ether saddr"
        case .ipv4Source: "ip saddr"
        case .ipv6Source: "ip6 saddr"
        }
    }

    fileprivate func words(changing set: String, _ action: ElementAction) -> String {
        switch action {
        case .add(let seconds): "add @\(set) { \(element(seconds)) }"
        case .refresh(let seconds): "update @\(set) { \(element(seconds)) }"
        case .delete: "delete @\(set) { \(field) }"
        }
    }

    private func element(_ timeoutSeconds: Int) -> String {
        "\(field) timeout \(nftTime(timeoutSeconds)) limit rate over 1/week burst 1 packets"
    }
}

extension MarkField {
    /// `mark & 0xfff2ffff | 0x00020000`
    fileprivate func change(_ value: Value) -> String {
        "mark & \((~mask | bits(value)).hex) | \(bits(value).hex)"
    }

    /// `mark & 0x000f0000 == 0x00020000`
    fileprivate func comparison(_ bits: UInt32) -> String {
        "mark & \(mask.hex) == \(bits.hex)"
    }
}

extension UInt32 {
    /// `0x` and eight digits, as nft prints marks.
    fileprivate var hex: String {
        let digits = String(self, radix: 16)
        return "0x" + String(repeating: "0", count: 8 - digits.count) + digits
    }
}

extension IPFamily {
    fileprivate var word: String {
        switch self {
        case .ipv4: "ip"
        case .ipv6: "ip6"
        }
    }
}

extension IPPrefix {
    /// The family of the block's addresses.
    package var family: IPFamily {
        switch base {
        case .v4: .ipv4
        case .v6: .ipv6
        }
    }
}

extension Layer4Protocol {
    /// The name in Debian's `/etc/protocols`, which nft prints.
    fileprivate var word: String {
        switch self {
        case .icmp: "icmp"
        case .tcp: "tcp"
        case .udp: "udp"
        case .icmpv6: "ipv6-icmp"
        }
    }
}

/// A length of time as nft(8) prints it: `5s`, `1m`, `1h30m`.
private func nftTime(_ seconds: some BinaryInteger) -> String {
    let units: [(name: String, seconds: Int)] = [
        ("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1),
    ]
    var rest = Int(seconds)
    var text = ""
    for unit in units where rest >= unit.seconds {
        text += "\(rest / unit.seconds)\(unit.name)"
        rest %= unit.seconds
    }
    return text.isEmpty ? "0s" : text
}
