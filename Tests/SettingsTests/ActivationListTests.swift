import Policy
import Settings
import Testing
import Wire

/// Lists of devices that were sold and activated: every mistake with its place.
struct ActivationListTests {
    private static let header = "device,region,activated_at,source"
    /// 2026-11-23T00:00:00Z.
    private static let now = Timestamp(seconds: 1_795_392_000)

    private func read(_ lines: [String]) -> ActivationList {
        var list = ActivationList(
            file: "sold.csv", regions: .builtIn, vendors: VendorRegistry(), now: Self.now)
        for line in lines { list.add(line: line.utf8) }
        list.finish()
        return list
    }

    @Test func aListIsRead() throws {
        var list = read([
            "\u{feff}region,device, source ,activated_at\r",
            "ES,64:B4:73:00:00:10,\"shop \"\"Sol\"\", receipt 881\",2026-03-02\r", "",
            "UA-30, SN-4411 ,Київ,2026-03-02T10:00:00+02:00",
        ])
        #expect(list.problems == [])
        let claims = list.resolve(labels: ["SN-4411": "64:b4:73:00:00:11"])
        #expect(list.problems == [])
        #expect(claims.map(\.device) == ["64:b4:73:00:00:10", "64:b4:73:00:00:11"])
        #expect(claims.map(\.row.region.code) == ["ES", "UA-30"])
        #expect(claims.map(\.row.source) == ["shop \"Sol\", receipt 881", "Київ"])
        #expect(claims[1].row.activatedAt == RFC3339.timestamp("2026-03-02T08:00:00Z"))
        #expect(claims[1].row.line == 4)
    }

    struct Mistake: CustomTestStringConvertible, Sendable {
        let lines: [String]
        let text: String
        var testDescription: String { text.split(separator: "\n")[0].description }

        init(_ row: String, _ text: String) { self.init([header, row], text) }
        init(_ lines: [String], _ text: String) {
            self.lines = lines
            self.text = text
        }
    }

    private static let mac = "64:b4:73:00:00:10"

