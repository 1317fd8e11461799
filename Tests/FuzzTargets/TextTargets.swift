import ControlAPI
import FoundationEssentials
import Policy
import Settings
import Wire

/// What people and programs write: settings files, and bodies sent to the control sockets.
enum TextTargets {
    private static let paths = [
        "regionlock.yaml", "devices.d/10-tags.yaml", "policy.d/test.yaml",
        "catalogue.d/vendor/test.yaml",
    ]
    private static let vendors = VendorRegistry(csv: [
        "Registry,Assignment,Organization Name,Organization Address\nMA-L,640980,Xiaomi,CN\n"
    ])

    /// Which file it is; then its text. Whatever it says, problems name a place in it.
    static func settings(_ input: Span<UInt8>) {
        guard !input.isEmpty else { return }
        let path = paths[Int(input[0]) % paths.count]
        guard let text = text(input.extracting(droppingFirst: 1)) else { return }
        let result = SettingsReader.read(
            files: [SettingsFile(path: path, text: text)], vendorRegistry: vendors,
            regions: .builtIn, hostName: "gw")
        // What libyaml takes for the end of a line (YAML 1.1 section 4.2, b-char).
        let breaks: Set<Unicode.Scalar> = ["\n", "\r", "\u{85}", "\u{2028}", "\u{2029}"]
        let lines = text.unicodeScalars.count { breaks.contains($0) } + 2
        for problem in result.problems {
            precondition(problem.line <= lines)
            precondition(!problem.rendered(directory: "/etc/regionlock").isEmpty)
        }
    }

    /// A list of activations. What it lets pass, the daemon does not refuse.
    static func list(_ input: Span<UInt8>) {
        let octets = (0..<input.count).map { input[$0] }
        let lines = octets.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        var list = ActivationList(
            file: "list.csv", regions: .builtIn, vendors: vendors, now: Timestamp(seconds: 1 << 31))
        for line in lines { list.add(line: line) }
        list.finish()
        let claims = list.resolve(labels: ["SN-1": "64:09:80:00:00:07"])
        for problem in list.problems {
            precondition((1...lines.count).contains(problem.line))
            precondition(!problem.rendered().isEmpty)
        }
        guard list.errorCount == 0 else { return }
        precondition(!claims.isEmpty && Set(claims.map(\.device)).count == claims.count)
        let request = LedgerImportRequest(
            activations: claims.map {
                ActivationClaim(
                    device: $0.device, region: $0.row.region, activatedAt: $0.row.activatedAt,
                    source: $0.row.source)
            })
        do throws(Problem) {
            try request.validate()
        } catch {
            preconditionFailure("a list is accepted and refused: \(error)")
        }
    }

    /// Which request it is; then its body.
    static func control(_ input: Span<UInt8>) {
        guard !input.isEmpty else { return }
        let body = input.extracting(droppingFirst: 1)
        let bytes = Data((0..<body.count).map { body[$0] })
        switch input[0] % 8 {
        case 0: decode(TagRequest.self, bytes)
        case 1: decode(BlockRequest.self, bytes)
        case 2: decode(ReleaseRequest.self, bytes)
        case 3: decode(ExemptRequest.self, bytes)
        case 4: decode(ModeRequest.self, bytes)
        case 5: decode(ReleaseAllRequest.self, bytes)
        case 6: decode(RemoveAllRequest.self, bytes)
        default: decode(LedgerImportRequest.self, bytes)
        }
    }

    private static func decode<Body: RequestBody>(_ type: Body.Type, _ bytes: Data) {
        guard let read = try? JSONDecoder().decode(StrictBody<Body>.self, from: bytes) else {
            return
        }
        // What was accepted goes out as it came in.
        let encoder = JSONEncoder()
        guard let sent = try? encoder.encode(read.body),
            let again = try? JSONDecoder().decode(StrictBody<Body>.self, from: sent)
        else { preconditionFailure("an accepted body is not one when it is sent on") }
        precondition(again.body == read.body)
    }

    private static func text(_ bytes: Span<UInt8>) -> String? {
        String(validating: (0..<bytes.count).map { bytes[$0] }, as: UTF8.self)
    }
}
