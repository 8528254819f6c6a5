import Logging
import Model
import Scraper
import Synchronization

/// Sends samples to the receivers of a configuration. `apply` may be called again with another one: receivers that are
/// the same in both go on undisturbed. Thread-safe.
public final class RemoteWriting: Sendable {
    private let log: any SampleLog
    private let metadata: any MetadataProvider
    private let clock: any WallClock
    private let logger: Logger
    private let userAgent: String
    private let flushDeadlineMs: Int64
    private let newestTime: @Sendable () -> Int64?
    private let senders = Mutex<[RemoteWriteSender]>([])
    /// Held while senders come and go.
    private let changing = Mutex(())

    /// - Parameters:
    ///   - log: what is sent.
    ///   - newestTime: the newest sample of the store, in milliseconds.
    ///   - flushDeadlineMs: how long what is under way may take when a sender ends.
    ///   - version: of the program, for the `User-Agent` header.
    public init(
        log: any SampleLog, metadata: any MetadataProvider, clock: any WallClock, logger: Logger,
        registry: MetricRegistry, newestTime: @escaping @Sendable () -> Int64?, flushDeadlineMs: Int64 = 60_000,
        version: String = "dev"
    ) {
        self.log = log
        self.metadata = metadata
        self.clock = clock
        self.logger = logger
        self.newestTime = newestTime
        self.flushDeadlineMs = flushDeadlineMs
        userAgent = "tsdb/\(version)"
        registry.register { [weak self] in self?.metricFamilies ?? [] }
    }

    /// Sends to the receivers of `configuration` from now on, and to those of an earlier one no more.
    ///
    /// - Throws: where the store cannot take down the receivers, and then those of before stay; or where there is no thread
    ///   for one.
    public func apply(_ configuration: Configuration) async throws(StorageError) {
        try await onThread { [self] in
            Result { () throws(StorageError) in try applyBlocking(configuration) }
        }.get()
    }

    private func applyBlocking(_ configuration: Configuration) throws(StorageError) {
        try changing.withLock { (_) throws(StorageError) in
            let external = configuration.global.externalLabels
            let before = senders.withLock { $0 }
            let kept = before.filter {
                configuration.remoteWrite.contains($0.configuration) && $0.externalLabels == external
            }
            // Before anything ends: where this fails, all goes on as it was.
            try log.setFollowers(configuration.remoteWrite.map(\.identity))
            end(before.filter { sender in !kept.contains { $0 === sender } })
            let new = configuration.remoteWrite.filter { one in !kept.contains { $0.configuration == one } }
                .map { one in
                    RemoteWriteSender(
                        one, external, log: log, metadata: metadata, clock: clock, userAgent: userAgent, logger: logger)
                }
            let started = new.filter { $0.start() }
            senders.withLock { $0 = kept + started }
            guard started.count == new.count else {
                throw .io("cannot start a thread for each receiver; reload the configuration to try again")
            }
        }
    }

    /// Ends sending. What was not sent is when it begins again.
    public func stop() async { await onThread { [self] in stopBlocking() } }

    private func stopBlocking() {
        changing.withLock { _ in
            end(senders.withLock { $0 })
            senders.withLock { $0 = [] }
        }
    }

    private func end(_ senders: [RemoteWriteSender]) {
        for sender in senders { sender.stop(within: flushDeadlineMs) }
        while senders.contains(where: { !$0.isEnded }) { pause() }
    }

    private var metricFamilies: [MetricFamily] {
        let senders = senders.withLock { $0 }
        if senders.isEmpty { return [] }
        let newest = MetricFamily(
            "prometheus_remote_storage_highest_timestamp_in_seconds", "The newest time stored.", .gauge,
            [MetricPoint(labels: .empty, value: Double(newestTime() ?? 0) / 1000)])
        return [newest] + senders.flatMap(\.metricFamilies)
    }
}
