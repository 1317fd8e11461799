import Glibc
import Wire

let words = Array(CommandLine.arguments.dropFirst())
do {
    switch (words.first, words.dropFirst().first) {
    case (nil, nil): Benchmarks.run()
    case ("load", let count?) where Int(count) != nil: try SetLoad.run(count: Int(count) ?? 0)
    case ("floor", let text?) where MACAddress(text) != nil:
        if let mac = MACAddress(text) { try QueueFloor.run(mac: mac) }
    default:
        print("usage: Bench | Bench load COUNT | Bench floor MAC")
        exit(64)
    }
} catch {
    print("bench: \(error)")
    exit(1)
}
