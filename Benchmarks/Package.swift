// swift-tools-version:6.2
import PackageDescription

let package = Package(
    name: "benchmarks",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "peer-benchmark", targets: ["PeerBenchmark"])
    ],
    dependencies: [
        .package(name: "tsdb", path: ".."),
        // Without its default traits it needs no jemalloc.
        .package(url: "https://github.com/ordo-one/benchmark", exact: "1.38.1", traits: []),
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
    ],
    targets: [
        // The server's own shim is no product, and two targets of one name cannot be in one build.
        .systemLibrary(name: "CSnappyBlock"),
        // Whole servers side by side; it starts the built `tsdb` and its peers, and needs of tsdb's products the parser alone.
        // Not beside StoreBenchmarks, because the plugin runs whatever is in a folder of the name Benchmarks.
        .executableTarget(
            name: "PeerBenchmark",
            dependencies: [
                "CSnappyBlock",
                .product(name: "Exposition", package: "tsdb"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: [.swiftLanguageMode(.v6)]),
        .executableTarget(
            name: "StoreBenchmarks",
            dependencies: [
                .product(name: "Benchmark", package: "benchmark"),
                .product(name: "TSDB", package: "tsdb"),
                .product(name: "PromQL", package: "tsdb"),
            ],
            path: "Benchmarks/StoreBenchmarks",
            swiftSettings: [.swiftLanguageMode(.v6)],
            plugins: [.plugin(name: "BenchmarkPlugin", package: "benchmark")]),
    ]
)
