import Foundation
import Testing

extension KernelSuite {
    /// As many tagged devices as a provider has, by the settings alone.
    @Suite(.serialized)
    struct ManyDevicesTests {
        private static let files = 2
        private static let devicesPerFile = 10_000

        @Test func aReloadSendsOnlyWhatHasChanged() throws {
            let gateway = try gatewayWithManyDevices()
            let lab = gateway.lab
            #expect(try tagged(gateway) == Self.files * Self.devicesPerFile)
            // Whoever is not among them is nobody's business, and whoever is gets cut.
            let block = try gateway.cutPhone()
            #expect(!(try lab.reaches(.phone)))
            #expect(try lab.reaches(.laptop))

            let monitor = try lab.start(.gw, words: ["nft", "monitor", "elements"])
            letPass(milliseconds: 300)
            try gateway.write(
                gateway.read("devices.d/60-0.yaml")
                    .replacing("label: d0-7,", with: "label: renamed,"), to: "devices.d/60-0.yaml")
            try gateway.succeed("reload")
            letPass(milliseconds: 300)
            let lines = try monitor.stop(SIGTERM).text.split(separator: "\n")
                .filter { $0.contains("dev_mac") }
            #expect(lines.count == 2, "\(lines.prefix(5))")
            #expect(lines.contains { $0.hasPrefix("add") && $0.contains("renamed") })
            #expect(!(try lab.reaches(.phone)))
            try gateway.release(block.block)
        }

        /// A set that is too large to be read back must not keep what the settings have given up.
        @Test func whatIsNoLongerTaggedIsNotAfterAStart() throws {
            let gateway = try gatewayWithManyDevices()
            try gateway.crash()
            let line = #"  - {mac: "02:10:00:00:00:07", label: d0-7, tags: [xiaomi]}"# + "\n"
            let text = try gateway.read("devices.d/60-0.yaml")
            try #require(text.contains(line))
            try gateway.write(text.replacing(line, with: ""), to: "devices.d/60-0.yaml")
            try gateway.start()
            #expect(try tagged(gateway) == Self.files * Self.devicesPerFile - 1)
            #expect(!(try gateway.nftTable().contains("02:10:00:00:00:07")))
        }

        @Test func aMistakeAmongThemIsTold() throws {
            let gateway = try gatewayWithManyDevices()
            let text = try gateway.read("devices.d/60-1.yaml")
            try gateway.write(
                text.replacing("02:10:00:01:27:0f", with: "02:10:00:00:00:07"),
                to: "devices.d/60-1.yaml")
            let said = try gateway.command("reload")
            #expect(said.status != 0)
            let told = said.text + said.errors
            #expect(told.contains("devices.d/60-1.yaml:10002"), "\(told)")
            #expect(told.contains("also in devices.d/60-0.yaml:10"), "\(told)")
            #expect(try tagged(gateway) == Self.files * Self.devicesPerFile)
        }

        private func gatewayWithManyDevices() throws -> Gateway {
            let gateway = try Gateway.up()
            #expect(try gateway.end(SIGTERM).status == 0)
            for file in 0..<Self.files {
                let lines = (0..<Self.devicesPerFile).map { number in
                    let mac = String(
                        format: "02:10:00:%02x:%02x:%02x", file, number >> 8, number & 255)
                    return "  - {mac: \"\(mac)\", label: d\(file)-\(number), tags: [xiaomi]}\n"
                }
                try gateway.write(
                    "version: 1\ndevices:\n" + lines.joined(), to: "devices.d/60-\(file).yaml")
            }
            try gateway.start()
            return gateway
        }

        /// Those of ours that the kernel knows.
        private func tagged(_ gateway: Gateway) throws -> Int {
            let set = try gateway.lab.run(
                .gw, "nft", "list", "set", "inet", "regionlock", "dev_mac", within: 60)
            return set.text.matches(of: /02:10:00:0/).count
        }
    }
}
