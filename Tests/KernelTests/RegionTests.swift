import Testing

/// A place the shop may stand in, and what the policy of 2021 says of it.
struct ShopRegion: CustomTestStringConvertible, Sendable {
    let region: String
    let isDenied: Bool

    var testDescription: String { "\(region), \(isDenied ? "denied" : "free")" }

    /// Each region of the list, and the neighbours and namesakes that must not suffer for it.
    static let all =
        ["CU", "IR", "SY", "SD", "KP", "UA-43", "UA-40"].map { Self(region: $0, isDenied: true) }
        + ["UA", "UA-30", "UA-65", "RU", "SS", "KR", "JO", "US"]
        .map { Self(region: $0, isDenied: false) }
}

extension KernelSuite {
    /// The regions of 2021, each on the wire: Cuba, Iran, Syria, Sudan, North Korea and Crimea
    /// with Sevastopol are cut, with the words of the policy; the rest of Ukraine, South Korea,
    /// South Sudan and a phone in Spain are not.
    @Suite(.serialized)
    struct RegionTests {
        /// As the maker worded it; each line break of the policy file is a space.
        private static let message = """
            Xiaomi's policy does not allow the product to be sold or provided in the region where \
            you try to activate the product. Please contact the retailer directly for more \
            information.
            """

        @Test func eachIsTreatedAsThePolicySays() throws {
            let gateway = try Gateway.up()
            let settings = try gateway.read("regionlock.yaml")
            for place in ShopRegion.all {
                try gateway.write(
                    settings.replacing("region: CU", with: "region: \(place.region)"),
                    to: "regionlock.yaml")
                try gateway.succeed("reload")
                if place.isDenied {
                    try isCut(gateway, in: place.region)
                } else {
                    try isServed(gateway, in: place.region)
                }
            }
        }

        private func isCut(_ gateway: Gateway, in region: String) throws {
            let lab = gateway.lab
            let witness = try Witness(in: lab)
            let event = try gateway.cutPhone()
            try witness.close()
            #expect(event.region == region)
            let trigger = "udp dst port 53 and src host \(try lab.value("phone_v4"))"
            #expect(try witness.times(of: trigger).isEmpty, "\(region)")
            // By address: a cut device asks nobody for names.
            let web = try lab.value("web_v4")
            let page = try lab.run(.phone, "curl", "-sS", "-m", "3", "http://\(web)/")
            let words = page.text.replacing("&#39;", with: "'").replacing("&apos;", with: "'")
                .split(whereSeparator: \.isWhitespace).joined(separator: " ")
            #expect(words.contains(Self.message), "\(region): \(page)")
            for family in Lab.Family.allCases {
                #expect(!(try lab.reaches(.phone, family)), "\(region)")
                #expect(try lab.reaches(.phone2, family), "\(region): the phone in Spain")
                #expect(try lab.reaches(.laptop, family), "\(region): the laptop beside it")
            }
            try gateway.release(event.block)
            #expect(try lab.reaches(.phone), "\(region): after the release")
        }

        private func isServed(_ gateway: Gateway, in region: String) throws {
            let lab = gateway.lab
            let before = try gateway.lastEvent
            for node in [Lab.Node.phone, .phone2] {
                let answer = try lab.run(
                    node, "dig", "+short", "+tries=2", "+time=1",
                    "@\(try lab.value("resolver_v4"))", Gateway.trigger)
                #expect(answer.text.contains(try lab.value("web_v4")), "\(region): \(answer.text)")
            }
            #expect(try lab.reaches(.phone), "\(region)")
            #expect(try gateway.blocksInForce().isEmpty, "\(region)")
            let told = try gateway.events(after: before).map(\.type)
            #expect(!told.contains("block.created"), "\(region): \(told)")
        }
    }
}
