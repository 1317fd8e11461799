package import Wire

/// One client in a DHCP server's own list of leases, IPv4 or IPv6. Texts are as they stand there.
package struct WrittenLease: Hashable, Sendable {
    package let mac: MACAddress
    /// Empty without one.
    package let hostName: [UInt8]
    /// The client identifier of option 61, or the DUID; empty without one.
    package let clientIdentifier: [UInt8]
    package let isIPv6: Bool

    package init(mac: MACAddress, hostName: [UInt8], clientIdentifier: [UInt8], isIPv6: Bool) {
        self.mac = mac
        self.hostName = hostName
        self.clientIdentifier = clientIdentifier
        self.isIPv6 = isIPv6
    }
}

/// Reads the lists in which DHCP servers keep their leases.
///
/// The file is another program's, and what stands in it comes from devices: a line that does not
/// read is passed over and counted.
package enum LeaseFile {
    /// A lease has some 150 octets; a host name has 255 at most, each written as six (Kea).
    package static let maximumLineLength = 4_096

    package struct Reading: Hashable, Sendable {
        /// By the address that is lent: the last line about one is what holds.
        package internal(set) var leases: [String: WrittenLease] = [:]
        /// Lines that could not be read.
        package internal(set) var badLines = 0
        /// Which column of Kea's list is which; nil before its first line.
        var columns: [String: Int]?

        package init() {}
    }

    /// The list of dnsmasq(8), `--dhcp-leasefile`: `expiry MAC address name client-id` for IPv4,
    /// where `*` stands for none. Behind the line `duid …` stand leases of IPv6, which name no MAC.
    package static func readDnsmasq(_ text: Span<UInt8>, into reading: inout Reading) {
        var isIPv6 = false
        forEachLine(of: text, &reading) { line, reading in
            let fields = fields(of: line, separator: UInt8(ascii: " "))
            if fields.first?.elementsEqual("duid".utf8) == true { isIPv6 = true }
            guard !isIPv6 else { return }
            // Other kinds of hardware stand with their number before a hyphen.
            guard fields.count >= 5, let mac = mac(fields[1]) else {
                reading.badLines += 1
                return
            }
            reading.leases[Self.text(fields[2])] = WrittenLease(
                mac: mac, hostName: star(fields[3]),
                clientIdentifier: octets(star(fields[4])) ?? [], isIPv6: false)
        }
    }

    /// The journals of Kea's memfile back end, `kea-leases4.csv` and `kea-leases6.csv`: a line of
    /// names, then a line for each change. Files are given oldest first.
    package static func readKea(_ text: Span<UInt8>, into reading: inout Reading) {
        reading.columns = nil
        forEachLine(of: text, &reading) { line, reading in
            let fields = fields(of: line, separator: UInt8(ascii: ","))
            guard let columns = reading.columns else {
                let names = fields.map(Self.text)
                reading.columns = Dictionary(
                    zip(names, names.indices), uniquingKeysWith: { first, _ in first })
                return
            }
            takeKea(fields, columns, into: &reading)
        }
    }

    private static func takeKea(
        _ fields: [ArraySlice<UInt8>], _ columns: [String: Int], into reading: inout Reading
    ) {
        func field(_ name: String) -> ArraySlice<UInt8>? {
            columns[name].flatMap { fields.indices.contains($0) ? fields[$0] : nil }
        }
        guard let address = field("address"), let lifetime = field("valid_lifetime"),
            let state = field("state"), let hardware = field("hwaddr"),
            let name = field("hostname")
        else {
            reading.badLines += 1
            return
        }
        // Given back, or of no client (Kea's `Lease::STATE_DEFAULT` is 0).
        guard !lifetime.elementsEqual("0".utf8), state.elementsEqual("0".utf8),
            let mac = mac(hardware)
        else {
            reading.leases[Self.text(address)] = nil
            return
        }
        let isIPv6 = columns["duid"] != nil
        let identifier = field(isIPv6 ? "duid" : "client_id") ?? []
        reading.leases[Self.text(address)] = WrittenLease(
            mac: mac, hostName: unescaped(name), clientIdentifier: octets(identifier) ?? [],
            isIPv6: isIPv6)
    }

    // MARK: Text

    private static func forEachLine(
        of text: Span<UInt8>, _ reading: inout Reading,
        _ body: (ArraySlice<UInt8>, inout Reading) -> Void
    ) {
        var line: [UInt8] = []
        var isTooLong = false
        func end(_ reading: inout Reading) {
            if line.last == UInt8(ascii: "\r") { line.removeLast() }
            if isTooLong {
                reading.badLines += 1
            } else if !line.isEmpty {
                body(line[...], &reading)
            }
            line.removeAll(keepingCapacity: true)
            isTooLong = false
        }
        for index in text.indices {
            let octet = text[index]
            if octet == UInt8(ascii: "\n") {
                end(&reading)
            } else if line.count < maximumLineLength {
                line.append(octet)
            } else {
                isTooLong = true
            }
        }
        // The server may be about to write the rest of a line without an end: the next look has it.
    }

    private static func fields(
        of line: ArraySlice<UInt8>, separator: UInt8
    ) -> [ArraySlice<UInt8>] {
        line.split(separator: separator, omittingEmptySubsequences: false)
    }

    private static func text(_ field: ArraySlice<UInt8>) -> String {
        String(decoding: field, as: UTF8.self)
    }

    private static func star(_ field: ArraySlice<UInt8>) -> [UInt8] {
        field.elementsEqual("*".utf8) ? [] : Array(field)
    }

    private static func mac(_ field: ArraySlice<UInt8>) -> MACAddress? {
        guard let mac = MACAddress(text(field)), mac.isDevice else { return nil }
        return mac
    }

    /// `01:3a:91`; nil for anything else.
    private static func octets(_ field: some Collection<UInt8>) -> [UInt8]? {
        guard !field.isEmpty else { return nil }
        var octets: [UInt8] = []
        for part in field.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false) {
            guard part.count == 2,
                let octet = UInt8(String(decoding: part, as: UTF8.self), radix: 16)
            else { return nil }
            octets.append(octet)
        }
        return octets.count <= DHCPMessage.maximumOptionLength ? octets : nil
    }

    /// Kea writes an octet that would break its line as `&#x2c`.
    private static func unescaped(_ field: ArraySlice<UInt8>) -> [UInt8] {
        var octets: [UInt8] = []
        var rest = field
        while let octet = rest.first {
            if octet == UInt8(ascii: "&"), rest.dropFirst().starts(with: "#x".utf8),
                let value = UInt8(text(rest.dropFirst(3).prefix(2)), radix: 16)
            {
                octets.append(value)
                rest = rest.dropFirst(5)
            } else {
                octets.append(octet)
                rest = rest.dropFirst()
            }
        }
        return octets
    }
}
