import Logging
import Model
import Scraper
import Synchronization

/// Sends what a store takes to one receiver, on a thread of its own.
///
/// 1. A unit is read from the store's log: as much as there is, or what has come within the deadline.
/// 2. That it begins is made durable, with the number of shards: after a crash the very same requests are made again, so
///    that a receiver which takes or refuses a request as a whole has every sample once.
/// 3. Its requests are sent; all shards end before the next unit begins.
/// 4. The position moves on, in the same transaction in which the next unit begins where there is one at once.
///
/// There is no queue beside the log: while a receiver is away nothing is read, and nothing held in memory.
final class RemoteWriteSender: Sendable {
    let configuration: RemoteWriteConfiguration
    let externalLabels: Labels
    let environment: SenderEnvironment
    private let log: any SampleLog
    private let metadata: any MetadataProvider
    private let clock: any WallClock
    private let hasEnded = Atomic<Bool>(false)

    init(
        _ configuration: RemoteWriteConfiguration, _ externalLabels: Labels, log: any SampleLog,
        metadata: any MetadataProvider, clock: any WallClock, userAgent: String, logger: Logger
    ) {
        self.configuration = configuration
        self.externalLabels = externalLabels
        self.log = log
        self.metadata = metadata
        self.clock = clock
        var logger = logger
        logger[metadataKey: "remote"] = "\(configuration.identity)"
        environment = SenderEnvironment(configuration, userAgent: userAgent, logger: logger)
    }

    /// - Returns: whether a thread could be made for it.
    func start() -> Bool {
        startThread { [self] in
            run()
            hasEnded.store(true, ordering: .releasing)
        }
    }

    /// Asks it to end, which it has when ``isEnded`` says so.
    func stop(within milliseconds: Int64) { environment.stop(within: milliseconds) }

    var isEnded: Bool { hasEnded.load(ordering: .acquiring) }

    var metricFamilies: [MetricFamily] {
        let queue = configuration.queue
        return environment.metrics.families(
            ["remote_name": configuration.identity, "url": configuration.shownURL],
            (queue.shardsMax, queue.shardsMin, queue.samplesPerSendMax, queue.capacity))
    }

    private func run() {
        while !environment.isStopping {
            do throws(StorageError) {
                var loop = SendLoop(
                    environment: environment, log: log, follower: try log.follow(configuration.identity),
                    metadata: metadata, clock: clock, externalLabels: externalLabels)
                try loop.run()
            } catch {
                environment.log.failed("cannot read what is to be sent", error)
                if !environment.isStopping { environment.session.poll(timeoutMs: 1000) }
            }
        }
    }
}
