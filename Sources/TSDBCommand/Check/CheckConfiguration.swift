import ArgumentParser
import Logging
import Model
import Scraper
import WebConfig
import YAML

/// `tsdb check config`.
struct CheckConfiguration: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config", abstract: "Whether `tsdb serve` would take a configuration file.",
        discussion: """
            Names every fault with its line and column, and the files that the configuration names and that cannot be read.

            EXAMPLES
              tsdb check config prometheus.yml
              tsdb check config --syntax-only prometheus.yml
              tsdb check config --lint all --lint-fatal prometheus.yml
            """)

    enum Lint: String, CaseIterable {
        case all
        case duplicateRules = "duplicate-rules"
        case none
        case tooLongScrapeInterval = "too-long-scrape-interval"
    }

    @Argument(help: ArgumentHelp("Configuration files.", valueName: "file"))
    var files: [String]

    @Flag(name: .customLong("syntax-only"), help: "Leave the files alone that the configuration names.")
    var isSyntaxOnly = false

    @Option(
        help:
            "What style to check, several between commas: whether targets are scraped often enough for queries to see them."
    )
    var lint = Lints(Lint.duplicateRules)

    @Flag(name: .customLong("lint-fatal"), help: "End with exit status 3 where a style check complains.")
    var isLintFatal = false

    @Option(name: .customLong("query.lookback-delta"), help: "How long a sample stands for its series.")
    var lookbackDelta = "5m"

    func run() async throws {
        guard let lookbackMs = PrometheusDuration.parse(lookbackDelta), lookbackMs > 0 else {
            throw ValidationError("--query.lookback-delta '\(lookbackDelta)' is not a positive duration such as 5m")
        }
        try checkFiles(files, isLintFatal: isLintFatal) { file in
            let configuration = try Configuration.load(path: file)
            var warnings = configuration.warnings
            if !isSyntaxOnly { warnings += try checkNamedFiles(configuration) }
            let isAsked = lint.kinds.contains { $0 == .all || $0 == .tooLongScrapeInterval }
            let lints = isAsked ? tooLong(configuration, lookbackMs) : []
            return FileFindings(
                what: "\(file) is a valid configuration, \(counted(configuration.jobs.count, "job"))",
                warnings: warnings, lints: lints)
        }
    }

    /// - Returns: what is only to be warned of.
    private func checkNamedFiles(_ configuration: Configuration) throws -> [String] {
        var faults = configuration.namedFiles.compactMap(unreadable)
        var warnings: [String] = []
        for job in configuration.jobs {
            for (found, unmatched) in job.discoveries.map({ $0.checkFiles() }) {
                faults += found
                warnings += unmatched.map { "\($0) of file_sd_configs of job \"\(job.name)\" does not exist" }
            }
        }
        guard faults.isEmpty else { throw CommandFailure(faults.joined(separator: "\n")) }
        return warnings
    }

    private func tooLong(_ configuration: Configuration, _ lookbackMs: Int64) -> [String] {
        configuration.jobs.filter { $0.scrapeIntervalMs >= lookbackMs }.map {
            "job \"\($0.name)\" is scraped every \(PrometheusDuration.format($0.scrapeIntervalMs)), which is too long: "
                + "samples stand for \(PrometheusDuration.format(lookbackMs)) (--query.lookback-delta)"
        }
    }

    private func unreadable(_ named: (key: String, path: String)) -> String? {
        guard case .failure(let error) = readWholeFile(named.path, bytesMax: YAMLReader.bytesMax) else { return nil }
        return "cannot read \(named.key) \(named.path): \(error.reason)"
    }
}

extension Configuration {
    /// The files that the configuration names, with the keys that do.
    fileprivate var namedFiles: [(key: String, path: String)] {
        let all =
            jobs.map(\.http) + jobs.flatMap(\.discoveries).compactMap(\.http) + remoteWrite.map(\.http)
            + remoteRead.map(\.http)
        return all.flatMap { http in
            var files = [
                ("ca_file", http.tls.caFile), ("cert_file", http.tls.certFile), ("key_file", http.tls.keyFile),
            ]
            if case .file(let path)? = http.basicAuth?.username { files.append(("username_file", path)) }
            if case .file(let path)? = http.basicAuth?.password { files.append(("password_file", path)) }
            if case .file(let path)? = http.authorization?.credentials { files.append(("credentials_file", path)) }
            if case .file(let path)? = http.oauth2?.clientSecret { files.append(("client_secret_file", path)) }
            files += http.headers.flatMap { $0.files }.map { ("http_headers file", $0) }
            return files.filter { !$0.1.isEmpty }.map { (key: $0.0, path: $0.1) }
        }
    }
}

/// `tsdb check web-config`.
struct CheckWebConfiguration: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "web-config", abstract: "Whether a file is one that --web.config.file takes.",
        discussion: """
            Reads the certificates and keys that it names too.

            EXAMPLES
              tsdb check web-config web.yml
            """)

    @Argument(help: ArgumentHelp("Files in the format of Prometheus's web.yml.", valueName: "file"))
    var files: [String]

    func run() async throws {
        try checkFiles(files) { file in
            _ = try WebAccess(path: file, logger: Logger(label: "check") { _ in SwiftLogNoOpLogHandler() })
            return FileFindings(what: "\(file) is a valid web configuration")
        }
    }
}
