import Foundation
import Testing

extension KernelSuite {
    /// The real unit that restores blocks, at the boot of a real systemd after a power cut.
    @Suite(.serialized)
    struct SystemdBootTests {
        private let device = "02:00:00:00:00:07"
        /// What the first service of the network finds in the kernel.
        private let found = "/var/lib/at-network"

        @Test(arguments: [false, true])
        func blocksAreThereBeforeTheNetwork(isMasked: Bool) throws {
            let manager = try ServiceManager()
            try manager.installProduct()
            try installNetwork(on: manager)
            #expect(try manager.run("systemctl", "start", "regionlockd").status == 0)
            let cut = try manager.run(
                "regionlock", "block", device, "--for", "1h", "--reason", "boot test")
            #expect(cut.status == 0, "\(cut.errors)")
            if isMasked { _ = try manager.run("systemctl", "mask", "regionlockd-restore") }

            try manager.powerCut(into: "lab.target")
            let tables = try String(contentsOfFile: manager.file(found), encoding: .utf8)
            #expect(tables.contains(device) == !isMasked, "\(tables)")
            let restored = try manager.run("systemctl", "is-active", "regionlockd-restore").text
            #expect(restored.hasPrefix("active") == !isMasked)
            #expect(
                try manager.run("systemctl", "is-active", "regionlockd").status != 0,
                "the daemon itself comes later")
            let log = try manager.run("journalctl", "-b", "-o", "cat").text
            #expect(!log.contains("ordering cycle"), "\(log)")

            #expect(try manager.run("systemctl", "start", "regionlockd").status == 0)
            #expect(try manager.run("regionlock", "blocks").text.contains("boot test"))
            let set = try manager.run("nft", "list", "set", "inet", "regionlock", "blocked_mac")
            #expect(set.text.contains(device))
        }

        /// A boot that comes up to its network and no further: the daemon stands for later.
        private func installNetwork(on manager: ServiceManager) throws {
            let units = [
                "lab-network.service": """
                [Unit]
                DefaultDependencies=no
                Wants=network-pre.target network.target
                After=network-pre.target
                Before=network.target
                [Service]
                Type=oneshot
                RemainAfterExit=yes
                ExecStart=/bin/sh -c 'nft list ruleset > \(found)'
                """,
                "lab.target": """
                [Unit]
                Requires=basic.target
                Wants=lab-network.service regionlockd-restore.service
                After=basic.target lab-network.service regionlockd-restore.service
                """,
            ]
            for (name, text) in units {
                try text.write(
                    toFile: manager.file("/etc/systemd/system/\(name)"), atomically: true,
                    encoding: .utf8)
            }
        }
    }
}
