import Glibc
import Logging
import Model
import PromQL
import QueryAPI
import RemoteStorage
import Scraper
import ServiceLifecycle
import TSDB
import UnixSignals
import WebConfig

/// The composition root of `tsdb serve`: opens the store, starts scraping and the HTTP API, and stops them in the
/// opposite order.
struct ServerProcess {
    let serve: Serve
    let logger = Logger(label: "tsdb")
    let registry = MetricRegistry()

    func run() async throws {
        let startTimeMs = SystemClock().nowMs()
        for note in IgnoredFlags.removing(from: CommandLine.arguments).notes { logger.warning("\(note)") }
        let notifications = Notifications()
        let configuration = try ConfigurationFile(
            path: serve.configFile, logger: logger, registry: registry, notifications: notifications)
        let options = try apiOptions()
        let database = try Database.open(directory: serve.storagePath, options: databaseOptions)
        defer { database.close() }
        database.registerMetrics(registry)
        let scraping = ScrapeManager(
            store: database, clock: SystemClock(), logger: Logger(label: "scrape"), registry: registry,
            version: BuildInfo.version)
        let remote = RemoteWriting(
            log: database, metadata: database, clock: SystemClock(), logger: Logger(label: "remote"),
            registry: registry,
            newestTime: { database.stats().headMaxTime },
            flushDeadlineMs: serve.milliseconds(serve.flushDeadline), version: BuildInfo.version)
        let reading = RemoteReading(database, samplesMax: serve.maxSamples, version: BuildInfo.version) {
            let stats = database.stats()
            return [stats.blockMinTime, stats.headMinTime].compactMap { $0 }.min()
        }
        let parts = ConfiguredParts(scraping: scraping, database: database, writing: remote, reading: reading)
        let listening = AsyncStream.makeStream(of: [ListenAddress].self)
        let quit = AsyncStream.makeStream(of: Void.self)
        var dependencies = APIDependencies(
            queryable: reading, appendable: database, metadata: ScrapedMetadata(scraping, others: database),
            targets: scraping, engine: Engine(engineOptions), registry: registry, logger: Logger(label: "web"),
            build: build, startTimeMs: startTimeMs)
        dependencies.stored = database
        dependencies.exemplars = database
        dependencies.notifications = notifications
        dependencies.externalLabels = { configuration.current.global.externalLabels }
        dependencies.otlpSettings = { configuration.current.otlp }
        dependencies.blocks = { database.blockSummaries().map(StoredBlock.init) }
        dependencies.administration = administration(database)
        dependencies.retention = serve.retentionText
        dependencies.flags = serve.flagValues
        dependencies.reload = { try await configuration.reload(into: parts) }
        dependencies.quit = { quit.continuation.yield() }
        dependencies.configuration = { configuration.status }
        dependencies.storageStatistics = { limit in storageStatistics(database, limit: limit) }
        let server = try makeServer(dependencies, options: options) { listening.continuation.yield($0) }
        let services: [any Service] = [
            ScrapeService(
                parts: parts, configuration: configuration, listening: listening.stream,
                isClosed: options.access?.isClosed ?? false, serve: serve),
            ReloadOnHangup(configuration: configuration, parts: parts, logger: logger),
            AutoReload(
                configuration: configuration, parts: parts,
                intervalMs: serve.autoReload ? serve.milliseconds(serve.autoReloadInterval) : nil),
            ProblemLog(database: database, logger: Logger(label: "store")), QuitService(requests: quit.stream), server,
        ]
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: services.map { .init(service: $0, successTerminationBehavior: .gracefullyShutdownGroup) },
                gracefulShutdownSignals: [.sigterm, .sigint], logger: quietLogger))
        try await group.run()
        await remote.stop()
        logger.info("stopped")
    }

    /// The service group's own notes on each service are of no interest to who runs the server.
    private var quietLogger: Logger {
        var quiet = logger
        quiet.logLevel = max(quiet.logLevel, .critical)
        return quiet
    }

    private var databaseOptions: DatabaseOptions {
        DatabaseOptions(
            retentionMs: serve.milliseconds(serve.retentionTime), retentionBytes: parseBytes(serve.retentionSize) ?? 0,
            synchronous: serve.sync == .full ? .full : .normal)
    }

    private var engineOptions: EngineOptions {
        var options = EngineOptions()
        options.lookbackDeltaMs = serve.milliseconds(serve.lookbackDelta)
        options.maxSamples = serve.maxSamples
        options.timeoutMs = serve.milliseconds(serve.queryTimeout)
        return options
    }

    private func apiOptions() throws -> APIOptions {
        let addresses = try serve.chosenAddresses.map { try ListenAddress(parsing: $0) }
        var options = APIOptions(address: addresses[0])
        options.addresses = addresses
        if !serve.webConfigFile.isEmpty {
            options.access = try WebAccess(path: serve.webConfigFile, logger: Logger(label: "web"))
        }
        if !serve.externalURL.isEmpty {
            do throws(ExternalURL.SyntaxError) {
                options.externalURL = try ExternalURL(parsing: serve.externalURL)
            } catch {
                throw CommandFailure("--web.external-url \(error)")
            }
        }
        options.routePrefix = serve.routePrefix.map { ExternalURL.prefix($0) } ?? options.externalURL?.path ?? ""
        options.pageTitle = serve.pageTitle
        options.enableLifecycle = serve.enableLifecycle
        options.enableAdmin = serve.enableAdminAPI
        options.enableRemoteWriteReceiver = serve.enableRemoteWriteReceiver
        options.enableOTLPReceiver = serve.enableOTLPReceiver
        options.notificationSubscribersMax = serve.maxNotificationsSubscribers
        options.searchLimitMax = max(0, serve.searchMaxLimit)
        options.readSamplesMax = serve.readSampleLimit
        options.readConcurrencyMax = serve.readConcurrentLimit
        options.readFrameBytesMax = serve.readMaxBytesInFrame
        options.connectionsMax = serve.maxConnections
        options.readTimeoutSeconds = serve.milliseconds(serve.readTimeout) / 1000
        options.queryConcurrencyMax = serve.maxConcurrency
        options.corsOrigin = serve.corsOrigin
        return options
    }

    private func administration(_ database: Database) -> StorageAdministration {
        let snapshots = serve.storagePath + "/snapshots"
        return StorageAdministration(
            deleteSeries: { (selectors, times) throws(StorageError) in
                try database.deleteSeries(selectors, minTime: times.lowerBound, maxTime: times.upperBound)
            },
            snapshot: { () throws(StorageError) in
                let name = snapshotName(at: SystemClock().nowMs())
                try database.backup(to: snapshots + "/" + name)
                return name
            })
    }

    private var build: BuildDescription {
        BuildDescription(version: BuildInfo.prometheusVersion, revision: "tsdb-\(BuildInfo.version)", branch: "main")
    }
}

