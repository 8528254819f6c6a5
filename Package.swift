// swift-tools-version:6.2
import PackageDescription

let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

let hummingbird: [Target.Dependency] = [
    .product(name: "Hummingbird", package: "hummingbird"),
    .product(name: "HummingbirdCore", package: "hummingbird"),
    .product(name: "HTTPTypes", package: "swift-http-types"),
    .product(name: "NIOCore", package: "swift-nio"),
    .product(name: "NIOPosix", package: "swift-nio"),
    .product(name: "NIOHTTP1", package: "swift-nio"),
    .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
]
let tls: Target.Dependency = .product(name: "NIOSSL", package: "swift-nio-ssl")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let lifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let argumentParser: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")

let package = Package(
    name: "tsdb",
    products: [
        .library(name: "TSDB", targets: ["TSDB", "Model"]),
        .library(name: "PromQL", targets: ["PromQL", "Model"]),
        .library(name: "Exposition", targets: ["Exposition"]),
        // What SQLite loads: `make sqlite-extension`.
        .library(name: "tsdbsqlite", type: .dynamic, targets: ["TSDBSQL"]),
        .executable(name: "tsdb", targets: ["TSDBCommand"]),
        .executable(name: "gpu-exporter", targets: ["Exporter"]),
    ],
    dependencies: [
        // Each dependency's reason is in docs/ARCHITECTURE.md.
        .package(url: "https://github.com/hummingbird-project/hummingbird", exact: "2.28.1", traits: []),
        .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", exact: "1.35.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", exact: "2.37.6"),
        .package(url: "https://github.com/apple/swift-http-types", exact: "1.8.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", exact: "2.13.0"),
    ],
    targets: [
        .systemLibrary(name: "CSQLite"),
        .systemLibrary(name: "CSnappy"),
        .systemLibrary(name: "CZlib"),
        .target(name: "CCurl", linkerSettings: [.linkedLibrary("curl")]),
        .target(name: "CResolv", linkerSettings: [.linkedLibrary("resolv")]),
        .target(name: "CRE2", linkerSettings: [.linkedLibrary("re2")]),
        .target(name: "CCharconv"),
        // These two go into the program, so that gpu-exporter needs nothing of them on the machine that it is copied to.
        .target(name: "CCrypt", linkerSettings: [.linkedLibrary(":libcrypt.a")]),
        .target(name: "CYAML", linkerSettings: [.linkedLibrary(":libyaml.a")]),
        .target(name: "Basics", swiftSettings: strict),
        .target(name: "Model", dependencies: ["Basics", "CRE2", "CCharconv"], swiftSettings: strict),
        .target(name: "TSDB", dependencies: ["Model", "CSQLite"], swiftSettings: strict),
        .target(name: "PromQL", dependencies: ["Model"], swiftSettings: strict),
        .target(name: "CSQLiteHost", linkerSettings: [.linkedLibrary("sqlite3")]),
        .target(
            name: "TSDBSQL", dependencies: ["TSDB", "PromQL", "Model", "CSQLiteHost"], swiftSettings: strict),
        .target(name: "Protobuf", dependencies: ["Model"], swiftSettings: strict),
        .target(name: "Exposition", dependencies: ["Model", "Protobuf"], swiftSettings: strict),
        .target(name: "PrometheusData", dependencies: ["Model", "CSnappy"], swiftSettings: strict),
        .target(name: "YAML", dependencies: ["Basics", "CYAML"], swiftSettings: strict),
        .target(
            name: "RemoteProtocol", dependencies: ["Model", "Protobuf", "PrometheusData", "CSnappy"],
            swiftSettings: strict),
        .target(
            name: "Scraper", dependencies: ["Model", "Exposition", "YAML", "CCurl", "CResolv", logging],
            swiftSettings: strict),
        .target(
            name: "WebConfig",
            dependencies: [
                "Basics", "YAML", "CCrypt", tls, logging,
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            swiftSettings: strict),
        .target(
            name: "RemoteStorage", dependencies: ["Model", "Protobuf", "RemoteProtocol", "Scraper", logging],
            swiftSettings: strict),
        .target(
            name: "QueryAPI",
            dependencies: [
                "Model", "PromQL", "Exposition", "Protobuf", "RemoteProtocol", "WebConfig", "CZlib", logging, lifecycle,
            ]
                + hummingbird,
            swiftSettings: strict),
        .executableTarget(
            name: "TSDBCommand",
            dependencies: [
                "Model", "TSDB", "TSDBSQL", "PromQL", "Exposition", "PrometheusData", "Scraper", "RemoteStorage",
                "QueryAPI", "WebConfig", "Protobuf", "RemoteProtocol", "YAML", "CCurl",
                "CZlib", argumentParser, logging, lifecycle,
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            swiftSettings: strict),
        .executableTarget(
            name: "Exporter", dependencies: ["WebConfig", argumentParser, logging, lifecycle] + hummingbird,
            swiftSettings: strict),
        // What several of the test targets need; no product.
        .target(
            name: "TestSupport", dependencies: ["Model", "Protobuf", "CSnappy"], path: "Tests/TestSupport",
            swiftSettings: strict),
        .testTarget(name: "ModelTests", dependencies: ["Model", "TestSupport"], swiftSettings: strict),
        .testTarget(
            name: "TSDBTests", dependencies: ["TSDB", "Model", "CSQLite", "TestSupport"], swiftSettings: strict),
        .testTarget(
            name: "TSDBSQLTests", dependencies: ["TSDBSQL", "TSDB", "Model", "CSQLiteHost", "TestSupport"],
            swiftSettings: strict),
        .testTarget(
            name: "PromQLTests", dependencies: ["PromQL", "Model", "TestSupport"], resources: [.copy("Scripts")],
            swiftSettings: strict),
        .testTarget(
            name: "ExpositionTests", dependencies: ["Exposition", "Protobuf", "Model", "TestSupport"],
            swiftSettings: strict),
        .testTarget(
            name: "PrometheusDataTests", dependencies: ["PrometheusData", "Model", "CSnappy", "TestSupport"],
            swiftSettings: strict),
        .testTarget(
            name: "RemoteProtocolTests",
            dependencies: ["Protobuf", "RemoteProtocol", "PrometheusData", "Model", "TestSupport"],
            swiftSettings: strict),
        .testTarget(
            name: "ScraperTests",
            dependencies: ["Scraper", "YAML", "Exposition", "Protobuf", "Model", logging, "TestSupport"],
            exclude: ["Corpora"], swiftSettings: strict),
        .testTarget(
            name: "RemoteStorageTests",
            dependencies: ["RemoteStorage", "RemoteProtocol", "Scraper", "Model", logging, "TestSupport"],
            swiftSettings: strict),
        .testTarget(
            name: "WebConfigTests", dependencies: ["WebConfig", "YAML", tls, logging, "TestSupport"],
            swiftSettings: strict),
        .testTarget(
            name: "QueryAPITests",
            dependencies: [
                "QueryAPI", "Protobuf", "RemoteProtocol", "TSDB", "PromQL", "Model", "CSnappy", "CZlib", logging,
                lifecycle,
                "TestSupport",
            ]
                + hummingbird,
            swiftSettings: strict),
        .testTarget(
            name: "ExporterTests", dependencies: ["Exporter", argumentParser, logging, "TestSupport"] + hummingbird,
            swiftSettings: strict),
        // Writes a database until a test kills it; no product.
        .executableTarget(
            name: "StoreWorkload", dependencies: ["TSDB", "Model", "TestSupport"], path: "Tests/StoreWorkload",
            swiftSettings: strict),
        // Asks a real Prometheus the same as this engine: `make fuzz-diff`.
        .testTarget(
            name: "DifferentialTests", dependencies: ["QueryAPI", "PromQL", "TSDB", "Model", "TestSupport"],
            swiftSettings: strict),
        // Starts the two built binaries, so that what is tested is what is shipped.
        .testTarget(
            name: "EndToEndTests",
            dependencies: [
                "TSDBCommand", "Exporter", "StoreWorkload", "Protobuf", "RemoteProtocol", "Model", "PromQL", "TSDB",
                "TestSupport",
            ],
            swiftSettings: strict),
    ],
    cxxLanguageStandard: .cxx17
)
