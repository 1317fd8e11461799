import Foundation
import Testing

extension KernelSuite {
    /// What the kernel that is running may lack, on one that has it: Debian's own, in a machine of
    /// its own that is emulated (`scripts/lab-kernel`).
    @Suite(.serialized)
    struct OtherKernelTests {
        @Test func linksOfEveryKind() throws {
            guard ProcessInfo.processInfo.environment["LAB_KERNEL"] == nil else { return }
            let said = try tool(
                [
                    Place.root.appending(path: "scripts/lab-kernel").path,
                    // Reading a list of 30,000 makers takes the emulated machine half a minute.
                    "sh", "-c",
                    "for place in /usr/share/ieee-data /var/lib/ieee-data; do "
                        + "[ ! -d $place ] || mount -t tmpfs none $place; done; exec \"$@\"", "sh",
                    Place.program("regionlockdPackageTests.xctest"), "--testing-library",
                    "swift-testing", "--no-parallel", "--filter",
                    "KernelSuite/(VLANTests|WireGuardTests)|RouteWatchTests",
                ], within: 960)
            guard said.status != 77 else {
                print("  SKIP: no other kernel here: \(said.errors)")
                return
            }
            #expect(said.status == 0, "\(said.text.suffix(4_000))\(said.errors)")
            #expect(said.text.contains(/Test run with [1-9][0-9]* tests/), "\(said.text)")
            #expect(!said.text.contains("SKIP"), "\(said.text)")
        }
    }
}
