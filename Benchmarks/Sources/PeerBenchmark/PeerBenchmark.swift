import ArgumentParser
import FoundationEssentials
import Glibc

@main
struct PeerBenchmark: ParsableCommand {
    enum Choice: String, CaseIterable, ExpressibleByArgument {
        case pod, fleet, wide, growth, all, scrape
    }

    static let configuration = CommandConfiguration(
        commandName: "peer-benchmark",
        abstract: "Compares whole servers: the same remote-write requests and the same queries, in turn, on loopback.",
        discussion: """
            Without --engine it compares tsdb with prometheus and victoria-metrics, as far as they are on the PATH. The \
            ratios are those of the first engine to each of the others; below 1 it needs less.
            """)

    @Option(
        help:
            "pod (8 GPUs, 7 days), fleet (1,000 GPUs, 6 hours), wide (200,000 series), growth (pod, 1 day and 7), all of these; scrape: what scraping costs."
    )
    var workload = Choice.pod

    @Option(help: ArgumentHelp("Days of data, for another length than the workload's own.", valueName: "days"))
    var days: Double?

    @Option(
        help: ArgumentHelp("GPUs of 25 series each, for another number than the workload's own.", valueName: "count"))
    var gpus: Int?

    @Option(help: ArgumentHelp("How often each query is asked of each engine.", valueName: "count"))
    var runs = 21

    @Option(help: ArgumentHelp("How long the workload scrape scrapes many targets.", valueName: "seconds"))
    var seconds = 60

    @Option(help: "What the samples are drawn from; the same gives the same.")
    var seed: UInt64 = 7

    @Option(
        help: ArgumentHelp(
            "An engine to compare, any number of times; {port}, {data} and {config} are filled in.",
            valueName: "name=command"))
    var engine: [String] = []

    @Option(help: ArgumentHelp("The version of an engine whose program does not tell.", valueName: "name=version"))
    var engineVersion: [String] = []

    @Option(help: "Where the engines' directories are made, and deleted in the end.")
    var directory = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"

    @Option(help: ArgumentHelp("Writes all figures to a file.", valueName: "file"))
    var json: String?

    @Flag(help: "Prints the tables as they stand in docs/benchmarks.md.")
    var markdown = false

    @Option(help: "The command line that the report names in place of this one.")
    var command: String?

    func validate() throws {
        guard runs > 0, seconds > 0, gpus ?? 1 > 0, days ?? 1 > 0 else {
            throw ValidationError("--runs, --seconds, --gpus and --days are to be greater than 0")
        }
        for option in engine + engineVersion where !option.contains("=") {
            throw ValidationError("\(option) has no = between the name and the rest")
        }
    }

    func run() throws {
        cleanUpOnSignals()
        defer { Children.shared.cleanUp() }
        let directory = try makeDirectory()
        Children.shared.own(directory: directory)
        let engines = try self.engines()
        var results = Results(
            machine: .current(), command: command ?? CommandLine.arguments.joined(separator: " "))
        if workload == .scrape {
            let comparison = ScrapeComparison(
                engines: engines, seconds: seconds, seed: seed, directory: directory)
            results.workloads.append(try comparison.run())
        }
        for workload in workloads() {
            let comparison = Comparison(
                workload: workload, engines: engines, runs: runs, seed: seed, directory: directory)
            results.workloads.append(try comparison.run())
        }
        let report = Report(results: results)
        print(markdown ? report.markdown : report.terminal)
        if let json { try writeJSON(results, to: json) }
    }

    private func workloads() -> [Workload] {
        switch workload {
        case .pod: [.pod(days: days, gpus: gpus)]
        case .fleet: [.fleet(days: days, gpus: gpus)]
        case .wide: [.wide(days: days, gpus: gpus)]
        case .growth: [.pod(days: 1, gpus: gpus), .pod(days: days ?? 7, gpus: gpus)]
        case .scrape: []
        case .all:
            [
                .pod(days: 1, gpus: gpus), .pod(days: days, gpus: gpus), .fleet(days: nil, gpus: nil),
                .wide(days: nil, gpus: nil),
            ]
        }
    }

    private func makeDirectory() throws -> String {
        var template = Array("\(directory)/peer-benchmark.XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw BenchmarkError("cannot make a directory in \(directory): \(String(cString: strerror(errno)))")
        }
        return template.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
    }

    private func engines() throws -> [EngineCommand] {
        let given = engine.map { halves($0) }
        var commands = given.map { (name: $0.0, words: $0.1.split(separator: " ").map(String.init)) }
        if commands.isEmpty {
            // VictoriaMetrics is not told here what to scrape.
            let known = EngineCommand.known.filter { workload != .scrape || $0.name != "victoria-metrics" }
            commands = known.compactMap { entry in
                findProgram(entry.name).map { (entry.name, [$0] + entry.arguments) }
            }
        }
        guard !commands.isEmpty else {
            throw BenchmarkError("none of \(EngineCommand.known.map(\.name).joined(separator: ", ")) is on the PATH")
        }
        let versions = Dictionary(engineVersion.map { halves($0) }, uniquingKeysWith: { $1 })
        return try commands.map { name, words in
            guard let first = words.first, let program = findProgram(first) else {
                throw BenchmarkError("the program of engine \(name) is not there or cannot be run")
            }
            return EngineCommand(
                name: name, template: [program] + words.dropFirst(), version: versions[name] ?? "")
        }
    }

    private func writeJSON(_ results: Results, to path: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        try writeText(String(decoding: try encoder.encode(results), as: UTF8.self) + "\n", to: path)
    }
}

/// What is before and after the first `=`.
private func halves(_ text: String) -> (String, String) {
    let end = text.firstIndex(of: "=") ?? text.endIndex
    return (String(text[..<end]), String(text[end...].dropFirst()))
}
