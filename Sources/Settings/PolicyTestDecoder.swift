import Policy
import Wire

/// Reads `tests` of a policy.
enum PolicyTestDecoder {
    /// - Parameter mayLackName: Presence is a trigger, so a test may ask about nothing else.
    static func decode(
        _ field: Field?, policy: String, mayLackName: Bool
    ) -> (tests: [PolicyTestCase], sites: [(site: String, field: Field)]) {
        let items = field?.items(of: "tests", limit: SettingsLimits.testsPerPolicy) ?? []
        var sites: [(site: String, field: Field)] = []
        let tests = items.compactMap { item in
            test(
                Field(name: "test", node: item.node, file: item.file), policy: policy,
                mayLackName: mayLackName, &sites)
        }
        return (tests, sites)
    }

    private static func test(
        _ field: Field, policy: String, mayLackName: Bool,
        _ sites: inout [(site: String, field: Field)]
    ) -> PolicyTestCase? {
        let keys = ["device", "region", "site", "to", "expect"]
        guard let fields = Fields(field, keys: keys) else { return nil }
        let site = fields["site"]?.identifier()
        if let site, let place = fields["site"] { sites.append((site, place)) }
        let tags = fields.required("device")
            .flatMap { Fields($0, keys: ["tags"]) }
            .flatMap { $0.required("tags")?.tags() }
        let region = fields.required("region")?.region()
        let isPresence = mayLackName && fields["to"] == nil
        let name = isPresence ? nil : fields.required("to")?.domain()
        let words = PolicyTestCase.words
        let expect = fields.required("expect")?.choice(among: words.map(\.word))
        let verdict = words.first { $0.word == expect }?.verdict
        guard let tags, let region, isPresence || name != nil, let verdict else { return nil }
        return PolicyTestCase(
            policy: policy, tags: Set(tags.map(\.value)), region: region, site: site,
            to: name,
            expect: verdict, source: field.file.location(field.span), column: field.span.column,
            excerpt: field.file.excerpt(field.span))
    }
}
