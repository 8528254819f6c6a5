import Glibc

/// How an engine is started.
struct EngineCommand {
    let name: String
    /// The program and its arguments; `{port}`, `{data}` and `{config}` stand for what each start fills in.
    let template: [String]
    /// Empty where the program does not say and nobody else did.
    let version: String

    var program: String { template[0] }

    /// The command line with its places filled in.
    /// - Parameters:
    ///   - data: the directory that the engine keeps its samples in.
    ///   - config: a configuration file without anything to scrape.
    func arguments(port: Int, data: String, config: String) -> [String] {
        template.map {
            $0.replacing("{port}", with: "\(port)").replacing("{data}", with: data).replacing("{config}", with: config)
        }
    }

    /// The engines that this benchmark knows how to start, each with its retention out of the way.
    static let known: [(name: String, arguments: [String])] = [
        (
            "tsdb",
            [
                "serve", "--config.file={config}", "--storage.tsdb.path={data}",
                "--web.listen-address=127.0.0.1:{port}", "--web.enable-remote-write-receiver",
                "--storage.tsdb.retention.time=100y",
            ]
        ),
        (
            "prometheus",
            [
                "--config.file={config}", "--storage.tsdb.path={data}", "--web.listen-address=127.0.0.1:{port}",
                "--web.enable-remote-write-receiver", "--storage.tsdb.retention.time=100y",
            ]
        ),
        (
            "victoria-metrics",
            ["-storageDataPath={data}", "-httpListenAddr=127.0.0.1:{port}", "-retentionPeriod=100y"]
        ),
    ]
}

/// Where a program is: itself where it has a slash, else in the first directory of PATH that has it.
func findProgram(_ name: String) -> String? {
    if name.contains("/") { return access(name, X_OK) == 0 ? name : nil }
    let path = getenv("PATH").map { String(cString: $0) } ?? "/usr/bin:/bin"
    return path.split(separator: ":").map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 }
}
