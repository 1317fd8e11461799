import Wire

/// DHCP messages are copied to a log group of their own and go on: nothing waits for us, and nobody
/// loses an address because of us.
///
/// Servers on the gateway answer by packet sockets, which pass no hook. What a client asks for is
/// enough: the neighbour table tells whether it got it.
extension TableDesign {
    private static let prefix = "regionlock-dhcp"

    /// What clients send to the gateway: a server there, or a relay. Routed renewals to a server
    /// beyond are not copied; that would cost each routed packet a look.
    var heardClients: [Rule] {
        guard let dhcpGroup, shape == .complete else { return [] }
        return [
            Rule(
                [.destinationPort(.udp, 67), .log(group: dhcpGroup, prefix: Self.prefix)],
                comment: "who devices say they are")
        ]
    }

    /// What clients send to a server behind another port of a bridge.
    var heardAcross: [Rule] {
        guard let dhcpGroup, shape == .complete else { return [] }
        return [
            Rule([
                .sourcePort(.udp, 68), .destinationPort(.udp, 67),
                .log(group: dhcpGroup, prefix: Self.prefix),
            ])
        ]
    }
}
