/// The MESSAGE_ID of each kind of event, as `journalctl MESSAGE_ID=...` and the catalogue know it.
///
/// The raw values are those of the engine's event kinds; `block.by_hand` tells an operator's block
/// from a policy's, and `journal.entries_lost` is the journal sender's own. An id that has shipped
/// never changes: people's filters hold it.
package enum MessageID: String, CaseIterable, Sendable {
    case blockCreated = "block.created"
    case blockReleased = "block.released"
    case blockExpired = "block.expired"
    case blockAdopted = "block.adopted"
    case blockFailed = "block.failed"
    case wouldBlock = "monitor.would_block"
    case attemptAllowed = "attempt.allowed"
    case tagAdded = "tag.added"
    case tagRemoved = "tag.removed"
    case exemptionAdded = "exemption.added"
    case exemptionEnded = "exemption.ended"
    case modeChanged = "mode.changed"
    case settingsLoaded = "settings.loaded"
    case settingsRefused = "settings.refused"
    case settingsRolledBack = "settings.rolled_back"
    case rulesetInstalled = "ruleset.installed"
    case rulesetTampered = "ruleset.tampered"
    case everythingRemoved = "everything.removed"
    case daemonStarted = "daemon.started"
    case daemonStopped = "daemon.stopped"
    case storeLost = "store.lost"
    case packetsLost = "packets.lost"
    case addressContested = "address.contested"
    case addressForged = "address.forged"
    case deviceRouter = "device.router"
    /// A block that an operator made; the event is `block.created` as well.
    case blockByHand = "block.by_hand"
    case journalEntriesLost = "journal.entries_lost"

    /// 128 bits as 32 lower-case hexadecimal digits (systemd.journal-fields(7)).
    package var hex: String {
        switch self {
        case .blockCreated: "9bc695fc91714605918c4488d03b0763"
        case .blockReleased: "b300a3220adf4ef08b7553e964795ebe"
        case .blockExpired: "1a1fac38eff144adbe399324607aad54"
        case .blockAdopted: "2b7c5901555749bcbe0dee8e4269cdba"
        case .blockFailed: "e02a2d5e460e4980b107bab367a5edfa"
        case .wouldBlock: "3273cb0b99b54f50a89c0c502cf835ce"
        case .attemptAllowed: "4ddafdd20f87410a885b20ada35e3d0f"
        case .tagAdded: "0ff389e7180d404aa844ee5e3b1db90b"
        case .tagRemoved: "5bd37e79c6a34d83b30fd564a09a8736"
        case .exemptionAdded: "2180d1ecc3734290905b2dc2d9f0f76f"
        case .exemptionEnded: "43e3dce78c744c4c992c59e91c2fa30f"
        case .modeChanged: "db30b6f2b85d4c918e92cde17cf7a9a5"
        case .settingsLoaded: "290437fe413949c680712609eaa1c045"
        case .settingsRefused: "eb7df510552942c280bd1c5683f7e9b2"
        case .settingsRolledBack: "768957367c6a42bcb9f62886c498bd4a"
        case .rulesetInstalled: "ad0cfeb908434a51a00ffd8dfd7b0328"
        case .rulesetTampered: "d7809ab392a74a6da77da76d04360f4e"
        case .everythingRemoved: "e5005dbcb4734a82b4a95ac1f179f6ec"
        case .daemonStarted: "04342dd2bc034bcd9720dd14f754121f"
        case .daemonStopped: "e984e71655274d3d819617bea3b6fe74"
        case .storeLost: "99962d3cbbe64e249318aaf4e4eb27e1"
        case .packetsLost: "cb9c8300f53a4548a0f84e674dd3371d"
        case .addressContested: "65b0696c98f54a80b625a27c61fbe7b3"
        case .addressForged: "b3c120ccc59f43c7b11f2d7d01fead30"
        case .deviceRouter: "419cc938934a40afab3ceabe5b4fd8ec"
        case .blockByHand: "9f0491ac77f04b27a6f3ecca48fb0e78"
        case .journalEntriesLost: "7d8a023d2f5d4750ac04c076891b1c64"
        }
    }
}
