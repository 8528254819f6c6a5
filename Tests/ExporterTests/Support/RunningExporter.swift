import Glibc
import TestSupport

/// The exporter's binary, running on a free loopback port.
final class RunningExporter {
    let port: Int
    private let process: ChildProcess

    /// Returns once the exporter accepts connections.
    init(_ arguments: [String], environment: [String] = []) throws {
        let port = try freePort()
        let process = try ChildProcess(
            builtProgram("gpu-exporter"), arguments + ["--address", "127.0.0.1:\(port)"], environment: environment)
        self.port = port
        self.process = process
        try eventually("the exporter listens") {
            guard process.isRunning else { throw TestFailure("the exporter ended: \(process.errors)") }
            return try? HTTPConnection(port: port)
        }
    }

    var log: String { process.errors }

    /// One GET over a connection of its own.
    func get(_ path: String) throws -> HTTPAnswer {
        try HTTPConnection(port: port).request("GET", path, headers: [("Connection", "close")])
    }

    /// Asks the exporter to stop; its exit status.
    @discardableResult
    func stop() -> Int32 { process.finish(SIGTERM) }
}

/// Runs the exporter's binary to its end.
func runExporter(_ arguments: [String], environment: [String] = []) throws -> ProgramResult {
    try runToEnd(builtProgram("gpu-exporter"), arguments, environment: environment)
}
