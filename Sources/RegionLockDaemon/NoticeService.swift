import Engine
import Logging
import NIOCore
import NoticeServer
import Policy
import ServiceLifecycle
import Wire

/// The page that tells the person in front of a cut device why.
///
/// The gateway forwards and cuts without it: when its port is taken, that is logged and nothing
/// else happens.
struct NoticeService: Service {
    let port: UInt16
    let group: any EventLoopGroup
    let gatekeeper: Gatekeeper
    let settings: SettingsSource
    let logger: Logger

    func run() async throws {
        let (gatekeeper, settings) = (gatekeeper, settings)
        do {
            let listener = try await NoticeListener.bind(port: Int(port), group: group) { address in
                await gatekeeper.ask { engine, _ in
                    Self.notice(for: address, in: engine, regionName: settings.regionName)
                }
            }
            try await cancelWhenGracefulShutdown { try await listener.run() }
        } catch let error as NoticeListenError {
            logger.error("no notice is shown: \(error)")
            // Going on without it; the service ends when the daemon does.
            try await gracefulShutdown()
        }
    }

    /// What the person at this address is told; nil when the device there is not cut.
    private static func notice(
        for address: IPAddress, in engine: borrowing BlockEngine,
        regionName: (Region) -> String?
    ) -> NoticeContent? {
        let owner = engine.bindings.holder(of: address).map(DeviceKey.mac)
        guard let block = engine.block(of: owner ?? .address(address)) else { return nil }
        let policy = engine.book.settings.policies.first { $0.name == block.policyName }
        var content = NoticeContent(
            reference: block.id.text, policyTitle: policy?.title ?? "",
            message: policy?.message ?? "", contactName: policy?.contact.name,
            contactPhone: policy?.contact.phone, contactEmail: policy?.contact.email,
            contactURL: policy?.contact.url, since: block.since, until: block.until,
            siteName: block.site, regionName: block.region.flatMap(regionName))
        content.translations = policy?.translations ?? [:]
        return content
    }
}
