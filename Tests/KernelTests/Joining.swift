import Foundation

/// Who a device says it is when it joins.
struct JoiningIdentity {
    var mac: String
    /// Hexadecimal octets of option 61.
    var client: String
    var name: String
    var vendorClass = "android-dhcp-11"

    /// The DUID in it, where it is one of RFC 4361.
    var duid: String { String(client.dropFirst(10)) }
    /// The words of lab-dhcp.py.
    var words: [String] { ["id=\(client)", "name=\(name)", "class=\(vendorClass)"] }
}

struct Lease {
    let address: String
    /// When the client took it up.
    let microseconds: Int
}

extension Lab {
    /// Joins the network with another MAC: a real client, a real server.
    func join(
        _ node: Node, as identity: JoiningIdentity, interface: String = "eth0",
        table: String? = nil
    ) throws -> Lease {
        let link = "ip link set dev \(interface)"
        let prepared = try run(
            node, "sh", "-ec",
            "\(link) down; ip address flush dev \(interface); \(link) address \(identity.mac); "
                + "\(link) up")
        guard prepared.status == 0 else { throw LabError("\(interface): \(prepared.errors)") }
        let script = Place.root.appending(path: "scripts/lab-lease").path
        let said = try run(
            node, "env", "LEASE_TABLE=\(table ?? "")", "udhcpc", "-f", "-n", "-q", "-i", interface,
            "-s", script, "-t", "10", "-T", "1", "-x", "0x3d:\(identity.client)", "-x",
            "hostname:\(identity.name)", "-V", identity.vendorClass, within: 30)
        let line = said.text.split(separator: "\n").first { $0.hasPrefix("lease ") }
        let fields = line.map { $0.split(separator: " ").map(String.init) } ?? []
        guard said.status == 0, fields.count == 3, let time = Int(fields[2]) else {
            throw LabError("no lease for \(identity.mac): \(said.text)\(said.errors)")
        }
        return Lease(address: fields[1], microseconds: time)
    }

    /// The same by DHCPv6, with IPv6 alone.
    func joinV6(_ node: Node, as identity: JoiningIdentity) throws -> Lease {
        let script = Place.root.appending(path: "scripts/lab-dhcp6").path
        let said = try run(
            node, script, directory, "eth0", identity.mac, identity.duid, identity.name,
            "2001:db8:20::1", within: 30)
        let fields =
            said.text.split(separator: "\n").last { $0.hasPrefix("lease ") }
            .map { $0.split(separator: " ").map(String.init) } ?? []
        guard said.status == 0, fields.count == 3, let time = Int(fields[2]) else {
            throw LabError("no lease for \(identity.mac): \(said.text)\(said.errors)")
        }
        return Lease(address: fields[1], microseconds: time)
    }

    /// Sends one DHCP message that is a lie.
    func lie(
        _ node: Node, frame: String, chaddr: String, kind: Int = 3, _ words: [String]
    ) throws {
        let script = Place.root.appending(path: "scripts/lab-dhcp.py").path
        let said = try run(
            node, words: ["python3", script, "eth0", frame, chaddr, "\(kind)"] + words)
        guard said.status == 0 else { throw LabError("lab-dhcp.py: \(said.errors)") }
    }

    /// Sends one DHCPv6 message that is a lie, from a link-local address.
    func lieV6(_ node: Node, frame: String, source: String, _ words: [String]) throws {
        let script = Place.root.appending(path: "scripts/lab-dhcp6.py").path
        let said = try run(node, words: ["python3", script, "eth0", frame, source] + words)
        guard said.status == 0 else { throw LabError("lab-dhcp6.py: \(said.errors)") }
    }

    /// Asks for the trigger name from an address of the node.
    func attempt(_ node: Node, from address: String) throws {
        let family: Family = address.contains(":") ? .v6 : .v4
        _ = try run(
            node, "dig", "+tries=1", "+time=1", "-b", address,
            "@\(try self.address("resolver", family))", Gateway.trigger)
    }
}
