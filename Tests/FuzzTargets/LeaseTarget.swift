import Inspection
import Wire

/// A list of DHCP leases: the first octet says whose, and where it is cut in two.
enum LeaseTarget {
    static func run(_ input: Span<UInt8>) {
        guard !input.isEmpty else { return }
        let text = input.extracting(droppingFirst: 1)
        var reading = LeaseFile.Reading()
        if input[0] & 1 == 0 {
            LeaseFile.readDnsmasq(text, into: &reading)
        } else {
            // Two files, and what the later one says of an address holds.
            let half = min(Int(input[0]), text.count)
            LeaseFile.readKea(text.extracting(first: half), into: &reading)
            LeaseFile.readKea(text.extracting(droppingFirst: half), into: &reading)
        }
        for lease in reading.leases.values {
            precondition(lease.mac.isDevice)
            precondition(lease.hostName.count <= LeaseFile.maximumLineLength)
            precondition(lease.clientIdentifier.count <= DHCPMessage.maximumOptionLength)
            precondition(!lease.hostName.contains(UInt8(ascii: "\n")) || input[0] & 1 == 1)
        }
        precondition(reading.leases.count + reading.badLines <= text.count)
    }
}
