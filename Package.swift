// swift-tools-version: 6.2
import PackageDescription

// The house of Specs/ARCHITECTURE.md: every room, and the rooms it may look into. A test compares the two.
// Pure rooms know no clock, no randomness, no files, no sockets and no Foundation; only Node joins effects.

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
]

func room(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

func program(_ name: String, _ dependencies: [Target.Dependency], path: String? = nil) -> Target {
    .executableTarget(name: name, dependencies: dependencies, path: path, swiftSettings: settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name + "Tests", dependencies: dependencies, path: "Tests/\(name)Tests", swiftSettings: settings)
}

/// The libraries of others. Each has its reason in Specs/decisions/dependencies.md.
enum Library {
    static let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
    static let asyncHTTPClient = Target.Dependency.product(name: "AsyncHTTPClient", package: "async-http-client")
    static let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
    static let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
    static let metrics = Target.Dependency.product(name: "Metrics", package: "swift-metrics")
    static let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
    static let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
    static let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
    static let nioWebSocket = Target.Dependency.product(name: "NIOWebSocket", package: "swift-nio")
    static let serviceLifecycle = Target.Dependency.product(
        name: "ServiceLifecycle", package: "swift-service-lifecycle")
    static let unixSignals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
    static let tomlKit = Target.Dependency.product(name: "TOMLKit", package: "TOMLKit")
}

let foundations: [Target.Dependency] = ["Primitives", "Encoding", "Cryptography", "StateModel", "Votes"]
let domains: [Target.Dependency] = ["Identities", "Consents", "Revenue", "INFTs", "Licenses", "Governance"]

var targets: [Target] = [
    .systemLibrary(
        name: "CLMDB", pkgConfig: "lmdb", providers: [.apt(["liblmdb-dev"])]),
    .systemLibrary(
        name: "CSecp256k1", pkgConfig: "libsecp256k1", providers: [.apt(["libsecp256k1-dev"])]),
    .systemLibrary(
        name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(name: "CMalloc"),

    // Pure rooms
    room("Primitives", []),
    room("Encoding", ["Primitives"]),
    room("Cryptography", ["Primitives", "Encoding", "CSecp256k1", "COpenSSL"]),
    room("ContentFormat", ["Primitives", "Encoding", "Cryptography"]),
    room("StateModel", ["Primitives", "Encoding", "Cryptography"]),
    room("Votes", ["Primitives", "Encoding", "Cryptography"]),
    room("Identities", foundations),
    room("Consents", foundations + ["Identities"]),
    room("Revenue", foundations + ["Identities"]),
    room("INFTs", foundations + ["Identities", "Consents", "Revenue"]),
    room("Licenses", foundations + ["Identities", "Consents", "Revenue", "INFTs"]),
    room("Governance", foundations + ["Identities", "Consents", "Revenue", "INFTs", "Licenses"]),
    room("Transactions", foundations + domains),
    room("Blocks", foundations + domains + ["Transactions"]),
    room("Execution", foundations + domains + ["Transactions", "Blocks"]),
    room("Proofs", foundations + domains + ["Transactions", "Blocks"]),
    room("Consensus", ["Primitives", "Votes"]),
    room("Mempool", ["Primitives", "Encoding", "StateModel"]),
    room(
        "Replica",
        foundations + domains + ["Transactions", "Blocks", "Execution", "Proofs", "Consensus", "Mempool"]),
    room("Interface", foundations + domains + ["Transactions", "Blocks", "Proofs"]),
    room("HealthRecords", ["Primitives", "Cryptography", "Identities", "Consents", "Interface"]),
    room("Custodian", foundations + domains + ["Interface"]),

    // Effects
    room("Storage", ["Primitives", "Encoding", "StateModel", "Votes", "CLMDB"]),
    room(
        "Content",
        [
            "Primitives", "Encoding", "Cryptography", "ContentFormat", Library.asyncHTTPClient, Library.nioCore,
            Library.nioHTTP1, Library.nioPosix,
        ]),
    room(
        "RPC",
        [
            "Primitives", "Interface", "Execution", Library.hummingbird, Library.logging, Library.metrics,
            Library.nioCore, Library.nioHTTP1, Library.nioPosix, Library.nioWebSocket,
            Library.serviceLifecycle,
        ]),
    room(
        "Networking",
        [
            "Primitives", "Cryptography", Library.logging, Library.metrics, Library.nioCore, Library.nioPosix,
            Library.serviceLifecycle,
        ]),
    room(
        "Node",
        foundations + domains + [
            "Transactions", "Blocks", "Execution", "Proofs", "Consensus", "Mempool", "Replica", "Interface", "Storage",
            "Networking", "RPC", "Content", "ContentFormat", "CMalloc", Library.logging, Library.metrics,
            Library.nioCore,
            Library.nioPosix, Library.serviceLifecycle,
            Library.unixSignals, Library.tomlKit,
        ]),
    room(
        "WalletKit",
        foundations + domains + [
            "ContentFormat", "Transactions", "Blocks", "Execution", "Proofs", "Interface", "Custodian",
            Library.asyncHTTPClient,
            Library.nioCore, Library.nioHTTP1, Library.nioPosix,
        ]),

    // Programs and tools
    room(
        "Simulator",
        foundations + domains + [
            "Transactions", "Blocks", "Execution", "Consensus", "Mempool", "Replica", "Interface", "Custodian",
            "Storage",
        ]),
    program("mednexus-simulator", ["Simulator", Library.argumentParser]),
    program(
        "mednexusd",
        [
            "Node", "WalletKit", "Primitives", "Cryptography", "Interface", "Blocks", Library.argumentParser,
            Library.unixSignals,
        ]),
    program(
        "mednexus",
        foundations + domains + [
            "WalletKit", "ContentFormat", "Custodian", "Interface", "HealthRecords", "Transactions", "Blocks", "Proofs",
            Library.argumentParser, Library.unixSignals,
        ]),
    program(
        "mednexus-bench",
        foundations + domains + [
            "ContentFormat", "COpenSSL", "CSecp256k1", "Transactions", "Blocks", "Execution", "Storage", "Interface",
            "Node",
            Library.argumentParser, Library.asyncHTTPClient, Library.hummingbird, Library.logging, Library.nioCore,
            Library.nioHTTP1,
        ]),
]

targets += [
    program("mednexus-relay", [], path: "Tests/Relay"),
    .target(
        name: "TestSupport", dependencies: ["Primitives", "Encoding", "Cryptography", "StateModel"],
        path: "Tests/Support", swiftSettings: settings),
    tests("Votes", ["Votes", "Primitives", "Encoding", "Cryptography"]),
    tests("Consensus", ["Consensus", "Votes", "Primitives", "Cryptography"]),
    tests("Mempool", ["Mempool", "Primitives"]),
    tests(
        "Replica",
        ["Replica", "Execution", "Blocks", "Transactions", "Mempool", "Consensus", "TestSupport"] + foundations
            + domains),
    tests("Identities", ["Identities", "TestSupport"] + foundations),
    tests("Consents", ["Consents", "Identities", "TestSupport", "Fixtures"] + foundations),
    tests("Revenue", ["Revenue", "Identities", "TestSupport"] + foundations),
    tests("Licenses", ["Licenses", "INFTs", "Revenue", "Consents", "Identities", "TestSupport"] + foundations),
    tests("INFTs", ["INFTs", "Revenue", "Consents", "Identities", "TestSupport"] + foundations),
    tests(
        "Governance",
        ["Governance", "Consents", "Identities", "INFTs", "Revenue", "TestSupport"] + foundations),
    tests("Transactions", ["Transactions", "Blocks", "TestSupport"] + foundations + domains),
    tests("Proofs", ["Proofs", "Execution", "Blocks", "Transactions", "TestSupport"] + foundations + domains),
    tests("Execution", ["Execution", "Blocks", "Transactions", "TestSupport"] + foundations + domains),
    .target(name: "Fixtures", dependencies: ["Primitives"], path: "Tests/Fixtures", swiftSettings: settings),
    tests("StateModel", ["StateModel", "Primitives", "Encoding", "Cryptography", "TestSupport"]),
    tests("Storage", ["Storage", "StateModel", "Votes", "Primitives", "Encoding", "Cryptography", "TestSupport"]),
    tests("Content", ["Content", "ContentFormat", "Cryptography", "Encoding", "Primitives", "TestSupport"]),
    tests("Architecture", []),
    tests("Simulator", ["Simulator", "Storage", "Votes", "Primitives"]),
    tests(
        "Node",
        [
            "Node", "Primitives", "Blocks", "Content", "ContentFormat", "Cryptography", "Encoding", "Governance",
            "Interface", "Proofs", "Replica", "StateModel", "Storage", "Votes", Library.logging,
        ]),
    tests("Primitives", ["Primitives", "Fixtures"]),
    tests("Encoding", ["Encoding", "Primitives", "Fixtures"]),
    tests(
        "WalletKit",
        foundations + domains + [
            "WalletKit", "ContentFormat", "Custodian", "Interface", "Transactions", "TestSupport", Library.nioCore,
            Library.nioHTTP1, Library.nioPosix,
        ]),
    tests("Cryptography", ["Cryptography", "Encoding", "Primitives", "Fixtures"]),
    tests("ContentFormat", ["ContentFormat", "Cryptography", "Encoding", "Primitives", "Fixtures", "TestSupport"]),
    tests(
        "Schema", foundations + domains + ["ContentFormat", "Transactions", "Blocks", "Proofs", "Replica", "Fixtures"]),
    .target(
        name: "TestBackend",
        dependencies: ["Interface", "Primitives", "Encoding", "StateModel", "Proofs", "Blocks", "Votes"],
        path: "Tests/Backend", swiftSettings: settings),
    tests(
        "Networking",
        [
            "Networking", "Cryptography", "Primitives", "Fixtures", "TestSupport", Library.logging, Library.metrics,
            Library.nioCore, Library.nioPosix,
        ]),
    tests("Custodian", ["Custodian", "Interface", "Primitives", "Encoding", "Cryptography", "Consents"]),
    tests("Interface", ["Interface", "TestBackend", "TestSupport"] + foundations + domains + ["Transactions"]),
    tests(
        "HealthRecords", ["HealthRecords", "Interface", "Consents", "Identities", "Primitives", "TestSupport"]),
    tests(
        "RPC",
        [
            "RPC", "Interface", "TestBackend", "TestSupport", "Primitives", "Encoding", "StateModel", Library.logging,
            Library.metrics,
            Library.nioCore, Library.nioPosix, Library.serviceLifecycle,
        ]),
]

let libraries: [Package.Dependency] = [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
    .package(url: "https://github.com/LebJe/TOMLKit", from: "0.6.0"),
    .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
]

var package = Package(
    name: "mednexus",
    platforms: [.macOS(.v26)],
    products: [
        .executable(name: "mednexusd", targets: ["mednexusd"]),
        .executable(name: "mednexus", targets: ["mednexus"]),
        .executable(name: "mednexus-bench", targets: ["mednexus-bench"]),
        .executable(name: "mednexus-simulator", targets: ["mednexus-simulator"]),
    ],
    dependencies: libraries,
    targets: targets
)

// MEDNEXUS_ONLY=Consents,INFTs makes a package of those rooms, what they look into, and their tests: seconds instead
// of minutes while working on one room (`make test ONLY=Consents`).
if let only = Context.environment["MEDNEXUS_ONLY"], !only.isEmpty {
    var wanted: Set<String> = []
    var packages: Set<String> = []
    var open = only.split(separator: ",").flatMap { [String($0), $0 + "Tests"] }
    while let name = open.popLast() {
        guard let target = targets.first(where: { $0.name == name }), wanted.insert(name).inserted else { continue }
        for dependency in target.dependencies {
            switch dependency {
            case .byNameItem(let name, _), .targetItem(let name, _): open.append(name)
            case .productItem(_, let package, _, _): if let package { packages.insert(package) }
            @unknown default: fatalError("a kind of dependency that MEDNEXUS_ONLY does not know")
            }
        }
    }
    package.targets = targets.filter { wanted.contains($0.name) }
    package.products = package.products.filter { wanted.contains($0.name) }
    package.dependencies = libraries.filter { library in
        packages.contains { name in
            if case .sourceControl(_, let location, _) = library.kind { location.hasSuffix("/" + name) } else { false }
        }
    }
}
