import Policy
import Settings
import Testing

/// A file that grew past the limits is refused at once, with one problem.
struct SettingsLimitsTests {
    private func problems(of text: String) -> [String] {
        Fixtures.read(SettingsFile(path: "regionlock.yaml", text: text)).problems.map(\.message)
    }

    @Test func fileSize() {
        let text = "version: 1\n" + String(repeating: "#", count: SettingsLimits.fileBytes)
        #expect(problems(of: text) == ["the file has more than 1048576 bytes"])
    }

    @Test(.timeLimit(.minutes(1)))
    func openBracketsAreNotRecursedInto() {
        let text = String(repeating: "[", count: SettingsLimits.fileBytes)
        #expect(problems(of: text) == ["the file has more than 16 levels of nesting"])
    }

    @Test func values() {
        let text = "a: [" + String(repeating: "1,", count: SettingsLimits.nodes) + "]"
        #expect(problems(of: text) == ["the file has more than 100000 values"])
    }

    @Test func listLength() {
        let uplinks = (0...SettingsLimits.uplinks).map { "wan\($0)" }.joined(separator: ", ")
        #expect(
            problems(of: "version: 1\ngateway: {uplinks: [\(uplinks)]}\n")
                == ["gateway.uplinks has 17 entries, and may have 16"])
    }

    @Test func problemsPerFile() {
        let lines = (0..<80).map { "key\($0): 1\n" }.joined()
        let messages = problems(of: "version: 1\n" + lines)
        #expect(messages.count == SettingsLimits.problemsPerFile + 1)
        #expect(messages.contains("30 more problems are not shown"))
    }

    /// Damaged files must end in settings or in problems that can be shown, never in a crash.
    @Test(arguments: 0..<8) func damagedFilesAreSurvived(seed: Int) throws {
        var random = Generator(state: UInt64(seed) &* 7919 &+ 1)
        let files = try ShippedConfigTests.files()
        let scraps = [
            "\t", "\"", ": ", "- ", "[", "}", "&a ", "*a", "!", "|\n", "\u{202e}", "---\n",
        ]
        for _ in 0..<60 {
            var damaged = files
            let index = Int.random(in: 0..<files.count, using: &random)
            var text = Array(files[index].text.unicodeScalars)
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let place = Int.random(in: 0..<text.count, using: &random)
                let scrap = scraps.randomElement(using: &random) ?? ""
                let end = min(text.count, place + Int.random(in: 0...3, using: &random))
                text.replaceSubrange(place..<end, with: scrap.unicodeScalars)
            }
            var view = String.UnicodeScalarView()
            view.append(contentsOf: text)
            damaged[index] = SettingsFile(path: files[index].path, text: String(view))
            let result = SettingsReader.read(
                files: damaged, vendorRegistry: Fixtures.vendors, regions: .builtIn,
                hostName: "gw-test")
            #expect((result.settings == nil) == (result.errorCount > 0))
            for problem in result.problems {
                let shown = problem.rendered()
                #expect(!shown.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" })
            }
        }
    }

    private struct Generator: RandomNumberGenerator {
        var state: UInt64

        /// splitmix64
        mutating func next() -> UInt64 {
            state &+= 0x9e37_79b9_7f4a_7c15
            var mixed = state
            mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
            return mixed ^ (mixed >> 31)
        }
    }
}
