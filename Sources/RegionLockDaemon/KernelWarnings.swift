package import ControlAPI
package import Netfilter
package import Wire

/// What of this gateway's network a block cannot hold against, in words for `regionlock status`.
package enum KernelWarnings {
    package static func all(
        offload tables: [OffloadTable], bridges: [InterfaceName], hasBridgeTable: Bool
    ) -> [Warning] {
        let offloading = tables.filter { $0.ruleCount > 0 }.map(warning)
        guard !hasBridgeTable, !bridges.isEmpty else { return offloading }
        let names = bridges.map(\.text).sorted().joined(separator: ", ")
        return offloading + [
            Warning(
                code: "bridge",
                text: "this kernel has no nft bridge family: a block does not hold between the "
                    + "ports of \(names)",
                fix: "set net.bridge.bridge-nf-call-iptables and -ip6tables to 1, or use a kernel "
                    + "with CONFIG_NF_TABLES_BRIDGE")
        ]
    }

    private static func warning(of table: OffloadTable) -> Warning {
        // Table and flowtable are named by whoever made them.
        let name = Printable.escaped("\(table.family) \(table.table) \(table.name)")
        let devices = Printable.escaped(table.devices.joined(separator: ", "))
        let place = devices.isEmpty ? "" : " on \(devices)"
        let how = table.isHardware ? "in hardware, past" : "past"
        return Warning(
            code: "flowtable",
            text: "flowtable \(name)\(place) takes established flows \(how) every hook: of tagged "
                + "devices there, hellos are not seen, and a block may let such flows run on",
            fix: "in each rule with \"flow add @\(Printable.escaped(table.name))\" leave tagged "
                + "devices out, for example: iifname != \"lan0\" oifname != \"lan0\"")
    }
}
