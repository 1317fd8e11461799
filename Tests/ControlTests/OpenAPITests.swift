import ControlAPI
import Foundation
import Testing

/// `docs/openapi.yaml` says what the code does. The file keeps one layout, so plain lines will do
/// to read it.
@Suite struct OpenAPITests {
    private static let text: String = {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../docs/openapi.yaml")
        return (try? String(contentsOf: file, encoding: .utf8)) ?? ""
    }()

    struct Route: Hashable, CustomStringConvertible {
        let method: String
        let path: String
        let name: String
        /// Query fields, in order of name.
        let query: [String]
        var description: String { "\(method) \(path) \(name) \(query)" }
    }

    /// The routes under `paths:`.
    private static var routes: Set<Route> {
        var routes: Set<Route> = []
        var (path, method, name, query) = ("", "", "", [String]())
        func finish() {
            guard !name.isEmpty else { return }
            routes.insert(Route(method: method, path: path, name: name, query: query.sorted()))
            (name, query) = ("", [])
        }
        let lines = text.split(separator: "\n").drop { $0 != "paths:" }.dropFirst()
        for line in lines.prefix(while: { $0.hasPrefix(" ") }) {
            let words = line.drop { $0 == " " }
            let indent = line.count - words.count
            switch (indent, words) {
            case (2, _):
                finish()
                path = String(words.dropLast())
            case (4, _):
                finish()
                method = words.dropLast().uppercased()
            case (6, _) where words.hasPrefix("operationId: "): name = String(words.dropFirst(13))
            case (8, _) where words.contains(", in: query"):
                query.append(String(words.dropFirst("- {name: ".count).prefix { $0 != "," }))
            case (8, _) where words.hasSuffix("parameters/Limit\""): query.append("limit")
            case (8, _) where words.hasSuffix("parameters/Cursor\""): query.append("cursor")
            default: break
            }
        }
        finish()
        return routes
    }

    @Test func routesAreThoseOfTheCode() {
        let code = Operation.allCases.map { operation in
            Route(
                method: operation.method.rawValue, path: operation.path, name: operation.rawValue,
                query: operation.queryFields.sorted())
        }
        #expect(Self.routes == Set(code))
    }

    /// The lines of `components/schemas/<name>`, up to the next schema.
    private static func properties(of name: String) -> Set<String> {
        let lines = text.split(separator: "\n").drop { $0 != "  schemas:" }
            .drop { $0 != "    \(name):" }.dropFirst().prefix { $0.hasPrefix("      ") }
        // Eight spaces; what stands deeper belongs to a field.
        let fields = lines.drop { $0 != "      properties:" }.dropFirst()
            .filter { $0.prefix { $0 == " " }.count == 8 }
        return Set(fields.map { String($0.drop { $0 == " " }.prefix { $0 != ":" }) })
    }

    @Test func recordsHaveTheFieldsOfTheCode() {
        let schemas: [(String, [String])] = [
            ("Problem", keys(Problem.invalid("a", "b", hint: "c")) + ["candidates"]),
            ("Status", keys(Fixtures.status) + ["uplink"]),
            ("Site", keys(Fixtures.sites[0])),
            ("Decision", keys(Fixtures.decision)),
            ("PolicySummary", keys(Fixtures.policy) + ["valid_from"]),
            ("PolicyDetail", keys(Fixtures.policyDetail)),
            ("Event", keys(Fixtures.event(1)) + ["by", "reason"]),
            ("ReloadReply", keys(Fixtures.trial)),
            ("Impact", keys(Fixtures.wouldReload.impact)),
            ("ImpactRecord", ["device", "name", "change", "policy", "region"]),
            ("ReloadRequest", ReloadRequest.CodingKeys.allCases.map(\.rawValue)),
            ("ConfirmReply", keys(ConfirmReply(revision: "9c1f", isChanged: true))),
            ("Revision", keys(Fixtures.revisions[0])),
            ("BlockRequest", BlockRequest.CodingKeys.allCases.map(\.rawValue)),
            ("ReleaseRequest", ReleaseRequest.CodingKeys.allCases.map(\.rawValue)),
            ("ReleaseAllRequest", ReleaseAllRequest.CodingKeys.allCases.map(\.rawValue)),
            ("ReleaseAllReply", keys(Fixtures.dryRun)),
            ("RemoveAllRequest", RemoveAllRequest.CodingKeys.allCases.map(\.rawValue)),
            ("RemoveAllReply", keys(Fixtures.removedAll)),
            ("ExemptRequest", ExemptRequest.CodingKeys.allCases.map(\.rawValue)),
            ("ModeRequest", ModeRequest.CodingKeys.allCases.map(\.rawValue)),
            ("TagRequest", TagRequest.CodingKeys.allCases.map(\.rawValue)),
            (
                "Block",
                keys(Fixtures.block) + keys(Fixtures.handMade) + keys(Fixtures.ended)
                    + ["region_reason"]
            ),
            (
                "Device",
                keys(Fixtures.phone) + keys(Fixtures.till) + keys(Fixtures.liar)
                    + ["interface", "given_tags"]
            ),
            ("Exemption", keys(Fixtures.exemption) + ["ended_at"]),
            ("LedgerEntry", keys(Fixtures.ledger[0])),
            ("LedgerCheck", keys(Fixtures.brokenLedger) + ["noted"]),
            ("LedgerBreak", keys(Fixtures.brokenLedger.broken)),
            ("LedgerImportRequest", LedgerImportRequest.CodingKeys.allCases.map(\.rawValue)),
            ("ActivationClaim", ActivationClaim.CodingKeys.allCases.map(\.rawValue)),
            ("LedgerImportReply", keys(Fixtures.wouldImport)),
            ("Explanation", keys(Fixtures.explanation) + ["exemption"]),
        ]
        for (name, fields) in schemas {
            #expect(Self.properties(of: name) == Set(fields), "\(name)")
        }
    }

    private func keys(_ value: some Encodable) -> [String] {
        let json = (try? JSONEncoder().encode(value)).flatMap {
            try? JSONSerialization.jsonObject(with: $0)
        }
        return ((json as? [String: Any]) ?? [:]).keys.map(\.self)
    }
}
