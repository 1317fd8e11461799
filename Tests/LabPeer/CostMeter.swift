import Glibc

/// What the network costs the sender of small datagrams. Between veth links the whole way of a
/// packet, a gateway's forward path included, runs in the sender's own softirq: the CPU time of
/// this thread is what one packet costs, whatever else the machine does meanwhile.
struct CostMeter {
    private let target: SocketAddress
    private let packets: Int
    private let rounds: Int

    init(_ arguments: Arguments) throws {
        target = try SocketAddress(arguments.text("to"), port: Port.sink)
        packets = try arguments.number("packets", or: 500)
        rounds = try arguments.number("rounds", or: 200)
        guard packets > 0, rounds > 0 else { throw WrongUse() }
    }

    func run() throws {
        // One flow, and the sink's buffer is full after the first round: every packet that counts
        // goes the same way and ends at the same place.
        let socket = try Socket.connected(.datagram, to: target)
        _ = try measure(socket)
        var costs: [Int] = []
        for _ in 0..<rounds { costs.append(try measure(socket)) }
        costs.sort()
        var report = Report()
        report.add("packets", packets * rounds)
        // The best of all is often a round in which the kernel let another thread do the work.
        report.add("p5_ns", costs[rounds / 20])
        report.add("median_ns", costs[rounds / 2])
        report.printLine()
    }

    /// Nanoseconds for one packet.
    private func measure(_ socket: Socket) throws -> Int {
        let bytes = [UInt8](repeating: 0x63, count: 16)
        let start = Moment.threadNanoseconds
        for _ in 0..<packets where socket.send(bytes) < 0 {
            throw Failure.system("send")
        }
        return (Moment.threadNanoseconds - start) / packets
    }
}
