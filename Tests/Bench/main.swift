import Glibc
import Wire

let words = Array(CommandLine.arguments.dropFirst())
do {
    switch (words.first, words.dropFirst().first) {
    case (nil, nil): Benchmarks.run()
    case ("load", let count?) where Int(count) != nil: try SetLoad.run(count: Int(count) ?? 0)
    case ("floor", let text?) where MACAddress(text) != nil:
        if let mac = MACAddress(text) { try QueueFloor.run(mac: mac) }
    case ("fill", let count?) where Int(count) != nil && words.count == 3:
        try StoreFill.run(directory: words[2], count: Int(count) ?? 0)
    case ("policies", let count?) where Int(count) != nil && words.count == 3:
        PolicyLoad.run(policies: Int(count) ?? 0, devices: Int(words[2]) ?? 0)
    default:
        print(
            "usage: Bench | Bench load COUNT | Bench floor MAC | Bench fill COUNT DIRECTORY"
                + " | Bench policies POLICIES DEVICES")
        exit(64)
    }
} catch {
    print("bench: \(error)")
    exit(1)
}
