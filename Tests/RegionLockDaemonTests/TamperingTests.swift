import Netfilter
import RegionLockDaemon
import Testing

/// Two programs that fight over a table: ours must win, and tagged devices must not wait for it.
@Suite struct TamperingTests {
    /// Somebody touches the table as soon as it is whole, for half a minute.
    ///
    /// - Returns: nanoseconds spent on repairs, and the longest time without the table.
    private func fight(repairNanoseconds: UInt64) -> (spent: UInt64, longestGap: UInt64) {
        var tampering = Tampering()
        let begin: UInt64 = 1_000_000_000_000
        var now = begin
        var spent: UInt64 = 0
        var longestGap: UInt64 = 0
        while now - begin < 30_000_000_000 {
            tampering.note(RulesetTouch(), at: now)
            let start = tampering.repairDue ?? now
            let end = start + repairNanoseconds
            _ = tampering.repaired(from: start, to: end)
            spent += repairNanoseconds
            longestGap = max(longestGap, end - now)
            now = end
        }
        return (spent, longestGap)
    }

    @Test(arguments: [1, 5, 50, 150, 1000] as [UInt64])
    func aFightTakesAFifthOfTheTimeAtMost(milliseconds: UInt64) {
        let (spent, gap) = fight(repairNanoseconds: milliseconds * 1_000_000)
        // The prompt ones at the beginning come on top.
        #expect(
            spent <= 30_000_000_000 / 5 + Tampering.promptNanoseconds + milliseconds * 2_000_000)
        #expect(gap <= 6_000_000_000 + milliseconds * 1_000_000)
    }

    @Test func aReloadNowAndThenIsRepairedAtOnce() {
        var tampering = Tampering()
        for second in UInt64(1)...100 {
            let now = second * 10_000_000_000
            tampering.note(RulesetTouch(), at: now)
            #expect(tampering.repairDue == now)
            #expect(tampering.repaired(from: now, to: now + 20_000_000).count == 1)
        }
        #expect(tampering.repairs == 100)
    }
}
