import Model
import RemoteProtocol
import Scraper
import Synchronization

/// A view of the store, with what other servers answer when something is selected.
final class MergedQuerier: Querier {
    private let local: any Querier
    private let remotes: [RemoteReader]
    private let sessions: SessionPool
    private let minTime: Int64
    private let maxTime: Int64
    private let oldestLocal: Int64

    init(
        _ local: any Querier, _ remotes: [RemoteReader], _ sessions: SessionPool, minTime: Int64, maxTime: Int64,
        oldestLocal: Int64
    ) {
        self.local = local
        self.remotes = remotes
        self.sessions = sessions
        self.minTime = minTime
        self.maxTime = maxTime
        self.oldestLocal = oldestLocal
    }

    func select(_ matchers: [Matcher], hints: SelectHints) throws(StorageError) -> any SeriesSet {
        let own = try local.select(matchers, hints: hints)
        let remote = try ask(matchers, hints)
        return remote.isEmpty ? own : MergedSeriesSet(own, remote)
    }

    /// What the servers answer that have older samples than the store, or are asked in any case; all at once.
    private func ask(_ matchers: [Matcher], _ hints: SelectHints) throws(StorageError) -> [ReadSeries] {
        let session = sessions.take()
        defer { sessions.giveBack(session) }
        let replies = ReadReplies()
        var asked: [(reader: RemoteReader, maxTime: Int64)] = []
        for reader in remotes where reader.takes(matchers) {
            let isOlder = hints.minTime < oldestLocal
            guard reader.configuration.readsRecent || isOlder else { continue }
            let end = reader.configuration.readsRecent ? hints.maxTime : min(hints.maxTime, oldestLocal - 1)
            let place = asked.count
            asked.append((reader, end))
            session.start(reader.post(matchers, hints, minTime: hints.minTime, maxTime: end)) { replies.set(place, $0) }
        }
        while replies.count < asked.count {
            if hints.isOver() { throw .io("remote_read: the query ended before all servers had answered") }
            session.poll(timeoutMs: MergedQuerier.pollMs)
        }
        var found: [ReadSeries] = []
        for (place, one) in asked.enumerated() {
            guard let result = replies[place] else { continue }
            found += try one.reader.series(result, matchers, minTime: hints.minTime, maxTime: one.maxTime)
        }
        return found
    }

    /// How soon it is seen that nobody waits any more.
    private static let pollMs: Int64 = 100

    /// Other servers cannot be asked for names by this protocol.
    func labelNames(_ selectors: [[Matcher]], limit: Int) throws(StorageError) -> [String] {
        try local.labelNames(selectors, limit: limit)
    }

    func labelValues(_ name: String, _ selectors: [[Matcher]], limit: Int) throws(StorageError) -> [String] {
        try local.labelValues(name, selectors, limit: limit)
    }

    func series(_ selectors: [[Matcher]], limit: Int) throws(StorageError) -> [Labels] {
        var found = Set(try local.series(selectors, limit: limit))
        let hints = SelectHints(minTime: minTime, maxTime: maxTime, function: "series")
        for selector in selectors { found.formUnion(try ask(selector, hints).map(\.labels)) }
        let sorted = found.sorted()
        return limit > 0 ? Array(sorted.prefix(limit)) : sorted
    }

    func close() { local.close() }
}

/// Sessions between requests, with connections that the next one goes on with. Thread-safe.
final class SessionPool: Sendable {
    private let idle = Mutex<[HTTPSession]>([])

    /// As many are kept as queries run at once where nothing else is configured.
    private static let idleMax = 20

    func take() -> HTTPSession { idle.withLock { $0.popLast() } ?? HTTPSession() }

    /// Drops what the session still does.
    func giveBack(_ session: HTTPSession) {
        session.cancelAll()
        idle.withLock { if $0.count < SessionPool.idleMax { $0.append(session) } }
    }
}

/// Answers by the place of the server.
private final class ReadReplies: Sendable {
    private let results = Mutex<[Int: Result<HTTPReply, HTTPFailure>]>([:])

    func set(_ place: Int, _ result: Result<HTTPReply, HTTPFailure>) { results.withLock { $0[place] = result } }

    var count: Int { results.withLock { $0.count } }

    subscript(place: Int) -> Result<HTTPReply, HTTPFailure>? { results.withLock { $0[place] } }
}

/// The store's series and those of other servers, sorted by labels.
final class MergedSeriesSet: SeriesSet {
    private struct Entry: Sendable {
        var labels: Labels
        var local: Int?
        var remote: [ReadSeries] = []
    }

    private let local: any SeriesSet
    private let entries: [Entry]

    init(_ local: any SeriesSet, _ remote: [ReadSeries]) {
        self.local = local
        var byLabels: [Labels: Entry] = [:]
        for index in 0..<local.count {
            let labels = local.labels(index)
            byLabels[labels] = Entry(labels: labels, local: index)
        }
        for series in remote { byLabels[series.labels, default: Entry(labels: series.labels)].remote.append(series) }
        entries = byLabels.values.sorted { $0.labels < $1.labels }
    }

    var count: Int { entries.count }

    func labels(_ index: Int) -> Labels { entries[index].labels }

    func read(_ index: Int, into buffer: SampleBuffer) throws(StorageError) {
        let entry = entries[index]
        if entry.remote.isEmpty, let place = entry.local { return try local.read(place, into: buffer) }
        // Ours first: of two samples of one time it counts.
        var all = SampleBuffer()
        if let place = entry.local { try local.read(place, into: all) }
        for series in entry.remote { all = merged(all, series.samples) }
        merge(all, into: buffer)
    }

    /// Appends the samples of `all` to what the buffer has.
    private func merge(_ all: SampleBuffer, into buffer: SampleBuffer) {
        buffer.reserve(all.count)
        buffer.stored.add(bytes: 16 * all.count)
        var (histogram, start) = (0, 0)
        for index in 0..<all.count {
            if start < all.startTimes.count, all.startTimes[start].index == index {
                buffer.setStartTime(all.startTimes[start].startTime)
                start += 1
            }
            if histogram < all.histograms.count, all.histograms[histogram].index == index {
                buffer.append(all.timestamps[index], all.histograms[histogram].histogram)
                histogram += 1
            } else {
                buffer.append(all.timestamps[index], all.values[index])
            }
        }
    }
}