    static let mistakes: [Mistake] = [
        .init(
            [],
            """
            sold.csv:1:1: error: the list is empty
               The first line names the columns: device,region,activated_at,source
            """),
        .init([header], "sold.csv:1:1: error: the list has a header and no line after it"),
        .init(
            ["\(mac),ES,2026-03-02,shop"],
            """
            sold.csv:1:1: error: there is no column "64:b4:73:00:00:10"
                1 | 64:b4:73:00:00:10,ES,2026-03-02,shop
                    ^^^^^^^^^^^^^^^^^
               The first line names the columns: device,region,activated_at,source
            """),
        .init(
            ["device,regoin,activated_at,source"],
            """
            sold.csv:1:8: error: there is no column "regoin"
                1 | device,regoin,activated_at,source
                           ^^^^^^
               Did you mean "region"?
            """),
        .init(
            ["device;region;activated_at;source"],
            """
            sold.csv:1:1: error: there is no column "device;region;activated_at;source"
                1 | device;region;activated_at;source
                    ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
               The cells are separated by commas, not by semicolons.
            """),
        .init(
            ["device,region,source"],
            """
            sold.csv:1:1: error: the column "activated_at" is missing
                1 | device,region,source
                    ^
               The first line names the columns: device,region,activated_at,source
            """),
        .init(
            ["device,region,region,source"],
            """
            sold.csv:1:15: error: the column "region" stands here twice
                1 | device,region,region,source
                                  ^^^^^^
            """),
        .init(
            "\(mac),ES,2026-03-02,shop, Madrid",
            """
            sold.csv:2:39: error: the line has 5 cells, and the header 4
                2 | 64:b4:73:00:00:10,ES,2026-03-02,shop, Madrid
                                                          ^
               Put a cell that holds a comma in double quotes.
            """),
        .init(
            "01:b4:73:00:00:10,ES,2026-03-02,shop",
            """
            sold.csv:2:1: error: 01:b4:73:00:00:10 is no device's MAC but a group's or none
                2 | 01:b4:73:00:00:10,ES,2026-03-02,shop
                    ^^^^^^^^^^^^^^^^^
            """),
        .init(
            "10.20.0.31,ES,2026-03-02,shop",
            """
            sold.csv:2:1: error: an address is lent to a device and does not stay with it
                2 | 10.20.0.31,ES,2026-03-02,shop
                    ^^^^^^^^^^
               Write the device's MAC, or the label it has in devices.d.
            """),
        .init(
            ",ES,2026-03-02,shop",
            """
            sold.csv:2:1: error: the device is missing
                2 | ,ES,2026-03-02,shop
                    ^
               Write the device's MAC, or the label it has in devices.d.
            """),
        .init(
            "a b,ES,2026-03-02,shop",
            """
            sold.csv:2:1: error: "a b" is no device
                2 | a b,ES,2026-03-02,shop
                    ^^^
               Write the device's MAC, or the label it has in devices.d.
            """),
        .init(
            "\(mac),KR-P,2026-03-02,shop",
            """
            sold.csv:2:19: error: there is no region "KR-P"
                2 | 64:b4:73:00:00:10,KR-P,2026-03-02,shop
                                      ^^^^
               North Korea is KP. See: regionlock regions --all
            """),
        .init(
            "\(mac),ES,2.3.2026,shop",
            """
            sold.csv:2:22: error: "2.3.2026" is not a time
                2 | 64:b4:73:00:00:10,ES,2.3.2026,shop
                                         ^^^^^^^^
               Write 2026-11-23, or 2026-11-23T10:31:07+01:00.
            """),
        .init(
            "\(mac),ES,1899-12-31,shop",
            """
            sold.csv:2:22: error: this is before 1970
                2 | 64:b4:73:00:00:10,ES,1899-12-31,shop
                                         ^^^^^^^^^^
            """),
        .init(
            "\(mac),ES,2026-11-24,shop",
            """
            sold.csv:2:22: error: this is yet to come
                2 | 64:b4:73:00:00:10,ES,2026-11-24,shop
                                         ^^^^^^^^^^
               It is now 2026-11-23T00:00:00.000Z.
            """),
        .init(
            "\(mac),ES,2026-03-02,",
            """
            sold.csv:2:33: error: the source is missing
                2 | 64:b4:73:00:00:10,ES,2026-03-02,
                                                    ^
               It says where this is known from, such as "receipt 881".
            """),
        .init(
            "\(mac),ES,2026-03-02,a\u{1b}[1m",
            """
            sold.csv:2:33: error: the source holds control characters
                2 | 64:b4:73:00:00:10,ES,2026-03-02,a\u{fffd}[1m
                                                    ^^^^^
            """),
        .init(
            "\(mac),ES,2026-03-02,\"shop",
            """
            sold.csv:2:33: error: this quote is not closed in its line
                2 | 64:b4:73:00:00:10,ES,2026-03-02,"shop
                                                    ^
            """),
        .init(
            "\(mac),ES,2026-03-02,the \"Sol\"",
            """
            sold.csv:2:37: error: a quote stands inside a cell that has none around it
                2 | 64:b4:73:00:00:10,ES,2026-03-02,the "Sol"
                                                        ^
            """),
        .init(
            "\(mac),ES,2026-03-02,\"Sol\"s",
            """
            sold.csv:2:38: error: a comma must follow the closing quote
                2 | 64:b4:73:00:00:10,ES,2026-03-02,"Sol"s
                                                         ^
            """),
        .init(
            String(repeating: "x", count: 1_025),
            """
            sold.csv:2:1: error: the line is longer than 1024 octets
               A line has four cells: device,region,activated_at,source
            """),
    ]

    @Test(arguments: mistakes) func isToldWithItsPlace(_ mistake: Mistake) {
        let list = read(mistake.lines)
        // The gutter's width is `rendered`'s own affair.
        let told = list.problems.map { $0.rendered() }.joined(separator: "\n")
        #expect(squeezed(told) == squeezed(mistake.text), "\(told)")
    }

    private func squeezed(_ text: String) -> [String] {
        text.split(separator: "\n").map { line in
            line.contains("error: ") ? String(line) : line.filter { $0 != " " }
        }
    }

