import ArgumentParser
import ControlAPI
import ControlClient
import Policy
import Settings

extension LedgerFormat: ExpressibleByArgument {}

struct LedgerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ledger", abstract: "Which device was first activated where.",
        discussion: """
            Policies with "on: first-activation" leave a device alone that was first activated \
            where it may be. Each entry holds the digest of all before it.
            """,
        subcommands: [Show.self, Verify.self, Export.self, Import.self],
        defaultSubcommand: Show.self)

    struct Show: Command {
        static let configuration = CommandConfiguration(
            commandName: "show", abstract: "List the entries, or those that fit.")

        @Argument(
            help: "A MAC, an address, a label or a host name.", completion: Names.devices)
        var device: String?
        @Option(help: "Activated in this region only, as in ES or UA-43.")
        var region: String?
        @Option(
            help: ArgumentHelp("Activated from then on: 1h, a day or a time.", valueName: "when"))
        var since: String?
        @OptionGroup var common: CommonOptions

        func run(_ session: Session) async throws {
            let query = LedgerQuery(
                device: device, region: try region.map(Words.region),
                since: try since.map { try Words.past($0, "--since") })
            let entries = try await session.client.all { .ledger(query, cursor: $0) }
            session.show(Page(items: entries), Report(entries, session.style))
        }
    }

    struct Export: Command {
        static let configuration = CommandConfiguration(
            commandName: "export", abstract: "Print the whole ledger for others to verify.",
            discussion: """
                One object of JSON in each line, or CSV; regionlock(1) says what each digest is \
                over. Verified without the daemon by: regionlock ledger verify FILE
                """)

        @Option(help: ArgumentHelp("jsonl or csv.", valueName: "format"))
        var format = LedgerFormat.jsonl
        @OptionGroup var common: CommonOptions

        func run(_ session: Session) async throws {
            if format == .csv {
                session.terminal.write(LedgerFile.columns.joined(separator: ",") + "\n")
            }
            var cursor: String?
            repeat {
                let page = try await session.client.send(.ledger(LedgerQuery(), cursor: cursor))
                let lines = page.items.map { LedgerFile.line($0, as: format) }
                session.terminal.write(lines.joined())
                guard page.next == nil || page.next != cursor else {
                    throw ClientError.broken("the list does not go on after \(cursor ?? "")")
                }
                cursor = page.next
            } while cursor != nil
        }
    }

    struct Verify: Command {
        static let configuration = CommandConfiguration(
            commandName: "verify", abstract: "Does the chain of entries hold?",
            discussion: """
                Exit status 30 when it does not. With FILE, an export, it needs no daemon; - is \
                standard input. A chain that was made anew as a whole holds as well: note the \
                digest of the last entry elsewhere, and give it with --head later.
                """)

        @Argument(
            help: ArgumentHelp("An exported ledger.", valueName: "file"), completion: .file())
        var file: String?
        @Option(help: ArgumentHelp("A digest noted earlier must be in it.", valueName: "digest"))
        var head: String?
        @OptionGroup var common: CommonOptions

        func run(_ session: Session) async throws {
            if let head { try Self.check(head) }
            let check: LedgerCheck
            if let file {
                check = try Self.read(file, noted: head?.lowercased())
            } else {
                check = try await session.client.send(.verifyLedger(noted: head))
            }
            session.show(check, Report(check, noted: head))
            if check.broken != nil || (head != nil && check.noted == nil) {
                throw Failure(.ledgerBroken)
            }
        }

        private static func check(_ head: String) throws {
            guard head.utf8.count == 64, head.allSatisfy({ $0.isASCII && $0.isHexDigit }) else {
                throw Failure.usage("--head \(head) is no digest: it has 64 hexadecimal digits.")
            }
        }

        private static func read(_ path: String, noted head: String?) throws -> LedgerCheck {
            let input = try LineInput(path: path)
            let name = input.name
            var reader = LedgerFileReader(noted: head)
            do {
                try input.read(limit: LedgerFile.longestLine) { line in
                    try reader.add(line)
                    return true
                }
            } catch let fault as LedgerFileReader.Fault {
                throw Failure(
                    .ambiguous, Report(usage: "\(name):\(fault.line): \(fault.text)."))
            }
            return reader.check
        }
    }

    struct Import: Command {
        static let configuration = CommandConfiguration(
            commandName: "import", abstract: "Add a list of devices sold and activated.",
            discussion: """
                FILE is CSV in UTF-8; - is standard input. Its first line names the columns: \
                device,region,activated_at,source. A device is a MAC or a label of devices.d. All \
                lines are taken, or none. Devices the ledger has keep their entry.
                """)

        @Argument(
            help: ArgumentHelp("The list.", valueName: "file"),
            completion: .file(extensions: ["csv"]))
        var file: String
        @Flag(name: .customLong("dry-run"), help: "Say what would be added, and change nothing.")
        var isDryRun = false
        @Option(help: "Kept in the history.")
        var reason: String?
        @OptionGroup var common: CommonOptions

        func run(_ session: Session) async throws {
            var list = try Self.read(file)
            try Self.refuse(list, session)
            var labels: [String: String] = [:]
            if list.rows.contains(where: { if case .label = $0.name { true } else { false } }) {
                let devices = try await session.client.all {
                    .devices(DeviceQuery(), cursor: $0)
                }
                for device in devices { if let label = device.label { labels[label] = device.id } }
            }
            let claims = list.resolve(labels: labels)
            try Self.refuse(list, session)
            if !common.isQuiet, list.warningCount > 0 {
                session.terminal.tell(
                    Report(warnings: list.problems.sorted().map { $0.rendered() }))
            }
            let request = LedgerImportRequest(
                activations: claims.map {
                    ActivationClaim(
                        device: $0.device, region: $0.row.region, activatedAt: $0.row.activatedAt,
                        source: $0.row.source)
                }, reason: reason, isDryRun: isDryRun ? true : nil)
            try await session.show(.importLedger(request)) { Report($0, session.style) }
        }

        private static func read(_ path: String) throws -> ActivationList {
            let input = try LineInput(path: path)
            var list = ActivationList(
                file: input.name, regions: .installed(), vendors: .installed(), now: Terminal.now)
            try input.read(limit: SettingsLimits.listLineBytes + 3) { line in
                list.add(line: line)
                return list.wantsMore
            }
            list.finish()
            return list
        }

        private static func refuse(_ list: ActivationList, _ session: Session) throws {
            guard list.errorCount > 0 else { return }
            throw Failure(
                .ambiguous,
                Report(
                    listFindings: list.problems.sorted().map { $0.rendered() },
                    errors: list.errorCount, warnings: list.warningCount))
        }
    }
}
