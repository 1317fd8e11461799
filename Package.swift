// swift-tools-version: 6.2
import PackageDescription

/// Settings every target of ours is built with: Swift 6 mode, strict imports, no warning survives.
let house: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]
/// The edges that touch C also mark every unsafe expression.
let edge: [SwiftSetting] = house + [.strictMemorySafety()]

let log = Target.Dependency.product(name: "Logging", package: "swift-log")
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let lifecycle = Target.Dependency.product(
    name: "ServiceLifecycle", package: "swift-service-lifecycle")
let signals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
let nio: [Target.Dependency] = [
    .product(name: "NIOCore", package: "swift-nio"),
    .product(name: "NIOPosix", package: "swift-nio"),
    .product(name: "NIOHTTP1", package: "swift-nio"),
]

let package = Package(
    name: "regionlockd",
    products: [
        .executable(name: "regionlockd", targets: ["regionlockd"]),
        .executable(name: "regionlock", targets: ["regionlock"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        // Leaves: values and pure functions, no I/O.
        .target(name: "Wire", swiftSettings: house),
        .target(
            name: "Inspection", dependencies: ["Wire", "PacketProtection"], swiftSettings: house),
        .target(name: "Policy", dependencies: ["Wire"], swiftSettings: house),
        .target(name: "Firewall", dependencies: ["Wire"], swiftSettings: house),
        .target(name: "Capture", dependencies: ["Wire"], swiftSettings: house),

        // The keys of QUIC Initials: bytes in, bytes out, computed by Nettle.
        .target(name: "CNettle", linkerSettings: [.linkedLibrary("nettle")]),
        .target(name: "PacketProtection", dependencies: ["CNettle"], swiftSettings: edge),

        // Core: pure as well; Settings reads text through libyaml.
        .target(
            name: "Engine", dependencies: ["Wire", "Inspection", "Policy", "Firewall"],
            swiftSettings: house),
        .target(name: "CYaml", linkerSettings: [.linkedLibrary("yaml")]),
        .target(name: "Settings", dependencies: ["Wire", "Policy", "CYaml"], swiftSettings: edge),
        .target(name: "ControlAPI", dependencies: ["Wire", "Policy"], swiftSettings: house),
        .target(
            name: "Replay",
            dependencies: ["Wire", "Capture", "Inspection", "Policy", "Firewall", "Engine"],
            swiftSettings: house),

        // Edges: one owner for each outside resource.
        .target(
            name: "CNetfilter",
            linkerSettings: [.linkedLibrary("nftnl"), .linkedLibrary("mnl")]),
        .target(
            name: "Netfilter", dependencies: ["Wire", "Firewall", "CNetfilter"],
            swiftSettings: edge),
        .target(name: "CSQLite", linkerSettings: [.linkedLibrary("sqlite3")]),
        .target(
            name: "BlockStore", dependencies: ["Wire", "Policy", "Engine", "CSQLite"],
            swiftSettings: edge),
        .target(name: "CMaxMindDB", linkerSettings: [.linkedLibrary("maxminddb")]),
        .target(
            name: "GeoIP", dependencies: ["Wire", "Policy", "CMaxMindDB"], swiftSettings: edge),
        .target(name: "CSystemd"),
        .target(name: "Systemd", dependencies: ["CSystemd", log], swiftSettings: edge),
        .target(
            name: "ControlServer", dependencies: ["ControlAPI", "Policy"] + nio,
            swiftSettings: edge),
        .target(
            name: "ControlClient", dependencies: ["ControlAPI", "Policy", "Wire"] + nio,
            swiftSettings: house),
        .target(
            name: "NoticeServer", dependencies: ["Wire", log] + nio, swiftSettings: edge),

        // Assembly and programs.
        .target(
            name: "RegionLockDaemon",
            dependencies: [
                "Wire", "Inspection", "Policy", "Firewall", "Engine", "Settings", "ControlAPI",
                "Netfilter", "BlockStore", "ControlServer", "GeoIP", "NoticeServer", "Systemd",
                log, lifecycle, signals,
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            swiftSettings: edge),
        .executableTarget(
            name: "regionlockd", dependencies: ["ControlAPI", "RegionLockDaemon", arguments],
            swiftSettings: house),
        .executableTarget(
            name: "regionlock",
            dependencies: [
                "Capture", "ControlAPI", "ControlClient", "Engine", "GeoIP", "Policy", "Replay",
                "Settings", "Wire", arguments,
            ],
            swiftSettings: house),

        // Test programs: not products, never installed.
        .executableTarget(
            name: "LabPeer", dependencies: ["InitialPackets"], path: "Tests/LabPeer",
            swiftSettings: house),
        .executableTarget(
            name: "SourceOnlyDaemon", dependencies: ["Firewall", "RegionLockDaemon"],
            path: "Tests/SourceOnlyDaemon", swiftSettings: house),

        // A client's side of QUIC, for tests, benchmarks and the laboratory.
        .target(name: "CInitialSeal", dependencies: ["CNettle"], path: "Tests/CInitialSeal"),
        .target(
            name: "InitialPackets", dependencies: ["CInitialSeal", "CNettle"],
            path: "Tests/InitialPackets", swiftSettings: house),

        // Traffic made from a seed: captures for the benchmark, first inputs for the fuzzers.
        .target(
            name: "PacketMill", dependencies: ["InitialPackets"], path: "Tests/PacketMill",
            swiftSettings: house),
        .executableTarget(
            name: "CaptureMill", dependencies: ["PacketMill"], path: "Tests/CaptureMill",
            swiftSettings: house),

        // What scripts/fuzz feeds; a test feeds it the corpus.
        .target(
            name: "FuzzTargets",
            dependencies: [
                "Capture", "CInitialSeal", "CNettle", "ControlAPI", "GeoIP", "Inspection",
                "Policy", "Settings", "Wire",
            ],
            path: "Tests/FuzzTargets",
            swiftSettings: house + [.enableExperimentalFeature("Lifetimes")]),
        .testTarget(
            name: "CaptureTests", dependencies: ["Capture", "PacketMill", "Wire"],
            swiftSettings: house),
        .testTarget(
            name: "ReplayTests",
            dependencies: [
                "Capture", "ControlAPI", "DatabaseMill", "Engine", "Firewall", "GeoIP",
                "Inspection", "PacketMill", "Policy", "Replay", "Settings", "Wire", "regionlock",
            ],
            exclude: ["Golden"], swiftSettings: house),
        .testTarget(
            name: "FuzzTests", dependencies: ["FuzzTargets", "PacketMill"],
            swiftSettings: house),

        .target(name: "CMallocCount", path: "Tests/CMallocCount"),
        .executableTarget(
            name: "Bench",
            dependencies: [
                "BlockStore", "Capture", "CMallocCount", "Engine", "Firewall", "InitialPackets",
                "Inspection", "Netfilter", "PacketMill", "Policy", "Replay", "Settings", "Wire",
            ],
            path: "Tests/Bench", swiftSettings: house),

        .testTarget(name: "WireTests", dependencies: ["Wire"], swiftSettings: house),
        .testTarget(
            name: "InspectionTests",
            dependencies: [
                "Capture", "CNettle", "InitialPackets", "Inspection", "PacketMill",
                "PacketProtection", "Wire",
            ],
            resources: [.copy("Recorded")], swiftSettings: house),
        .testTarget(
            name: "PolicyTests", dependencies: ["Policy", "Wire"], swiftSettings: house),
        .testTarget(
            name: "FirewallTests", dependencies: ["Firewall", "Wire"],
            resources: [.copy("Golden")], swiftSettings: house),
        .testTarget(
            name: "EngineTests",
            dependencies: ["Engine", "Policy", "Inspection", "Firewall", "Settings", "Wire"],
            resources: [.copy("Scenarios")], swiftSettings: house),
        .testTarget(
            name: "SettingsTests", dependencies: ["Settings", "Policy", "Wire"],
            resources: [.copy("Cases")], swiftSettings: house),
        .testTarget(
            name: "BlockStoreTests", dependencies: ["BlockStore", "Engine", "Policy", "Wire"],
            swiftSettings: house),
        // A writer of MaxMind DB files: no database of anybody else is shipped.
        .target(
            name: "DatabaseMill", dependencies: ["Policy", "Wire"], path: "Tests/DatabaseMill",
            swiftSettings: house),
        .testTarget(
            name: "GeoIPTests", dependencies: ["DatabaseMill", "GeoIP", "Policy", "Wire"],
            swiftSettings: house),
        .testTarget(name: "SystemdTests", dependencies: ["Systemd", log], swiftSettings: house),
        .testTarget(
            name: "ControlTests",
            dependencies: [
                "ControlAPI", "ControlServer", "ControlClient", "Policy", "Wire", "regionlock",
            ] + nio,
            exclude: ["Golden"], swiftSettings: house),
        .testTarget(
            name: "NetfilterTests", dependencies: ["Netfilter", "Firewall", "Wire"],
            swiftSettings: house),
        .testTarget(
            name: "KernelTests",
            dependencies: [
                "BlockStore", "DatabaseMill", "Engine", "Firewall", "Inspection", "Policy", "Wire",
            ],
            swiftSettings: house),
        .testTarget(
            name: "NoticeServerTests", dependencies: ["NoticeServer", "Wire"],
            swiftSettings: house),
        .testTarget(
            name: "RegionLockDaemonTests",
            dependencies: [
                "RegionLockDaemon", "BlockStore", "ControlAPI", "Engine", "Netfilter", "Policy",
                "Systemd", "Wire", log,
            ],
            swiftSettings: house),
        .testTarget(name: "TidyTests", swiftSettings: house),
    ]
)