    @Test func theCaretStandsUnderTheCell() {
        let told = read([Self.header, "\(Self.mac),Cuba,2026-03-02,shop"]).problems[0].rendered()
        let lines = told.split(separator: "\n")
        let start = lines[1].distance(
            from: lines[1].startIndex, to: lines[1].firstRange(of: "Cuba")!.lowerBound)
        #expect(lines[2] == String(repeating: " ", count: start) + "^^^^")
    }

    @Test func allMistakesOfALineAreTold() {
        let list = read([Self.header, "10.0.0.1,Cuba,then,"])
        #expect(list.problems.map(\.column) == [1, 10, 15, 20])
        #expect(list.errorCount == 4)
    }

    @Test func whatIsNotUTF8IsToldWithItsColumn() {
        var list = read([])
        list = ActivationList(
            file: "a.csv", regions: .builtIn, vendors: VendorRegistry(), now: Self.now)
        list.add(line: Self.header.utf8)
        list.add(line: Array("\(Self.mac),ES,2026-03-02,K".utf8) + [0xe9, 0x20])
        list.finish()
        #expect(list.problems.map { "\($0.line):\($0.column)" } == ["2:34"])
    }

    @Test func aRandomMACIsAWarning() {
        let list = read([Self.header, "02:b4:73:00:00:10,ES,2026-03-02,shop"])
        #expect(list.errorCount == 0 && list.warningCount == 1 && list.rows.count == 1)
    }

    @Test func aDeviceStandsInTheListOnce() {
        var list = read([
            Self.header, "\(Self.mac),ES,2026-03-02,a", "SN1,ES,2026-02-01,b",
            "\(Self.mac),ES,2026-03-03,c",
        ])
        let claims = list.resolve(labels: ["SN1": Self.mac])
        #expect(claims.map(\.row.source) == ["b"])
        #expect(list.errorCount == 0 && list.warningCount == 2)
        #expect(list.problems[0].message.contains("first in line 2"))
    }

    @Test func twoRegionsForADeviceAreAMistake() {
        var list = read([
            Self.header, "\(Self.mac),ES,2026-03-02,a", "\(Self.mac),MX,2026-02-01,b",
        ])
        _ = list.resolve(labels: [:])
        #expect(
            list.problems.map(\.message)
                == ["the device stands here in MX, and in line 2 in ES"])
        #expect(list.errorCount == 1)
    }

    @Test func aLabelNobodyHasIsAMistake() {
        var list = read([Self.header, "SN-4412,ES,2026-03-02,a"])
        _ = list.resolve(labels: ["SN-4411": Self.mac])
        #expect(list.problems.first?.message == "no device has the label \"SN-4412\"")
        #expect(list.problems.first?.hint == "Did you mean \"SN-4411\"?")
    }

    @Test func aListHasAnEnd() {
        let limit = SettingsLimits.activationsPerList
        func list(_ count: Int) -> ActivationList {
            read(
                [Self.header]
                    + (0..<count).map {
                        "\(MACAddress(value: 0x64b4_7300_0000 + UInt64($0))),ES,2026-03-02,a"
                    })
        }
        #expect(list(limit).problems == [])
        let long = list(limit + 5)
        #expect(long.problems.map(\.message) == ["the list has more than \(limit) lines"])
        #expect(long.problems.first?.line == limit + 2)
        #expect(!long.wantsMore)
    }

    /// Every line that is only warned of is taken.
    @Test func warningsHaveAnEndAndTakeNothingAway() {
        let lines = (0..<200).map { number in
            "\(MACAddress(value: 0x02b4_7300_0000 + UInt64(number % 100))),ES,2026-03-02,a"
        }
        var list = read([Self.header] + lines)
        #expect(list.rows.count == 200 && list.warningCount == 200 && list.errorCount == 0)
        #expect(list.problems.count == SettingsLimits.problemsPerFile)
        #expect(list.resolve(labels: [:]).count == 100 && list.warningCount == 300)
    }

    @Test func problemsHaveAnEnd() {
        let list = read([Self.header] + Array(repeating: "x", count: 200))
        #expect(list.problems.count == SettingsLimits.problemsPerFile)
    }
}
