import ArgumentParser
import Scraper

#if canImport(Glibc)
import Glibc
#endif

/// `tsdb check`: questions about files, a server or a database, answered by the exit status.
struct Check: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Whether files, a page of metrics or a database are sound, or a running server well.",
        discussion: """
            Without a subcommand it looks at a database, as `tsdb check database` does. The exit status is 0 where all is \
            well, 1 where something is wrong, and 3 where only a style check complains (for files with --lint-fatal).

            EXAMPLES
              tsdb check config prometheus.yml
              tsdb check rules rules/*.yml
              curl -s http://localhost:9400/metrics | tsdb check metrics
              tsdb check ready --url http://localhost:9090
              tsdb check --db /var/lib/tsdb
            """,
        subcommands: [
            CheckDatabase.self, CheckConfiguration.self, CheckRules.self, CheckWebConfiguration.self, CheckMetrics.self,
            Healthy.self, Ready.self,
        ], defaultSubcommand: CheckDatabase.self)

    struct Healthy: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Whether the server answers at all.",
            discussion: "EXAMPLES\n  tsdb check healthy --url http://localhost:9090")
        @Option(help: "The server to ask.") var url = "http://localhost:9090"
        @OptionGroup var http: HTTPOptions

        func run() async throws { try await ask(url, "/-/healthy", http) }
    }

    struct Ready: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Whether the server answers queries.",
            discussion: "EXAMPLES\n  tsdb check ready --url https://tsdb.example:9090 --http.config.file client.yml")
        @Option(help: "The server to ask.") var url = "http://localhost:9090"
        @OptionGroup var http: HTTPOptions

        func run() async throws { try await ask(url, "/-/ready", http) }
    }
}

extension AsyncParsableCommand {
    fileprivate func ask(_ server: String, _ path: String, _ http: HTTPOptions) async throws {
        try await reportingErrors {
            let url = (server.hasSuffix("/") ? String(server.dropLast()) : server) + path
            var settings = try http.settings()
            settings.advice = "Is `tsdb serve` running there? `--url` names another server."
            let response = try HTTPClient.get(url, timeoutSeconds: 10, settings: settings)
            guard response.status == 200 else {
                throw CommandFailure("\(withoutPassword(url)) answered HTTP \(response.status)")
            }
            print(String(decoding: response.body, as: UTF8.self), terminator: "")
        }
    }
}

/// What is found in a file.
struct FileFindings {
    /// In words: "a valid configuration".
    var what: String
    var warnings: [String] = []
    /// What a style check complains about.
    var lints: [String] = []
}

/// Checks each of `files` and says how it is, complaints on standard error.
///
/// - Throws: exit status 1 where one of them is wrong, or else 3 where `isLintFatal` and a style check complains.
func checkFiles(_ files: [String], isLintFatal: Bool = false, _ check: (String) throws -> FileFindings) throws {
    var (hasFailed, hasLints) = (false, false)
    for file in files {
        print("Checking \(file)")
        fflush(nil)
        do {
            let findings = try check(file)
            for warning in findings.warnings { writeToStandardError("  warning: \(warning)\n") }
            for lint in findings.lints { writeToStandardError("  lint: \(lint)\n") }
            hasLints = hasLints || !findings.lints.isEmpty
            print("  SUCCESS: \(findings.what)")
        } catch {
            hasFailed = true
            let lines = "\(error)".split(separator: "\n")
            writeToStandardError("  FAILED:\n" + lines.map { "    \($0)\n" }.joined())
        }
    }
    fflush(nil)
    if hasFailed { throw ExitCode(1) }
    if hasLints, isLintFatal { throw ExitCode(3) }
}
