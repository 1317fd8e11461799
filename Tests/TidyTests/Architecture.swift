/// Who may import whom: the arrows of Package.swift once more, so that a dependency cannot be added
/// there in passing.
enum Architecture {
    /// No clock, socket, file or log inside: values and functions of values.
    static let pure: Set = [
        "Wire", "PacketProtection", "Inspection", "Policy", "Firewall", "Capture", "Engine",
        "Replay", "ControlAPI",
    ]

    private static let core: Set = [
        "Wire", "Inspection", "Policy", "Firewall", "Engine", "Settings", "ControlAPI",
    ]
    private static let nio: Set = ["NIOCore", "NIOPosix", "NIOHTTP1", "Logging"]
    /// What any target with a foot in the outside may use.
    private static let system: Set = ["Glibc", "Synchronization", "FoundationEssentials"]

    static let imports: [String: Set<String>] = [
        "Wire": [],
        "PacketProtection": ["CNettle"],
        "Inspection": ["Wire", "PacketProtection"],
        "Policy": ["Wire"],
        "Firewall": ["Wire"],
        "Capture": ["Wire"],
        "Engine": ["Wire", "Inspection", "Policy", "Firewall"],
        "Replay": ["Wire", "Capture", "Inspection", "Policy", "Firewall", "Engine"],
        "ControlAPI": ["Wire", "Policy"],
        "Settings": system.union(["Wire", "Policy", "CYaml"]),
        "Netfilter": system.union(["Wire", "Firewall", "CNetfilter"]),
        "BlockStore": system.union(["Wire", "Policy", "Engine", "CSQLite"]),
        "GeoIP": system.union(["Wire", "Policy", "CMaxMindDB"]),
        "Systemd": system.union(["CSystemd", "Logging"]),
        "ControlServer": system.union(nio).union(["ControlAPI", "Policy", "Wire"]),
        "ControlClient": system.union(nio).union(["ControlAPI", "Policy", "Wire"]),
        "NoticeServer": system.union(nio).union(["Wire"]),
        "RegionLockDaemon": system.union(core).union([
            "Netfilter", "BlockStore", "ControlServer", "GeoIP", "NoticeServer", "Systemd",
            "Logging", "ServiceLifecycle", "UnixSignals", "NIOCore", "NIOPosix",
        ]),
        "regionlockd": system.union(["RegionLockDaemon", "ControlAPI", "ArgumentParser"]),
        "regionlock": system.union([
            "Capture", "ControlAPI", "ControlClient", "Engine", "GeoIP", "Replay", "Settings",
            "Policy", "Wire", "ArgumentParser",
        ]),
    ]

    /// The one target that speaks to each C library.
    static let ownerOfCModule = [
        "CMaxMindDB": "GeoIP", "CNetfilter": "Netfilter", "CNettle": "PacketProtection",
        "CSQLite": "BlockStore",
        "CSystemd": "Systemd", "CYaml": "Settings",
    ]
}
