import ArgumentParser
import Logging
import Model

/// `tsdb serve`: Prometheus's flags under Prometheus's names.
struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Scrape targets, store samples, answer Prometheus's HTTP API.",
        discussion: """
            Takes Prometheus's flags under Prometheus's names. A flag of Prometheus that means nothing here is \
            accepted, and named in the log.

            EXAMPLES
              tsdb serve --config.file=config/prometheus.yml
              tsdb serve --storage.tsdb.path=/var/lib/tsdb --storage.tsdb.retention.time=30d --web.enable-lifecycle
              tsdb serve --web.listen-address=:9090 --web.config.file=web.yml
            """,
        version: BuildInfo.line)

    @Option(name: .customLong("config.file"), help: "Prometheus configuration file.")
    var configFile = "prometheus.yml"

    @Option(name: .customLong("storage.tsdb.path"), help: "Directory of the database, tsdb.sqlite.")
    var storagePath = "data/"

    @Option(name: .customLong("storage.tsdb.retention.time"), help: "How long samples are kept.")
    var retentionTime = "7d"

    @Option(
        name: .customLong("storage.tsdb.retention.size"),
        help: "How large the database may grow, such as 512MB; 0 means any size.")
    var retentionSize = "0"

    @Option(
        name: .customLong("storage.tsdb.sync"),
        help: """
            normal: a sample survives a crash of the process; full: also a power cut, at ten times the cost of a commit.
            """)
    var sync = SyncMode.normal

    @Option(
        name: .customLong("web.listen-address"),
        help: "Address to listen on; can be given several times. Default: 127.0.0.1:9090.")
    var listenAddresses: [String] = []

    @Option(
        name: .customLong("web.config.file"),
        help: "File that turns on TLS and passwords, in the format of Prometheus's web.yml; read again when it changes."
    )
    var webConfigFile = ""

    @Option(
        name: .customLong("web.external-url"),
        help: "URL by which others reach this server, as behind a proxy; its path is the default of --web.route-prefix."
    )
    var externalURL = ""

    @Option(name: .customLong("web.route-prefix"), help: "What comes before every path, such as /prometheus.")
    var routePrefix: String?

    @Option(name: .customLong("web.page-title"), help: "Title of the web page.")
    var pageTitle = "tsdb"

    @Option(name: .customLong("web.read-timeout"), help: "How long an idle or slow connection is kept.")
    var readTimeout = "5m"

    @Option(name: .customLong("web.max-connections"), help: "Connections at a time, of each address.")
    var maxConnections = 512

    @Option(name: .customLong("web.cors.origin"), help: "Regular expression of the origins that may read answers.")
    var corsOrigin = ".*"

    @Flag(
        name: .customLong("web.enable-lifecycle"), inversion: .prefixedNo,
        help: "Allow shutdown and reload over HTTP.")
    var enableLifecycle = false

    @Flag(
        name: .customLong("web.enable-admin-api"), inversion: .prefixedNo,
        help: "Allow deleting and copying the database over HTTP.")
    var enableAdminAPI = false

    @Flag(
        name: .customLong("web.enable-remote-write-receiver"), inversion: .prefixedNo,
        help: "Take samples at /api/v1/write.")
    var enableRemoteWriteReceiver = false

    @Flag(
        name: .customLong("web.enable-otlp-receiver"), inversion: .prefixedNo,
        help: "Take OpenTelemetry's metrics at /api/v1/otlp/v1/metrics.")
    var enableOTLPReceiver = false

    @Option(
        name: .customLong("web.max-notifications-subscribers"),
        help: "Clients that /api/v1/notifications/live serves at a time.")
    var maxNotificationsSubscribers = 16

    @Option(
        name: .customLong("web.search.max-limit"),
        help: "The most results of a request to /api/v1/search/...; 0 means any number.")
    var searchMaxLimit = 10_000

    @Flag(
        name: .customLong("config.auto-reload"), inversion: .prefixedNo,
        help: "Read the configuration file again whenever it has changed.")
    var autoReload = false

    @Option(name: .customLong("config.auto-reload-interval"), help: "How often to look whether it has.")
    var autoReloadInterval = "30s"

    @Option(
        name: .customLong("storage.remote.read-sample-limit"),
        help: "Samples in one answer at /api/v1/read that is not streamed; 0 means any number.")
    var readSampleLimit = 50_000_000

    @Option(
        name: .customLong("storage.remote.read-concurrent-limit"),
        help: "Reads at /api/v1/read at a time; 0 means any number.")
    var readConcurrentLimit = 10

    @Option(
        name: .customLong("storage.remote.read-max-bytes-in-frame"),
        help: "Bytes in one frame of a streamed answer at /api/v1/read.")
    var readMaxBytesInFrame = 1_048_576

    @Option(
        name: .customLong("storage.remote.flush-deadline"),
        help: "How long requests to other stores that are under way may take at the end. What is not sent is later.")
    var flushDeadline = "1m"

    @Option(name: .customLong("query.lookback-delta"), help: "How long a sample stands for its series.")
    var lookbackDelta = "5m"

    @Option(name: .customLong("query.timeout"), help: "How long a query may take.")
    var queryTimeout = "2m"

    @Option(name: .customLong("query.max-concurrency"), help: "Queries evaluated at a time.")
    var maxConcurrency = 20

    @Option(name: .customLong("query.max-samples"), help: "Samples that one query may hold in memory.")
    var maxSamples = 50_000_000

    @Option(name: .customLong("log.level"), help: "Least severe messages to log.")
    var logLevel = LogLevel.info

    @Option(name: .customLong("log.format"), help: "How log lines are written.")
    var logFormat = LogFormat.logfmt

    enum SyncMode: String, ExpressibleByArgument, CaseIterable { case normal, full }
    enum LogFormat: String, ExpressibleByArgument, CaseIterable { case logfmt, json }

    enum LogLevel: String, ExpressibleByArgument, CaseIterable {
        case debug, info, warn, error

        var level: Logger.Level {
            switch self {
            case .debug: .debug
            case .info: .info
            case .warn: .warning
            case .error: .error
            }
        }
    }

    /// Where to listen, as written.
    var chosenAddresses: [String] { listenAddresses.isEmpty ? ["127.0.0.1:9090"] : listenAddresses }

    /// How long and how much is kept, in words.
    var retentionText: String { retentionSize == "0" ? retentionTime : "\(retentionTime) or \(retentionSize)" }

    /// A duration that `validate` has seen.
    func milliseconds(_ duration: String) -> Int64 { PrometheusDuration.parse(duration) ?? 0 }

    /// The flags in force, for `/api/v1/status/flags`.
    var flagValues: [String: String] {
        [
            "config.file": configFile, "storage.tsdb.path": storagePath, "storage.tsdb.retention.time": retentionTime,
            "storage.tsdb.retention.size": retentionSize, "storage.tsdb.sync": sync.rawValue,
            "web.listen-address": chosenAddresses.joined(separator: ","), "web.config.file": webConfigFile,
            "web.external-url": externalURL, "web.route-prefix": routePrefix ?? "", "web.page-title": pageTitle,
            "web.read-timeout": readTimeout,
            "web.max-connections": "\(maxConnections)", "web.cors.origin": corsOrigin,
            "web.enable-lifecycle": "\(enableLifecycle)", "web.enable-admin-api": "\(enableAdminAPI)",
            "web.enable-remote-write-receiver": "\(enableRemoteWriteReceiver)",
            "web.enable-otlp-receiver": "\(enableOTLPReceiver)",
            "web.max-notifications-subscribers": "\(maxNotificationsSubscribers)",
            "web.search.max-limit": "\(searchMaxLimit)", "config.auto-reload": "\(autoReload)",
            "config.auto-reload-interval": autoReloadInterval, "query.lookback-delta": lookbackDelta,
            "query.timeout": queryTimeout,
            "storage.remote.flush-deadline": flushDeadline,
            "storage.remote.read-sample-limit": "\(readSampleLimit)",
            "storage.remote.read-concurrent-limit": "\(readConcurrentLimit)",
            "storage.remote.read-max-bytes-in-frame": "\(readMaxBytesInFrame)",
            "query.max-concurrency": "\(maxConcurrency)", "query.max-samples": "\(maxSamples)",
            "log.level": logLevel.rawValue, "log.format": logFormat.rawValue,
        ]
    }

    func validate() throws {
        try requireDuration("--storage.tsdb.retention.time", retentionTime)
        try requireDuration("--query.lookback-delta", lookbackDelta)
        try requireDuration("--storage.remote.flush-deadline", flushDeadline)
        try requireDuration("--query.timeout", queryTimeout)
        try requireDuration("--web.read-timeout", readTimeout)
        try requireDuration("--config.auto-reload-interval", autoReloadInterval)
        if routePrefix?.utf8.contains(where: { $0 <= 0x20 || $0 >= 0x7f || $0 == 0x25 || $0 == 0x3f }) == true {
            throw ValidationError("--web.route-prefix '\(routePrefix ?? "")' is not a path such as /prometheus")
        }
        try requireNotNegative()
        guard parseBytes(retentionSize) != nil else {
            throw ValidationError("--storage.tsdb.retention.size '\(retentionSize)' is not a size such as 512MB or 2GB")
        }
        for (flag, value) in [
            ("--query.max-concurrency", maxConcurrency), ("--query.max-samples", maxSamples),
            ("--web.max-connections", maxConnections),
            ("--web.max-notifications-subscribers", maxNotificationsSubscribers),
            ("--storage.remote.read-max-bytes-in-frame", readMaxBytesInFrame),
        ] where value < 1 {
            throw ValidationError("\(flag) must be at least 1, not \(value)")
        }
    }

    private func requireNotNegative() throws {
        for (flag, value) in [
            ("--storage.remote.read-sample-limit", readSampleLimit),
            ("--storage.remote.read-concurrent-limit", readConcurrentLimit),
        ] where value < 0 {
            throw ValidationError("\(flag) must be at least 0, not \(value)")
        }
    }

    private func requireDuration(_ flag: String, _ text: String) throws {
        guard let duration = PrometheusDuration.parse(text), duration > 0 else {
            throw ValidationError("\(flag) '\(text)' is not a positive duration such as 15s, 5m or 7d")
        }
    }

    func run() async throws {
        limitAllocatorArenas()
        allowOpenFiles()
        let format: StandardErrorLogHandler.Format = logFormat == .json ? .json : .logfmt
        let level = logLevel.level
        LoggingSystem.bootstrap { label in
            StandardErrorLogHandler(format: format, label: label, logLevel: level)
        }
        try await reportingErrors { try await ServerProcess(serve: self).run() }
    }
}

/// Bytes of a size with a unit, such as `512MB`: B, KB, MB, GB, TB, PB or EB, each 1024 of the one before; `0` needs none.
/// nil where `text` is no size.
func parseBytes(_ text: String) -> Int64? {
    if text == "0" { return 0 }
    let digits = text.prefix { $0.isASCII && $0.isNumber }
    let units = ["B", "KB", "MB", "GB", "TB", "PB", "EB"]
    guard let number = Int64(digits), let power = units.firstIndex(of: String(text.dropFirst(digits.count))) else {
        return nil
    }
    let product = number.multipliedReportingOverflow(by: Int64(1) << (10 * Int64(power)))
    return product.overflow ? nil : product.partialValue
}
