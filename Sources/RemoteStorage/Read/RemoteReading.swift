import Model
import Scraper
import Synchronization

/// A store's samples, with those of other servers where it has none any more. Thread-safe.
///
/// Another server is asked for times before the oldest sample of the store, or for all times where it is configured to be.
public final class RemoteReading: Queryable {
    private let local: any Queryable
    private let oldestTime: @Sendable () -> Int64?
    private let remotes = Mutex<[RemoteReader]>([])
    private let sessions = SessionPool()
    private let samplesMax: Int
    private let userAgent: String

    /// - Parameters:
    ///   - oldestTime: the store's oldest sample, in milliseconds; nil where it has none.
    ///   - samplesMax: the most samples of one answer.
    ///   - version: of the program, for the `User-Agent` header.
    public init(
        _ local: any Queryable, samplesMax: Int, version: String = "dev",
        oldestTime: @escaping @Sendable () -> Int64?
    ) {
        self.local = local
        self.samplesMax = samplesMax
        self.oldestTime = oldestTime
        userAgent = "tsdb/\(version)"
    }

    /// Asks the servers of `configuration` from now on.
    public func apply(_ configuration: Configuration) {
        let external = configuration.global.externalLabels
        let readers = configuration.remoteRead.map {
            RemoteReader(
                configuration: $0, externalLabels: external, samplesMax: samplesMax, userAgent: userAgent)
        }
        remotes.withLock { $0 = readers }
    }

    public func querier(minTime: Int64, maxTime: Int64) throws(StorageError) -> any Querier {
        let querier = try local.querier(minTime: minTime, maxTime: maxTime)
        let readers = remotes.withLock { $0 }
        if readers.isEmpty { return querier }
        let oldest = oldestTime() ?? .max
        let needed = readers.filter { $0.configuration.readsRecent || minTime < oldest }
        if needed.isEmpty { return querier }
        return MergedQuerier(querier, needed, sessions, minTime: minTime, maxTime: maxTime, oldestLocal: oldest)
    }
}
