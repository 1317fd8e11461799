import ArgumentParser
import ControlAPI
import ControlClient
import Policy

struct TagCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "tag", abstract: "Give a device a tag.")

    @Argument(help: "A MAC, an address, a label or a host name.", completion: Names.devices)
    var device: String
    @Argument(help: "1 to 32 of a-z, 0-9 and -.", completion: Names.tags)
    var tag: String
    @Option(help: "Kept in the history.")
    var reason: String?
    @OptionGroup var common: CommonOptions

    func run(_ session: Session) async throws {
        let tag = try Words.tag(tag)
        try await session.show(.tag(device, tag.text, TagRequest(reason: reason))) {
            Report(tagged: $0)
        }
    }
}

struct UntagCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "untag", abstract: "Take a tag away that was given with \"tag\".")

    @Argument(help: "A MAC, an address, a label or a host name.", completion: Names.devices)
    var device: String
    @Argument(help: "The tag.", completion: Names.tags)
    var tag: String
    @Option(help: "Kept in the history.")
    var reason: String?
    @OptionGroup var common: CommonOptions

    func run(_ session: Session) async throws {
        let tag = try Words.tag(tag)
        try await session.show(.untag(device, tag.text, reason: reason)) {
            Report(untagged: $0)
        }
    }
}

struct BlockCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "block", abstract: "Cut a device off by hand.",
        discussion: """
            Example:
              regionlock block d-93kf --for 12h --reason "reported stolen, case 4411"
            """)

    @Argument(help: "A MAC, an address, a label or a host name.", completion: Names.devices)
    var device: String
    @Option(name: .customLong("for"), help: ArgumentHelp("12h, 30d or ever.", valueName: "time"))
    var term: String?
    @Option(help: "Kept in the history.")
    var reason: String?
    @OptionGroup var common: CommonOptions

    func run(_ session: Session) async throws {
        let request = BlockRequest(
            device: device, term: try Words.term(term, "--for"), reason: try Words.reason(reason))
        try await session.show(.block(request)) { Report(blocked: $0, session.style) }
    }
}

struct ReleaseCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "release", abstract: "Give a device, or many, the internet back.",
        discussion: """
            Examples:
              regionlock release B-7F3K --reason "sold to Spain, receipt 881" --exempt-for 30d
              regionlock release --all --region CU --reason "policy lifted" --dry-run
            """)

    @Argument(help: "A block's reference, or a device.", completion: Names.blocksAndDevices)
    var target: String?
    @Flag(help: "Instead of a device: every one that is cut off. Asks first on a terminal.")
    var all = false
    @Option(help: "With --all: only what this policy has cut off.", completion: Names.policies)
    var policy: String?
    @Option(help: "With --all: only in this region, as in CU or UA-43.")
    var region: String?
    @Flag(name: .customLong("dry-run"), help: "With --all: say how many, and change nothing.")
    var isDryRun = false
    @Flag(name: .customLong("yes"), help: "With --all: do not ask.")
    var isSure = false
    @Option(help: "Kept in the history.")
    var reason: String?
    @Option(
        name: .customLong("exempt-for"),
        help: ArgumentHelp("Leave it alone from now on, for 30d or ever.", valueName: "time"))
    var exemptFor: String?
    @OptionGroup var common: CommonOptions

    func run(_ session: Session) async throws {
        guard !all else { return try await releaseAll(session) }
        guard let target else {
            throw Failure.usage("name a block or a device, or give --all.")
        }
        let onlyWithAll = [
            ("--policy", policy != nil), ("--region", region != nil), ("--dry-run", isDryRun),
            ("--yes", isSure),
        ]
        if let option = onlyWithAll.first(where: { $0.1 }) {
            throw Failure.usage("\(option.0) goes with --all only.")
        }
        let request = ReleaseRequest(
            reason: try Words.reason(reason),
            exemptFor: try exemptFor.map { try Words.term($0, "--exempt-for") })
        try await session.show(.release(target, request)) { Report($0, session.style) }
    }

    private func releaseAll(_ session: Session) async throws {
        if let target { throw Failure.usage("--all and \(target): give one of the two.") }
        if exemptFor != nil { throw Failure.usage("--exempt-for goes with one device only.") }
        let reason = try Words.reason(reason)
        let region = try region.map(Words.region)
        func request(isDryRun: Bool) -> ReleaseAllRequest {
            ReleaseAllRequest(
                reason: reason, policy: policy, region: region, isDryRun: isDryRun ? true : nil)
        }
        if !isDryRun, !isSure {
            guard session.terminal.canAsk else {
                throw Failure.usage("--all asks first, and nobody is there to answer: add --yes.")
            }
            let preview = try await session.client.send(.releaseAll(request(isDryRun: true)))
            session.terminal.tell(Report(preview, session.style))
            if preview.released > 0, !session.terminal.ask("Release them?") {
                throw Failure(.failed)
            }
        }
        try await session.show(.releaseAll(request(isDryRun: isDryRun))) {
            Report($0, session.style)
        }
    }
}

struct ExemptCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "exempt", abstract: "Have policies leave a device alone for a time.",
        discussion: "Blocks in force that the exemption covers end with it.")

    @Argument(help: "A MAC, an address, a label or a host name.", completion: Names.devices)
    var device: String
    @Option(help: "Only this policy; else all of them.", completion: Names.policies)
    var policy: String?
    @Option(name: .customLong("for"), help: ArgumentHelp("30d or ever.", valueName: "time"))
    var term: String?
    @Option(help: "Kept in the history.")
    var reason: String?
    @OptionGroup var common: CommonOptions

    func run(_ session: Session) async throws {
        let request = ExemptRequest(
            device: device, policy: policy, term: try Words.term(term, "--for"),
            reason: try Words.reason(reason))
        try await session.show(.exempt(request)) { Report($0, session.style) }
    }
}

struct ExemptionsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "exemptions", abstract: "List exemptions, or end one.",
        subcommands: [List.self, End.self], defaultSubcommand: List.self)

    struct List: Command {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "List the exemptions that have not ended.")

        @OptionGroup var common: CommonOptions

        func run(_ session: Session) async throws {
            let exemptions = try await session.client.all { .exemptions(cursor: $0) }
            session.show(Page(items: exemptions), Report(exemptions, session.style))
        }
    }

    struct End: Command {
        static let configuration = CommandConfiguration(
            commandName: "end", abstract: "End an exemption now.")

        @Argument(help: "Its id, such as X-2M9Q.", completion: Names.exemptions)
        var exemption: String
        @OptionGroup var common: CommonOptions

        func run(_ session: Session) async throws {
            try await session.show(.endExemption(exemption)) { Report(ended: $0) }
        }
    }
}

struct ModeCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "mode", abstract: "Show the mode, or set it.",
        discussion: "monitor notes what enforce would cut off. It holds over restarts.")

    @Argument(help: "monitor or enforce.", completion: .list(["monitor", "enforce"]))
    var mode: String?
    @Option(help: "Kept in the history.")
    var reason: String?
    @OptionGroup var common: CommonOptions

    func run(_ session: Session) async throws {
        guard let mode else {
            try await session.show(.mode()) { Report($0) }
            return
        }
        guard let wanted = PolicyMode(rawValue: mode), wanted != .disabled else {
            throw Failure.usage("no mode \"\(mode)\": it is monitor or enforce.")
        }
        try await session.show(.setMode(ModeRequest(mode: wanted, reason: reason))) { Report($0) }
    }
}
