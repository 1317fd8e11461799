import Foundation
import Testing

/// What came through of a cut-off phone's flood, in both families.
struct Leak {
    var packets = 0
    /// Packets later than 50 ms after the first.
    var late = 0
}

extension Gateway {
    /// Lets the phone flood both families while something happens, and counts what comes out.
    func leak(during body: () throws -> Void) throws -> Leak {
        let witness = try Witness(in: lab)
        let floods = try Lab.Family.allCases.map { family in
            try lab.start(
                .phone,
                words: [
                    Place.program("LabPeer"), "flood", "--to", try lab.address("web", family),
                    "--rate", "2000", "--seconds", "60",
                ])
        }
        letPass(milliseconds: 400)
        try body()
        letPass(milliseconds: 500)
        for flood in floods {
            #expect(flood.isRunning)
            _ = try flood.stop()
        }
        try witness.close()
        let sources = try lab.phoneSources()
        let all = try witness.report(sources: sources, from: 0, to: 0)
        guard all.after > 0 else { return Leak() }
        let rest = try witness.report(
            sources: sources, from: all.firstAfterUs, to: all.firstAfterUs + 50_000)
        return Leak(packets: all.after, late: rest.after)
    }
}
