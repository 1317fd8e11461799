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
        commandName: "release", abstract: "Give a device its internet back.",
        discussion: """
            Example:
              regionlock release B-7F3K --reason "sold to Spain, receipt 881" --exempt-for 30d
            """)

    @Argument(help: "A block's reference, or a device.", completion: Names.blocksAndDevices)
    var target: String
    @Option(help: "Kept in the history.")
    var reason: String?
    @Option(
        name: .customLong("exempt-for"),
        help: ArgumentHelp("Leave it alone from now on, for 30d or ever.", valueName: "time"))
    var exemptFor: String?
    @OptionGroup var common: CommonOptions

    func run(_ session: Session) async throws {
        let request = ReleaseRequest(
            reason: try Words.reason(reason),
            exemptFor: try exemptFor.map { try Words.term($0, "--exempt-for") })
        try await session.show(.release(target, request)) { Report($0, session.style) }
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
