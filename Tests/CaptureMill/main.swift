import Glibc
import PacketMill

// Makes what tests and benchmarks read.
//
//   CaptureMill mixed COUNT SEED FILE NAMES   at least COUNT packets; the names that are in them
//   CaptureMill seeds DIRECTORY               the first inputs of the fuzz targets

/// Ends the program: half a capture would be measured as a whole one.
func stop(_ text: String) -> Never {
    print("CaptureMill: \(text)")
    exit(1)
}

func write(_ octets: [UInt8], to file: UnsafeMutablePointer<FILE>) {
    guard fwrite(octets, 1, octets.count, file) == octets.count else { stop("cannot write") }
}

func open(_ path: String) -> UnsafeMutablePointer<FILE> {
    guard let file = fopen(path, "w") else { stop("cannot open \(path)") }
    return file
}

func mixed(count: Int, seed: UInt64, path: String, namesPath: String) {
    var traffic = MixedCapture(seed: seed)
    var capture = CaptureFile(.pcap)
    let file = open(path)
    var packets = 0
    while packets < count {
        // Several flows at a time, in turn, as on a gateway.
        var flows = (0..<64).map { _ in traffic.flow()[...] }
        while !flows.isEmpty {
            for index in flows.indices {
                guard let packet = flows[index].popFirst() else { continue }
                capture.add(
                    packet.octets, from: packet.source, to: packet.destination,
                    at: packet.microseconds)
                packets += 1
            }
            flows.removeAll(where: \.isEmpty)
        }
        write(capture.take(), to: file)
    }
    fclose(file)
    let names = open(namesPath)
    for name in traffic.names.sorted() { write(Array("\(name)\n".utf8), to: names) }
    fclose(names)
    print("{\"packets\":\(packets),\"names\":\(traffic.names.count)}")
}

func seeds(below directory: String) {
    for (target, inputs) in FuzzSeeds.all {
        mkdir("\(directory)/\(target)", 0o755)
        for (name, octets) in inputs {
            let file = open("\(directory)/\(target)/\(name)")
            write(octets, to: file)
            fclose(file)
        }
    }
}

let words = Array(CommandLine.arguments.dropFirst())
switch words.first {
case "mixed" where words.count == 5:
    guard let count = Int(words[1]), let seed = UInt64(words[2]) else { stop("COUNT, SEED") }
    mixed(count: count, seed: seed, path: words[3], namesPath: words[4])
case "seeds" where words.count == 2: seeds(below: words[1])
default:
    print("usage: CaptureMill mixed COUNT SEED FILE NAMES | CaptureMill seeds DIRECTORY")
    exit(64)
}
