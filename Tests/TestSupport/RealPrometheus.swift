import Glibc
import Model

/// A real Prometheus 3 that takes remote writes and scrapes nothing.
public final class RealPrometheus: Sendable {
    /// Where Prometheus 3 is, or nil where the PATH has none.
    public static let path: String? = findProgram("prometheus").flatMap { path in
        guard let version = try? runToEnd(path, ["--version"]).printed, version.contains("version 3.") else {
            return nil
        }
        return path
    }

    public let port: Int
    public let data: String
    public let process: ChildProcess
    private let directory = TemporaryDirectory(.disk)

    public var url: String { "http://127.0.0.1:\(port)" }

    /// Starts it and waits until it is ready.
    /// - Parameters:
    ///   - data: its data directory.
    ///   - config: what its configuration holds.
    ///   - port: where it listens; nil where any will do.
    public init(data: String, config: String = "", port: Int? = nil, flags: [String] = []) throws {
        guard let path = RealPrometheus.path else { throw TestFailure("no Prometheus 3 on the PATH") }
        self.port = try port ?? freePort()
        self.data = data
        try writeFile(directory.path + "/prometheus.yml", config)
        process = try ChildProcess(
            path,
            [
                "--config.file=\(directory.path)/prometheus.yml", "--storage.tsdb.path=\(data)",
                "--web.listen-address=127.0.0.1:\(self.port)", "--web.enable-remote-write-receiver",
                "--web.enable-admin-api", "--storage.tsdb.retention.time=10y",
                "--enable-feature=native-histograms",
            ] + flags)
        try eventually("Prometheus is ready") {
            guard process.isRunning else { throw TestFailure("Prometheus ended: \(process.printed)") }
            return (try? get("/-/ready"))?.status == 200 ? () : nil
        }
    }

    public func get(_ target: String) throws -> HTTPAnswer { try HTTPConnection(port: port).request("GET", target) }

    public func post(_ target: String) throws -> HTTPAnswer { try HTTPConnection(port: port).request("POST", target) }

    /// Writes samples, in requests of `milliseconds` each so that all series go on together.
    public func write(_ series: [WrittenSeries], every milliseconds: Int64 = 600_000) throws {
        try remoteWrite(series, toPort: port, every: milliseconds)
    }
}
