package import ControlAPI
package import Engine
import GeoIP
import Inspection
package import Logging
package import Policy
import ServiceLifecycle
import Settings
import Wire

/// Reads the lists of DHCP servers that the settings name, off the packet thread, whenever one of
/// their files has changed.
///
/// A list that can't be read leaves what it said before in use, and is told of.
package actor LeaseKeeper {
    /// What one list said when it was read last.
    private struct Copy: Sendable {
        var files: [FileIdentity?] = []
        var leases: [WrittenLease] = []
        var trouble: String?
    }

    /// Kea's list is a journal, with a line for each renewal until the clean-up of each hour: a
    /// network of 65,536 devices with leases of an hour writes some 20 MB in between.
    static let maximumBytes = 64 << 20
    /// Reading takes no more than this part of a core.
    private static let restFactor: UInt64 = 20

    private let clock: DaemonClock
    private let logger: Logger
    private var lists: [LeaseList] = []
    private var copies: [LeaseList: Copy] = [:]
    private var nextLook: UInt64 = 0

    package init(clock: DaemonClock, logger: Logger) {
        self.clock = clock
        self.logger = logger
    }

    /// What all lists say, and whether all could be read.
    package var words: (leases: [LeaseWords], isWhole: Bool) {
        var byMAC: [MACAddress: LeaseWords] = [:]
        for lease in lists.flatMap({ copies[$0]?.leases ?? [] }) {
            let words = LeaseWords(lease)
            byMAC[words.mac] = byMAC[words.mac].map { $0.completed(from: words) } ?? words
        }
        // A list that is still empty, as after a start of both, does not say who was here.
        let isWhole = !byMAC.isEmpty && lists.allSatisfy { copies[$0]?.trouble == nil }
        return (byMAC.values.sorted { $0.mac < $1.mac }, isWhole)
    }

    /// Reads what the settings name from now on.
    ///
    /// - Returns: whether anything is another than before.
    @discardableResult
    package func adopt(_ settings: GatewaySettings) -> Bool {
        let isAnother = lists != settings.leaseFiles
        lists = settings.leaseFiles
        copies = copies.filter { lists.contains($0.key) }
        return readChanged() || isAnother
    }

    /// Looks whether a file is another one.
    func look(for gatekeeper: Gatekeeper) async {
        let settings = await gatekeeper.ask { engine, _ in engine.book.settings }
        let begin = clock.monotonicNanoseconds()
        guard settings.leaseFiles != lists || begin >= nextLook else { return }
        let isAnother = adopt(settings)
        nextLook = begin + (clock.monotonicNanoseconds() - begin) * Self.restFactor
        guard isAnother else { return }
        let (leases, isWhole) = words
        await gatekeeper.take(leases, isWhole: isWhole)
    }

    /// For `regionlock status`.
    package var warnings: [Warning] {
        lists.compactMap { list in
            copies[list]?.trouble.map {
                Warning(code: "leases", text: $0, fix: list.source.description)
            }
        }
    }

    // MARK: Files

    private func readChanged() -> Bool {
        var isAnother = false
        for list in lists {
            let files = Self.paths(of: list).map { FileIdentity(path: $0) }
            let before = copies[list]
            guard before?.files != files || before?.trouble != nil else { continue }
            var copy = before ?? Copy()
            copy.files = files
            do throws(FileError) {
                let leases = try Self.read(list)
                isAnother = isAnother || copy.leases != leases || copy.trouble != nil
                copy.leases = leases
                copy.trouble = nil
            } catch {
                copy.trouble = "leases are not read: \(error)"
            }
            if let trouble = copy.trouble, trouble != before?.trouble {
                logger.warning("\(trouble)", metadata: ["event": "leases.trouble"])
            }
            copies[list] = copy
        }
        return isAnother
    }

    /// Oldest first. Kea's clean-up puts what was there before beside the journal, and what it has
    /// made of it under another name until it is done (Kea ARM, section 8.2.2.1).
    private static func paths(of list: LeaseList) -> [String] {
        switch list.format {
        case .dnsmasq: [list.path]
        case .kea:
            FileIdentity(path: list.path + ".completed") != nil
                ? [list.path + ".completed", list.path]
                : [list.path + ".2", list.path + ".1", list.path]
        }
    }

    private static func read(_ list: LeaseList) throws(FileError) -> [WrittenLease] {
        var reading = LeaseFile.Reading()
        for path in paths(of: list) {
            do throws(FileError) {
                let text = try FileSystem.read(path, limit: maximumBytes).bytes
                switch list.format {
                case .dnsmasq: LeaseFile.readDnsmasq(text.span, into: &reading)
                case .kea: LeaseFile.readKea(text.span, into: &reading)
                }
            } catch  where error.isNotFound && path != list.path {
                continue
            }
        }
        return reading.leases.sorted { $0.key < $1.key }.map(\.value)
    }
}

extension LeaseWords {
    /// A device may have several leases, of both families.
    fileprivate func completed(from other: LeaseWords) -> LeaseWords {
        var both = identity
        both.complete(from: other.identity)
        return LeaseWords(mac: mac, identity: both)
    }
}

extension Gatekeeper {
    func take(_ leases: [LeaseWords], isWhole: Bool) {
        let effects = engine.handle(.leases(leases, isWhole: isWhole), at: clock.now())
        // Before, there is no table: it is made with what they say.
        if hasBegun { run(effects) }
    }
}

/// Has the keeper look now and then.
struct LeaseService: Service {
    private static let period = Duration.seconds(1)

    let keeper: LeaseKeeper
    let gatekeeper: Gatekeeper

    func run() async throws {
        try? await cancelWhenGracefulShutdown {
            while true {
                try await Task.sleep(for: Self.period)
                await keeper.look(for: gatekeeper)
            }
        }
    }
}
