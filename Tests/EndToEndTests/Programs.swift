import Model
import PromQL
import TestSupport

@testable import TSDBCommand

/// The built binaries.
enum Programs {
    static let tsdb = builtProgram("tsdb")
    static let exporter = builtProgram("gpu-exporter")
}

/// A running `tsdb serve` with its own directory.
final class TestServer: Sendable {
    let port: Int
    let data: String
    let process: ChildProcess
    private let directory: TemporaryDirectory

    var url: String { "http://127.0.0.1:\(port)" }
    var configPath: String { directory.path + "/prometheus.yml" }

    /// Starts a server and waits until it is ready.
    init(config: String, data: String? = nil, port: Int? = nil, flags: [String] = []) throws {
        directory = TemporaryDirectory(.disk)
        self.port = try port ?? freePort()
        self.data = data ?? directory.path + "/data"
        try writeFile(directory.path + "/prometheus.yml", config)
        process = try ChildProcess(
            Programs.tsdb,
            [
                "serve", "--config.file=\(directory.path)/prometheus.yml", "--storage.tsdb.path=\(self.data)",
                "--web.listen-address=127.0.0.1:\(self.port)",
            ] + flags)
        try waitUntilReady(url, process)
    }
}

/// Waits until `url` answers that it is ready, or fails with what `process` printed.
func waitUntilReady(_ url: String, _ process: ChildProcess) throws {
    try eventually("\(url) is ready") {
        guard process.isRunning else { throw TestFailure("the server ended: \(process.printed)") }
        return (try? HTTPClient.get("\(url)/-/ready", timeoutSeconds: 5))?.status == 200 ? () : nil
    }
}

/// Starts `gpu-exporter` with simulated GPUs and waits until it answers.
func startExporter(gpus: Int, port: Int) throws -> ChildProcess {
    let process = try ChildProcess(Programs.exporter, ["--simulate", "\(gpus)", "--address", "127.0.0.1:\(port)"])
    try eventually("the exporter answers") {
        guard process.isRunning else { throw TestFailure("the exporter ended: \(process.printed)") }
        return (try? HTTPClient.get("http://127.0.0.1:\(port)/metrics", timeoutSeconds: 5))?.status == 200 ? () : nil
    }
    return process
}

/// The series of an instant vector, or of a range vector's answer as a matrix.
func instantQuery(_ url: String, _ expression: String, at milliseconds: Int64? = nil) throws -> QueryValue {
    try ServerSource(url: url, timeoutMs: 30_000).instant(expression, at: milliseconds ?? SystemClock().nowMs()).value
}

func rangeQuery(_ url: String, _ expression: String, _ range: QueryTimeRange) throws -> [MatrixSeries] {
    guard case .matrix(let series) = try ServerSource(url: url, timeoutMs: 30_000).range(expression, range).value else {
        throw TestFailure("no matrix for \(expression)")
    }
    return series
}
