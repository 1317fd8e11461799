import Foundation
import Policy
import Settings
import Testing

struct RegionTableTests {
    private func region(_ code: String) throws -> Region { try #require(Region(code)) }

    @Test func everyCountryIsBuiltIn() {
        let all = RegionTable.builtIn.all
        #expect(all.count { !$0.isSubdivision } == 249)
        #expect(all.count { $0.countryCode == "UA" } == 28)
        #expect(all.count { $0.countryCode == "RU" } == 84)
    }

    @Test(arguments: [
        ("CU", "Cuba"), ("IR", "Iran"), ("SY", "Syria"), ("SD", "Sudan"), ("SS", "South Sudan"),
        ("KP", "North Korea"), ("KR", "South Korea"), ("UA-43", "Crimea"),
        ("UA-40", "Sevastopol"), ("UA-30", "Kyiv"), ("NO", "Norway"), ("RU", "Russia"),
    ])
    func shortNames(code: String, name: String) throws {
        #expect(RegionTable.builtIn.name(of: try region(code)) == name)
        #expect(RegionTable.builtIn.isAssigned(try region(code)))
        // The full list must not replace "Crimea" by "Avtonomna Respublika Krym".
        #expect(Fixtures.installedRegions.name(of: try region(code)) == name)
    }

    @Test(arguments: ["XK", "AP", "CS", "UK", "EU", "YU", "ZZ", "RU-CR", "RU-SEV", "UA-99", "KR-P"])
    func notAssigned(code: String) throws {
        #expect(RegionTable.builtIn.standing(of: try region(code)) == .unassigned)
        #expect(Fixtures.installedRegions.standing(of: try region(code)) == .unassigned)
        #expect(RegionTable.builtIn.name(of: try region(code)) == nil)
    }

    @Test func partsOfOtherCountriesNeedTheFullList() throws {
        let california = try region("US-CA")
        #expect(RegionTable.builtIn.standing(of: california) == .unknown)
        let full = RegionTable.builtIn.adding(subdivisions: [("US-CA", "California")])
        #expect(full.standing(of: california) == .assigned)
        #expect(full.standing(of: try region("US-ZZ")) == .unassigned)
    }

    @Test(arguments: [
        ("KR-P", "KP"), ("North Korea", "KP"), ("PRK", "KP"), ("dprk", "KP"), ("cuba", "CU"),
        ("cu", "CU"), ("Crimea", "UA-43"), ("ua-43", "UA-43"), ("UA43", "UA-43"), ("43", "UA-43"),
        ("UA_40", "UA-40"), ("sevastopol", "UA-40"), ("RU-CR", "UA-43"), ("Kiev", "UA-30"),
        ("UK", "GB"), ("USA", "US"), ("Syrian Arab Republic", "SY"), ("Georgia", "GE"),
        // ARM is Armenia and not AR-M, a province of Argentina.
        ("ARM", "AM"),
    ])
    func suggestions(text: String, code: String) {
        #expect(RegionTable.builtIn.suggestion(for: text)?.region.code == code)
        #expect(Fixtures.installedRegions.suggestion(for: text)?.region.code == code)
    }

    @Test(arguments: ["", "?", "X", "Atlantis", "ZZ", "XK", "--", "ÜÄ", "UA-4-3-3"])
    func noSuggestion(text: String) {
        #expect(RegionTable.builtIn.suggestion(for: text) == nil)
    }

    @Test func adviceOnCodesThatAreGone() {
        let table = RegionTable.builtIn
        #expect(table.advice(for: "TP") == "East Timor (TP) is now TL.")
        #expect(table.advice(for: "xk")?.hasPrefix("Kosovo has no code") == true)
        #expect(table.advice(for: "KR-P") == "North Korea is KP.")
        #expect(table.advice(for: "UA-99") == "Ukraine is UA, but it has no part UA-99.")
        #expect(table.advice(for: "Atlantis") == nil)
    }

    /// iso-codes 4.15 has 5127 parts; later releases change a few.
    @Test func installedList() throws {
        let path = RegionTable.standardPath
        try #require(FileManager.default.fileExists(atPath: path), "iso-codes is not installed")
        let table = Fixtures.installedRegions
        #expect(table.all.count > 5_000)
        #expect(table.name(of: try region("US-CA")) == "California")
        #expect(table.standing(of: try region("US-ZZ")) == .unassigned)
    }

    @Test(arguments: [
        "", "{", "[]", "{\"3166-1\": []}", "{\"3166-2\": [{\"code\": \"US-CA\"}]}",
        "{\"3166-2\": [{\"code\": \"US-CA\", \"name\": \"C\\q\"}]}",
        "{\"3166-2\": [{\"code\": \"US-CA\", \"name\": 1}]}",
        "{\"3166-2\": [{\"code\": \"US-CA\", \"name\": \"\\ud800\"}]}",
        "{\"3166-2\": [{\"code\": \"US-CA\", \"name\": \"C\"}]",
    ])
    func aBrokenListLeavesTheBuiltInTable(json: String) throws {
        let table = try table(json: json)
        #expect(table.standing(of: try region("US-CA")) == .unknown)
    }

    @Test func escapesInNames() throws {
        let table = try table(
            json: #"{ "3166-2" : [ { "code":"AD-02", "name":"#
                + #""a\"\\\/\u00e9\ud83d\ude00", "type":"x" } ] }"#
        )
        #expect(table.name(of: try region("AD-02")) == "a\"\\/é😀")
    }

    private func table(json: String) throws -> RegionTable {
        let file = FileManager.default.temporaryDirectory
            .appending(path: "regionlock-iso-\(UUID().uuidString).json")
        defer { try? FileManager.default.removeItem(at: file) }
        try Data(json.utf8).write(to: file)
        return RegionTable.installed(path: file.path)
    }
}
