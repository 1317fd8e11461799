import Capture
import Wire

/// A capture file, shown whole and then in pieces: both ways it has the same packets.
enum CaptureTarget {
    static func run(_ input: Span<UInt8>) {
        var whole = Digest()
        whole.read(input, step: max(input.count, 1))
        var pieces = Digest()
        pieces.read(input, step: 1 + Int(input.isEmpty ? 0 : input[input.count - 1]))
        precondition(whole == pieces, "the pieces changed the packets")
    }

    private struct Digest: Hashable {
        var packets = 0
        var octets = 0
        var addresses: UInt64 = 0
        var fault: CaptureFault?

        mutating func read(_ input: Span<UInt8>, step: Int) {
            var parser = CaptureParser()
            var start = 0
            var end = min(step, input.count)
            do throws(CaptureFault) {
                while true {
                    let isEnd = end == input.count
                    let progress = try parser.read(
                        input.extracting(start..<end), isEnd: isEnd
                    ) { packet, frame in
                        packets += 1
                        octets += frame.count
                        if let header = LinkHeader(frame, link: packet.link) {
                            precondition(header.length < frame.count)
                            addresses &+= header.sender?.value ?? 1
                        }
                    }
                    start += progress.consumed
                    precondition(progress.wanted <= CaptureParser.requiredRoom)
                    if isEnd { return }
                    end = min(input.count, max(end + step, start + progress.wanted))
                }
            } catch {
                fault = error
            }
        }
    }
}
