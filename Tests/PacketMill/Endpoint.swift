/// One end of a flow.
package struct Endpoint {
    package var mac: [UInt8]
    /// 4 or 16 octets.
    package var address: [UInt8]
    package var port: Int

    package init(mac: [UInt8], address: [UInt8], port: Int) {
        self.mac = mac
        self.address = address
        self.port = port
    }
}

/// Packets with the checksums that belong to them.
package enum Packets {
    /// IANA protocol numbers.
    package static let tcp: UInt8 = 6
    package static let udp: UInt8 = 17

    /// RFC 768.
    package static func datagram(
        _ payload: [UInt8], from source: Endpoint, to destination: Endpoint
    ) -> [UInt8] {
        let length = 8 + payload.count
        var udp =
            Octets.big16(source.port) + Octets.big16(destination.port) + Octets.big16(length)
            + [0, 0] + payload
        seal(&udp, at: 6, number: Self.udp, source, destination)
        return packet(udp, number: Self.udp, from: source, to: destination)
    }

    /// RFC 9293 section 3.1. Flags: 2 SYN, 16 ACK, 24 with PSH, 17 FIN and ACK.
    package static func segment(
        _ payload: [UInt8], from source: Endpoint, to destination: Endpoint, sequence: UInt32,
        acknowledgement: UInt32, flags: UInt8 = 24
    ) -> [UInt8] {
        var tcp =
            Octets.big16(source.port) + Octets.big16(destination.port) + Octets.big32(sequence)
            + Octets.big32(acknowledgement) + [0x50, flags] + Octets.big16(64_240) + [0, 0, 0, 0]
            + payload
        seal(&tcp, at: 16, number: Self.tcp, source, destination)
        return packet(tcp, number: Self.tcp, from: source, to: destination)
    }

    /// An echo request (RFC 792, RFC 4443 section 4.1).
    package static func ping(
        _ payload: [UInt8], from source: Endpoint, to destination: Endpoint
    ) -> [UInt8] {
        let isOld = source.address.count == 4
        let number: UInt8 = isOld ? 1 : 58
        var message = [isOld ? 8 : 128, 0, 0, 0, 0x12, 0x34, 0, 1] + payload
        if isOld {
            message.replaceSubrange(
                2..<4, with: Octets.big16(0xffff - Octets.checksum(message)))
        } else {
            seal(&message, at: 2, number: number, source, destination)
        }
        return packet(message, number: number, from: source, to: destination)
    }

    private static func seal(
        _ octets: inout [UInt8], at place: Int, number: UInt8, _ source: Endpoint,
        _ destination: Endpoint
    ) {
        let pseudo = Octets.checksum(source.address + destination.address)
        let sum = Octets.checksum(octets, startingWith: pseudo + Int(number) + octets.count)
        octets.replaceSubrange(
            place..<place + 2, with: Octets.big16(sum == 0xffff ? 0xffff : 0xffff - sum))
    }

    /// RFC 791 section 3.1, RFC 8200 section 3.
    package static func packet(
        _ payload: [UInt8], number: UInt8, from source: Endpoint, to destination: Endpoint
    ) -> [UInt8] {
        guard source.address.count == 4 else {
            return [0x60, 0, 0, 0] + Octets.big16(payload.count) + [number, 64] + source.address
                + destination.address + payload
        }
        var header =
            [0x45, 0] + Octets.big16(20 + payload.count) + [0, 1, 0x40, 0, 64, number, 0, 0]
            + source.address + destination.address
        header.replaceSubrange(10..<12, with: Octets.big16(0xffff - Octets.checksum(header)))
        return header + payload
    }

    /// IEEE 802.3, with a tag of IEEE 802.1Q if one is given.
    package static func frame(
        _ packet: [UInt8], from source: Endpoint, to destination: Endpoint, vlan: Int? = nil
    ) -> [UInt8] {
        let tag = vlan.map { [0x81, 0] + Octets.big16($0) } ?? []
        return destination.mac + source.mac + tag + (packet[0] >> 4 == 4 ? [8, 0] : [0x86, 0xdd])
            + packet
    }
}
