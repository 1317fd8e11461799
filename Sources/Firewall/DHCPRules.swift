import Wire

/// DHCP messages are copied to a log group of their own and go on: nothing waits for us, and nobody
/// loses an address because of us.
///
/// Servers on the gateway answer by packet sockets, which pass no hook. What a client asks for is
/// enough: the neighbour table tells whether it got it.
extension TableDesign {
    private static let prefix = "regionlock-dhcp"

    /// What clients send to the gateway: a server there, or a relay. To DHCPv6's group only a host
    /// that has joined it gets here, as these have. Routed renewals to a server beyond are not
    /// copied; that would cost each routed packet a look.
    var heardClients: [Rule] {
        guard let dhcpGroup, shape == .complete else { return [] }
        let copied = Statement.log(group: dhcpGroup, prefix: Self.prefix)
        return [
            Rule([.destinationPort(.udp, 67), copied], comment: "who devices say they are"),
            Rule([.destinationPort(.udp, 547), copied], comment: "the same by DHCPv6"),
        ]
    }

    /// What clients send to a server behind another port of a bridge.
    var heardAcross: [Rule] {
        guard let dhcpGroup, shape == .complete else { return [] }
        let copied = Statement.log(group: dhcpGroup, prefix: Self.prefix)
        return [
            Rule([.sourcePort(.udp, 68), .destinationPort(.udp, 67), copied]),
            Rule([.sourcePort(.udp, 546), .destinationPort(.udp, 547), copied]),
        ]
    }
}