/// The time in UTC, and something that two copies of one second differ by, as Prometheus names its snapshots.
private func snapshotName(at milliseconds: Int64) -> String {
    var seconds = time_t(milliseconds / 1000)
    var fields = tm()
    gmtime_r(&seconds, &fields)
    var text = [CChar](repeating: 0, count: 32)
    let length = strftime(&text, text.count, "%Y%m%dT%H%M%SZ-", &fields)
    let digits = String(UInt64.random(in: 0 ... .max), radix: 16)
    return String(decoding: text.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        + String(repeating: "0", count: 16 - digits.count) + digits
}

/// The store's numbers in the API's form.
private func storageStatistics(_ database: Database, limit: Int) -> StorageStatistics {
    let stats = database.stats()
    let cardinality = database.cardinality(limit: limit)
    func entries(_ list: [Cardinality.Entry]) -> [StorageStatistics.Entry] {
        list.map { StorageStatistics.Entry(name: $0.name, value: $0.count) }
    }
    var result = StorageStatistics()
    result.seriesCount = stats.series
    result.labelPairCount = stats.labelPairs
    result.chunkCount = stats.headChunks
    result.minTimeMs = stats.headMinTime ?? .max
    result.maxTimeMs = stats.headMaxTime ?? .min
    result.seriesCountByMetricName = entries(cardinality.seriesByMetricName)
    result.labelValueCountByLabelName = entries(cardinality.valuesByLabelName)
    result.memoryBytesByLabelName = entries(cardinality.bytesByLabelName)
    result.seriesCountByLabelPair = entries(cardinality.seriesByLabelPair)
    return result
}

extension StoredBlock {
    fileprivate init(_ block: BlockSummary) {
        self.init(
            id: "\(block.number)", minTimeMs: block.minTime, maxTimeMs: block.maxTime, seriesCount: block.seriesCount,
            sampleCount: block.sampleCount)
    }
}
