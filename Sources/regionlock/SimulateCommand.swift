import ArgumentParser
import ControlAPI
import ControlClient
import Engine
import Policy
import Replay
import Settings
import Wire

/// Asks the daemon, or settings that are not installed, what an attempt would meet.
struct SimulateCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "simulate", abstract: "What would happen? Changes nothing.",
        discussion: """
            Every policy is told with what it says and why, in the order of asking. With --config \
            or --policy the settings given there answer instead of those in force, and no daemon \
            is needed; when one runs, it says what it knows of the device.

            Examples:
              regionlock simulate --device bench-phone-7 --to account.xiaomi.com
              regionlock simulate --tag xiaomi --region UA-43 --to account.xiaomi.com --exit-code
              regionlock simulate --policy new.yaml --tag xiaomi --region CU --to a.example.com
              regionlock simulate --tag xiaomi --site havana-shop --entry
            """)

    @Option(
        help: "A device; its tags and, without another, its site count.", completion: Names.devices)
    var device: String?
    @Option(help: "Instead of a device: a tag. May be given several times.", completion: Names.tags)
    var tag: [String] = []
    @Option(help: "At this site.", completion: Names.sites)
    var site: String?
    @Option(help: "Instead of a site: in this region, as in CU or UA-43.")
    var region: String?
    @Option(name: .customLong("to"), help: ArgumentHelp("The name it asks for.", valueName: "name"))
    var endpoint: String?
    @Flag(
        name: .customLong("entry"),
        help: "Instead of a name: being there is all it does, as policies \"on: entry\" see it.")
    var isEntry = false
    @Option(name: .customLong("at"), help: ArgumentHelp("On another day.", valueName: "date"))
    var moment: String?
    @Option(
        name: [.customLong("config"), .customLong("settings")],
        help: ArgumentHelp("Ask the settings in this directory.", valueName: "dir"),
        completion: .directory)
    var directory: String?
    @Option(
        help: ArgumentHelp(
            "Ask as if this policy were installed as well, or instead of the one of its name.",
            valueName: "file"),
        completion: .file(extensions: ["yaml"]))
    var policy: String?
    @Flag(name: .customLong("exit-code"), help: "Exit status 10 when it would be cut off.")
    var hasExitCode = false
    @OptionGroup var common: CommonOptions

    private static let installed = "/etc/regionlock"

    func run(_ session: Session) async throws {
        guard (device == nil) != tag.isEmpty else {
            throw Failure.usage("give either --device or --tag.")
        }
        guard (endpoint == nil) == isEntry else {
            throw Failure.usage("give either --to, a name it asks for, or --entry.")
        }
        let query = SimulateQuery(
            device: device, tags: try tag.map(Words.tag), site: site,
            region: try region.map(Words.region), to: try endpoint.map(Words.domain),
            at: try moment.map { try Words.time($0, "--at") })
        let decision =
            directory == nil && policy == nil
            ? try await session.client.send(.simulate(query))
            : try await ask(query, session)
        session.show(decision, Report(decision))
        if hasExitCode, decision.verdict == .block { throw Failure(.wouldBlock) }
    }

    /// Puts the question to the settings given, by the engine the daemon has.
    private func ask(_ query: SimulateQuery, _ session: Session) async throws -> DecisionRecord {
        guard query.site == nil || query.region == nil else {
            throw Failure.usage("give either --site or --region.")
        }
        guard query.device != nil || query.site != nil || query.region != nil else {
            throw Failure.usage("tags alone are nowhere: give --site or --region.")
        }
        if let region = query.region, !RegionTable.installed().isAssigned(region) {
            throw Failure.usage(
                "there is no region \(region).",
                hint: RegionTable.installed().advice(for: region.code))
        }
        let settings = try session.settings(
            in: directory ?? Self.installed, adding: policy)
        var place = try query.site.map { try ReplayCommand.site($0, in: settings) }
        var known: Explanation?
        if let device = query.device { known = await knowledge(of: device, session) }
        if place == nil, query.region == nil, let name = known?.device.site {
            place = settings.sites.sites.first { $0.name == name }
        }
        let knowledge = known.flatMap(SettingsStand.Knowledge.init)
        let stand = SettingsStand(
            settings: settings, knowing: knowledge, at: query.at ?? Terminal.now,
            region: try session.regions(
                for: settings, in: directory ?? Self.installed, isQuiet: common.isQuiet))
        var key = knowledge?.key
        if key == nil, let device = query.device {
            do throws(Refusal) {
                key = try stand.device(named: device)
            } catch {
                throw Failure(.notFound, Report(usage: "\(error.text).", hint: error.hint))
            }
        }
        let answer = stand.answer(
            to: Question(
                device: key, tags: query.tags, site: place, region: query.region,
                name: query.to?.text ?? ""))
        return DecisionRecord(answer.decision, tried: answer.trials)
    }

    /// What the daemon knows of the device; nil, said once, when it does not answer.
    private func knowledge(of device: String, _ session: Session) async -> Explanation? {
        if let explanation = try? await session.client.send(.explain(device)) {
            return explanation
        }
        if !common.isQuiet {
            session.terminal.tell(
                Report(
                    note: "The daemon says nothing of \(device): only what the settings say of "
                        + "it counts, and no exemption."))
        }
        return nil
    }
}

extension SettingsStand.Knowledge {
    /// Nil for a device without a key that can be read.
    fileprivate init?(_ explanation: Explanation) {
        let device = explanation.device
        let address = device.addresses.last.flatMap { IPAddress($0) }
        guard let key = DeviceKey(device.id) ?? device.mac.flatMap({ DeviceKey($0) }) else {
            return nil
        }
        let exemption = explanation.exemption.map {
            Exemption(
                id: $0.id, device: key, policy: $0.policy, since: $0.since, until: $0.until,
                by: $0.by, reason: $0.reason)
        }
        self.init(
            key: key, address: address, interface: device.interface.flatMap { InterfaceName($0) },
            tags: device.givenTags ?? [], exemptions: exemption.map { [$0] } ?? [])
    }
}

extension Session {
    /// The settings of a directory; what is wrong with them is told, and ends the command.
    func settings(in directory: String, adding policy: String? = nil) throws -> GatewaySettings {
        var result = SettingsLoader.load(
            directory: directory, vendorRegistry: .installed(), regions: .installed(),
            adding: policy)
        if policy != nil { result.runTests(at: Terminal.now) }
        if let settings = result.settings, result.errorCount == 0 { return settings }
        let errors = result.problems.filter { $0.severity == .error }
        // A policy from elsewhere is called what the person calls it.
        let place = policy.map { "policy.d/\($0.split(separator: "/").last ?? "")" }
        let findings = errors.map { problem in
            guard let policy, problem.file == place else {
                return problem.rendered(directory: directory)
            }
            return problem.moved(to: policy).rendered()
        }
        terminal.tell(
            Report(
                findings: findings, errors: errors.count, warnings: result.warningCount))
        throw Failure(.settingsNotValid)
    }
}
