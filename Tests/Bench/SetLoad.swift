import Firewall
import Glibc
import Netfilter
import Wire

/// A set of so many MACs loaded in one transaction, and single elements beside them. Belongs into a
/// network namespace of its own; prints one line of JSON.
enum SetLoad {
    private static let singles = 1_000

    static func run(count: Int) throws(NetfilterError) {
        var connection = try NftConnection.open()
        let features = try connection.probe()
        let set = TableSets.deviceMAC
        let elements = (0..<UInt64(count)).map {
            SetElement(.mac(MACAddress(value: 0x0220_0000_0000 + $0)))
        }
        let held = kernelKilobytes()
        let start = Meter.wallNanoseconds()
        try connection.commit(
            [.addTable, .addSet(set), .addElements(set: set, elements)], features: features)
        let spent = Meter.wallNanoseconds() - start
        // The kernel goes on growing the hash table behind our back.
        sleep(1)
        let grown = kernelKilobytes() - held
        var usage = rusage()
        getrusage(RUSAGE_SELF.rawValue, &usage)
        var adds: [UInt64] = []
        var deletes: [UInt64] = []
        for number in 0..<UInt64(singles) {
            let single = [SetElement(.mac(MACAddress(value: 0x0230_0000_0000 + number)))]
            let begin = Meter.wallNanoseconds()
            try connection.commit([.addElements(set: set, single)], features: features)
            let between = Meter.wallNanoseconds()
            try connection.commit([.deleteElements(set: set, single)], features: features)
            adds.append(between - begin)
            deletes.append(Meter.wallNanoseconds() - between)
        }
        let figures: [(String, Int)] = [
            ("load_us", Int(spent / 1_000)), ("kernel_kb", grown),
            ("peak_kb", usage.ru_maxrss),
            ("add_p50_us", percentile(50, of: adds)), ("add_p99_us", percentile(99, of: adds)),
            ("delete_p50_us", percentile(50, of: deletes)),
            ("delete_p99_us", percentile(99, of: deletes)),
        ]
        print("{\(figures.map { "\"\($0)\":\($1)" }.joined(separator: ","))}")
    }

    private static func percentile(_ rank: Int, of nanoseconds: [UInt64]) -> Int {
        Int(
            nanoseconds.sorted()[min(nanoseconds.count * rank / 100, nanoseconds.count - 1)] / 1_000
        )
    }

    /// Slab and vmalloc memory of the whole machine (proc_meminfo(5)): where set elements and hash
    /// tables live.
    private static func kernelKilobytes() -> Int {
        guard let file = fopen("/proc/meminfo", "r") else { return 0 }
        defer { fclose(file) }
        var sum = 0
        var line = [CChar](repeating: 0, count: 256)
        while fgets(&line, Int32(line.count), file) != nil {
            let words = String(
                decoding: line.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self
            )
            .split(separator: " ")
            guard words.count >= 2, ["Slab:", "VmallocUsed:"].contains(words[0]) else { continue }
            sum += Int(words[1]) ?? 0
        }
        return sum
    }
}
