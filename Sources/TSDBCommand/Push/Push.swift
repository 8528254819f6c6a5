import ArgumentParser
import Model
import Protobuf
import RemoteProtocol
import Scraper

/// `tsdb push`: sends samples to a server.
struct Push: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Send samples to a server.", subcommands: [PushMetrics.self])
}

/// `tsdb push metrics`.
struct PushMetrics: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "metrics", abstract: "Send pages of metrics to a remote-write URL.",
        discussion: """
            Reads Prometheus's text format and OpenMetrics, also packed with gzip. A sample without a timestamp is of now. \
            The server must take remote writes: `tsdb serve --web.enable-remote-write-receiver`.

            EXAMPLES
              tsdb push metrics http://localhost:9090/api/v1/write metrics.prom
              echo 'backup_finished_time_seconds 1767225600' | tsdb push metrics http://localhost:9090/api/v1/write
              tsdb push metrics https://tsdb.example/api/v1/write run.prom --label job=training --label run=42
            """)

    @Argument(help: "Where to send, such as http://localhost:9090/api/v1/write.")
    var url: String

    @Argument(help: ArgumentHelp("Pages of metrics; standard input where there are none.", valueName: "file"))
    var files: [String] = []

    @Option(
        help: ArgumentHelp(
            "Label for the series that have none of that name; can be given several times. Default: job=tsdb.",
            valueName: "name=value"))
    var label: [String] = []

    @Option(name: .customLong("job-label"), help: "The same as --label job=...")
    var jobLabel: String?

    @Option(help: "Give up after so long.")
    var timeout = "30s"

    @OptionGroup var http: HTTPOptions

    /// Samples in one request.
    private static let samplesMax = 5000

    func validate() throws {
        guard url.hasPrefix("http://") || url.hasPrefix("https://") else {
            throw ValidationError("'\(url)' is not a URL: it must begin with http:// or https://")
        }
        guard let timeoutMs = PrometheusDuration.parse(timeout), timeoutMs > 0 else {
            throw ValidationError("--timeout '\(timeout)' is not a duration such as 30s or 2m")
        }
        _ = try labels()
    }

    func run() async throws {
        var hasFailed = false
        let now = SystemClock().nowMs()
        let destination = try Destination(labels: labels(), settings: settings(), now: now)
        for file in files.isEmpty ? ["-"] : files {
            do {
                let page = try MetricsPage(path: file)
                for start in stride(from: 0, to: page.samples.count, by: PushMetrics.samplesMax) {
                    let part = page.samples[start..<min(start + PushMetrics.samplesMax, page.samples.count)]
                    // What is known of the metrics goes with the first.
                    try send(part, start == 0 ? Array(page.metadata.values) : [], to: destination)
                }
                print("\(file == "-" ? "standard input" : file): \(counted(page.samples.count, "sample")) pushed")
            } catch {
                hasFailed = true
                writeToStandardError("tsdb: \(error)\n")
            }
        }
        if hasFailed { throw ExitCode(1) }
    }

    private func labels() throws -> Labels {
        var builder = LabelsBuilder(["job": "tsdb"])
        for text in label + (jobLabel.map { ["job=\($0)"] } ?? []) {
            guard let separator = text.firstIndex(of: "="), separator != text.startIndex else {
                throw ValidationError("--label '\(text)' is not a name and a value such as job=training")
            }
            builder.set(String(text[..<separator]), String(text[text.index(after: separator)...]))
        }
        return builder.labels()
    }

    /// What all requests have in common.
    private struct Destination {
        /// For the series that have none of these names.
        var labels: Labels
        var settings: HTTPSettings
        var now: Int64
    }

    private func settings() throws -> HTTPSettings {
        var settings = try http.settings()
        settings.advice = "Is the server running there?"
        settings.headers += [
            ("Content-Type", "application/x-protobuf"), ("Content-Encoding", "snappy"),
            ("X-Prometheus-Remote-Write-Version", "0.1.0"),
        ]
        return settings
    }

    private func send(
        _ samples: ArraySlice<MetricsPage.Sample>, _ metadata: [MetricMetadata], to destination: Destination
    ) throws {
        var out = ProtobufWriter(capacity: 64 * samples.count)
        for sample in samples {
            var builder = LabelsBuilder(destination.labels)
            for label in sample.labels { builder.set(label.name, label.value) }
            out.message(1) {
                $0.labels(1, builder.labels())
                $0.sample(2, sample.timestamp ?? destination.now, sample.value)
            }
        }
        for one in metadata { out.metadata(3, one) }
        let seconds = (PrometheusDuration.parse(timeout) ?? 30_000) / 1000 + 1
        let answer = try HTTPClient.post(
            url, body: snappyCompressed(out.bytes), timeoutSeconds: Int(seconds), settings: destination.settings)
        guard answer.status / 100 == 2 else { throw refusal(answer) }
    }

    private func refusal(_ answer: HTTPClient.Response) -> CommandFailure {
        let body = String(decoding: answer.body.prefix(500).prefix { $0 != 0x0a }, as: UTF8.self)
        let advice = answer.status == 404 ? ". Does it take remote writes (--web.enable-remote-write-receiver)?" : ""
        return CommandFailure(
            "\(withoutPassword(url)) answered HTTP \(answer.status)\(body.isEmpty ? "" : ": \(body)")\(advice)")
    }
}
