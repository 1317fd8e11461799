import Engine
import Policy
import Wire

extension KeptIdentity: StoredRecord {
    static let table = "identity"
    static let columns = [
        "mac", "host_name", "vendor_class", "fingerprint", "client_id", "duid", "interface_ids",
        "interface", "first_us", "last_us", "is_doubtful", "is_cut",
    ]

    var row: [SQLValue] {
        [
            .text(mac.description), SQLValue(identity.hostName), SQLValue(identity.vendorClass),
            SQLValue(identity.fingerprint), SQLValue(identity.clientIdentifierText),
            SQLValue(identity.uniqueIdentifierText),
            .text(interfaceIdentifiers.map { String($0, radix: 16) }.joined(separator: ",")),
            .text(interface.text), .integer(firstSeen.microseconds),
            .integer(lastSeen.microseconds), .integer(isDoubtful ? 1 : 0),
            .integer(isCut ? 1 : 0),
        ]
    }

    init(from reader: inout RowReader) throws(RowDamage) {
        let mac = try reader.text { MACAddress($0) }
        let identity = DHCPIdentity(
            hostName: try reader.optionalText(), vendorClass: try reader.optionalText(),
            fingerprint: try reader.optionalText(),
            clientIdentifier: try reader.optionalText { Self.octets($0) },
            uniqueIdentifier: try reader.optionalText { Self.octets($0) })
        self.init(
            mac: mac, identity: identity,
            interfaceIdentifiers: try reader.text { Self.identifiers($0) },
            interface: try reader.text { InterfaceName($0) }, firstSeen: try reader.time(),
            lastSeen: try reader.time(), isDoubtful: try reader.integer() != 0,
            isCut: try reader.integer() != 0)
    }

    private static func octets(_ text: String) -> [UInt8]? {
        var octets: [UInt8] = []
        for part in text.split(separator: ":", omittingEmptySubsequences: false) {
            guard let octet = UInt8(part, radix: 16) else { return nil }
            octets.append(octet)
        }
        return octets
    }

    private static func identifiers(_ text: String) -> [UInt64]? {
        var identifiers: [UInt64] = []
        for part in text.split(separator: ",") {
            guard let identifier = UInt64(part, radix: 16) else { return nil }
            identifiers.append(identifier)
        }
        return identifiers
    }
}
