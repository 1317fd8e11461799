import Foundation
import Testing

extension KernelSuite {
    /// What an operator does wrong, and what a broken client does, changes nothing on the wire.
    @Suite(.serialized)
    struct OperatorTests {
        @Test func aBrokenPolicyIsRefusedAndNothingChanges() throws {
            let gateway = try Gateway.up()
            let block = try gateway.cutPhone()
            let table = try gateway.nftTable()
            let file = "policy.d/xiaomi-2021.yaml"
            let lines = try gateway.read(file).split(
                separator: "\n", omittingEmptySubsequences: false)
            let region = try #require(lines.firstIndex { $0.hasPrefix("  - CU") })
            var broken = lines.map(String.init)
            broken[region] = "  - KR-P"
            try gateway.write(broken.joined(separator: "\n"), to: file)

            let said = try gateway.command("reload")
            #expect(said.status == 78)
            #expect(
                said.errors.contains("\(file):\(region + 1):5: error:"),
                "\(said.text)\(said.errors)")
            #expect(try gateway.blocksInForce().map(\.id) == [block.block])
            #expect(!(try gateway.lab.reaches(.phone)))
            #expect(lasting(try gateway.nftTable()) == lasting(table))
            // The old policy still decides.
            try gateway.release(block.block)
            #expect(try gateway.cutPhone().region == "CU")
        }

        /// A client that says half a request and waits does not delay a verdict.
        @Test func aHangingClientDelaysNothing() throws {
            let gateway = try Gateway.up()
            let script = """
                import socket, sys, time
                held = []
                for _ in range(4):
                    client = socket.socket(socket.AF_UNIX)
                    client.connect(sys.argv[1])
                    client.send(b"GET /v1/status HTTP/1.1\\r\\nHost: l")
                    held.append(client)
                print("connected", flush=True)
                time.sleep(30)
                """
            let clients = try RunningTool([
                "python3", "-c", script, gateway.lab.path("run/status.sock"),
            ])
            try #require(
                waitUntil(seconds: 5) { clients.text.contains("connected") }, "\(clients.errors)")
            let latency = try #require(try gateway.cutPhone().latencyUs)
            #expect(latency < 100_000, "cut after \(latency) µs")
            clients.signal(SIGKILL)
        }

        /// Two daemons would undo each other's work. Statuses as in regionlockd(8).
        @Test func aSecondDaemonIsRefused() throws {
            let gateway = try Gateway.up()
            let lab = gateway.lab
            try gateway.cutPhone()
            let same = try tool([Place.lab, "run", lab.directory, "gw"] + gateway.command)
            #expect(same.status == 74, "on the same database: \(same.errors)")
            #expect(errorLines(of: same) == 1, "\(same.errors)")

            let other = try tool(
                [
                    Place.lab, "run", lab.directory, "gw", Place.program("regionlockd"), "--config",
                    lab.path("etc"), "--state", lab.path("state2"), "--run", lab.path("run2"),
                ])
            #expect(other.status == 71, "in the same network: \(other.errors)")
            #expect(errorLines(of: other) == 1, "\(other.errors)")

            #expect(try gateway.blocksInForce().count == 1)
            #expect(!(try lab.reaches(.phone)))
            #expect(try lab.reaches(.laptop))
        }

        @Test func withoutTheCapabilityItSaysSo() throws {
            let gateway = try Gateway.up()
            try gateway.end(SIGTERM)
            let said = try tool(
                [
                    Place.lab, "run", gateway.lab.directory, "gw", "setpriv", "--bounding-set",
                    "-net_admin", "--inh-caps", "-net_admin",
                ] + gateway.command)
            #expect(said.status == 77, "\(said.errors)")
            #expect(said.errors.contains("CAP_NET_ADMIN"), "\(said.errors)")
            #expect(errorLines(of: said) == 1, "\(said.errors)")
        }

        /// A kernel built without nfnetlink answers socket(2) as this filter does (seccomp(2)).
        @Test func aKernelWithoutNetfilterIsNamed() throws {
            let gateway = try Gateway.up()
            try gateway.end(SIGTERM)
            // x86-64 and AArch64 have numbers of their own for socket(2).
            let script = """
                import ctypes, os, platform, struct, sys
                number = {"x86_64": 41, "aarch64": 198}[platform.machine()]
                def op(*words): return struct.pack("HBBI", *words)
                program = b"".join([
                    op(0x20, 0, 0, 0), op(0x15, 0, 5, number),
                    op(0x20, 0, 0, 16), op(0x15, 0, 3, 16),
                    op(0x20, 0, 0, 32), op(0x15, 0, 1, 12),
                    op(0x06, 0, 0, 0x00050000 | 93), op(0x06, 0, 0, 0x7fff0000)])
                buffer = ctypes.create_string_buffer(program, len(program))
                class Program(ctypes.Structure):
                    _fields_ = [("count", ctypes.c_ushort), ("filter", ctypes.c_void_p)]
                filter = Program(len(program) // 8, ctypes.addressof(buffer))
                libc = ctypes.CDLL(None, use_errno=True)
                if libc.prctl(22, 2, ctypes.byref(filter), 0, 0):
                    sys.exit("seccomp: " + os.strerror(ctypes.get_errno()))
                os.execvp(sys.argv[1], sys.argv[1:])
                """
            let said = try tool(
                [Place.lab, "run", gateway.lab.directory, "gw", "python3", "-c", script]
                    + gateway.command)
            #expect(said.status == 71, "\(said.errors)")
            #expect(said.errors.contains("no nf_tables"), "\(said.errors)")
            #expect(errorLines(of: said) == 1, "\(said.errors)")
        }

        @Test func anUnwritableStateDirectoryIsNamed() throws {
            let gateway = try Gateway.up()
            try gateway.end(SIGTERM)
            try FileManager.default.removeItem(atPath: gateway.lab.path("state"))
            try "not a directory".write(
                toFile: gateway.lab.path("state"), atomically: true, encoding: .utf8)
            let said = try tool([Place.lab, "run", gateway.lab.directory, "gw"] + gateway.command)
            #expect(said.status == 74)
            #expect(said.errors.contains(gateway.lab.path("state")), "\(said.errors)")
            #expect(errorLines(of: said) == 1, "\(said.errors)")
        }

        /// Without its sockets nobody could release a device: it must not go on half started.
        @Test func aMissingSocketDirectoryEndsIt() throws {
            let gateway = try Gateway.up()
            try gateway.end(SIGTERM)
            let missing = gateway.lab.path("run")
            try FileManager.default.removeItem(atPath: missing)
            let said = try tool([Place.lab, "run", gateway.lab.directory, "gw"] + gateway.command)
            #expect(said.status != 0)
            #expect(said.errors.contains(missing), "\(said.errors)")
        }

        private func errorLines(of output: Output) -> Int {
            output.errors.split(separator: "\n").count
        }
    }
}
