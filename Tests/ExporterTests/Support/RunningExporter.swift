import Glibc

/// The exporter's binary, running on a free loopback port.
final class RunningExporter {
    let port: UInt16
    private let folder: String
    private var process: pid_t

    /// Returns once the exporter accepts connections.
    init(_ arguments: [String], environment: [String] = []) throws {
        port = try freePort()
        folder = try temporaryFolder()
        process = try start(
            exporterPath(), arguments + ["--address", "127.0.0.1:\(port)"], environment: environment, folder: folder)
        // 10 s: a debug build on a busy machine starts in one.
        for _ in 0..<500 {
            if let descriptor = connected(to: port) {
                close(descriptor)
                return
            }
            usleep(20_000)
        }
        let log = log
        stop()
        throw TestFailure("the exporter did not listen: \(log)")
    }

    var log: String { readFile("\(folder)/err") }

    func get(_ path: String) throws -> HTTPAnswer {
        try httpGet(port: port, path: path)
    }

    /// Asks the exporter to stop; its exit status.
    @discardableResult
    func stop() -> Int32 {
        guard process > 0 else { return 0 }
        kill(process, SIGTERM)
        let status = waitFor(process)
        process = 0
        removeFolder(folder)
        return status
    }
}
