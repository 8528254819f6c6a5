import Model
import Scraper
import Synchronization

/// A sender's work, from where its position in the log is. Used by its thread.
struct SendLoop {
    private let environment: SenderEnvironment
    private let log: any SampleLog
    private let follower: any LogFollower
    private let metadata: any MetadataProvider
    private let clock: any WallClock
    private var composer: UnitComposer
    private var position: LogPosition
    private var shards: Int
    private var metadataDueAt: UInt64 = 0
    private var skips = 0

    /// How often it is looked whether something was appended, which costs nothing.
    private static let pollMs: Int64 = 100

    init(
        environment: SenderEnvironment, log: any SampleLog, follower: any LogFollower, metadata: any MetadataProvider,
        clock: any WallClock, externalLabels: Labels
    ) {
        self.environment = environment
        self.log = log
        self.follower = follower
        self.metadata = metadata
        self.clock = clock
        let configuration = environment.configuration
        composer = UnitComposer(
            configuration: configuration,
            encoder: RequestEncoder(message: configuration.message) { describe($0, metadata) },
            series: OutgoingSeries(externalLabels: externalLabels, rules: configuration.relabelRules))
        position = follower.position
        shards = configuration.queue.shardsMin
    }

    private var queue: RemoteWriteConfiguration.Queue { environment.configuration.queue }

    mutating func run() throws(StorageError) {
        if position.isBegun, try !sendAgain() { return }
        while !environment.isStopping {
            guard let unit = try nextUnit() else { continue }
            if !unit.isEmpty {
                save(unit.begun(from: position, shards: shards))
                guard send(unit) else { return }
            }
            position = unit.end
            save(position)
        }
    }

    /// Sends what was begun before the program ended.
    private mutating func sendAgain() throws(StorageError) -> Bool {
        let begun = position
        var part = LogPart()
        try follower.read(into: &part, samplesMax: .max, through: begun.begunRecord)
        let exemplars = try follower.exemplars(after: begun.exemplar, through: begun.begunExemplar, max: .max)
        let end = LogPosition(record: begun.begunRecord, exemplar: begun.begunExemplar)
        shards = min(max(1, Int(clamping: begun.note)), queue.shardsMax)
        var unit = compose(part, exemplars.samples, end)
        for shard in unit.shards.indices {
            for index in unit.shards[shard].indices { unit.shards[shard][index].mayHaveArrived = true }
        }
        guard send(unit) else { return false }
        position = end
        save(end)
        return true
    }

    /// What there is to be sent, when there is enough of it or it has waited for long enough; nil where there is none.
    private mutating func nextUnit() throws(StorageError) -> WriteUnit? {
        var part = LogPart()
        var since: UInt64?
        var length = -1
        let (wanted, most) = SendLoop.unitSizes(queue, shards: shards)
        while !environment.isStopping {
            let now = monotonicNs()
            // Asked before it is read: what comes meanwhile is seen the next time.
            let newLength = log.logLength
            if newLength != length {
                length = newLength
                try follower.read(into: &part, samplesMax: most, through: nil)
                noteRead(part)
            }
            sendMetadata(now)
            if part.lastRecord != nil { since = since ?? now }
            let waitedMs = since.map { Int64((now - $0) / 1_000_000) } ?? 0
            if part.samples.count >= wanted || since != nil && waitedMs >= queue.batchSendDeadlineMs { break }
            let left = since == nil ? SendLoop.pollMs : queue.batchSendDeadlineMs - waitedMs
            environment.session.poll(timeoutMs: min(SendLoop.pollMs, max(1, left)))
        }
        guard let last = part.lastRecord, !environment.isStopping else { return nil }
        adapt(part.samples.count, wanted, most)
        let exemplars = try newExemplars()
        return compose(part, exemplars.samples, LogPosition(record: last, exemplar: exemplars.last))
    }

    private mutating func noteRead(_ part: LogPart) {
        if follower.skips > skips {
            environment.metrics.overtaken.add(follower.skips - skips)
            environment.log.overtaken()
            skips = follower.skips
            position = follower.position
        }
        environment.metrics.pending.store(part.samples.count, ordering: .relaxed)
    }

    /// The most samples of a unit, of however many shards: some 200 MB with their requests.
    static let unitSamplesMax = 1_000_000

    /// How many samples are worth being sent before the deadline, and how many are read at most.
    static func unitSizes(_ queue: RemoteWriteConfiguration.Queue, shards: Int) -> (wanted: Int, most: Int) {
        let most = min(shards * max(queue.capacity, queue.samplesPerSendMax), unitSamplesMax)
        return (min(shards * queue.samplesPerSendMax, most), most)
    }

    /// More shards while there is more to send than they take, fewer when there is little.
    private mutating func adapt(_ count: Int, _ wanted: Int, _ most: Int) {
        if count >= min(shards * queue.capacity, most) {
            shards = min(2 * shards, queue.shardsMax)
        } else if count < wanted / 4 {
            shards = max(shards / 2, queue.shardsMin)
        }
        environment.metrics.desiredShards.store(shards, ordering: .relaxed)
    }

    /// The most exemplars of a unit; others wait for the next one.
    private static let exemplarsMax = 10_000

    private func newExemplars() throws(StorageError) -> (samples: [ExemplarSample], last: Int64) {
        guard environment.configuration.sendsExemplars else { return ([], position.exemplar) }
        return try follower.exemplars(after: position.exemplar, through: nil, max: SendLoop.exemplarsMax)
    }

    private mutating func compose(_ part: LogPart, _ exemplars: [ExemplarSample], _ end: LogPosition) -> WriteUnit {
        let age = queue.sampleAgeLimitMs
        let unit = composer.unit(
            part, exemplars, end: end, shards: shards, oldest: age > 0 ? clock.nowMs() - age : .min,
            labels: follower.labels)
        let metrics = environment.metrics
        metrics.samplesIn.add(unit.samplesIn)
        metrics.droppedByRules.add(unit.dropped.byRules)
        metrics.droppedUnknown.add(unit.dropped.unknown)
        metrics.droppedTooOld.add(unit.dropped.tooOld)
        metrics.damagedRecords.add(part.damagedRecords)
        return unit
    }

    private func send(_ unit: WriteUnit) -> Bool {
        environment.metrics.shards.store(unit.shards.count { !$0.isEmpty }, ordering: .relaxed)
        return SendRound(unit.shards, environment).run()
    }

    /// A position that cannot be saved, because the disk is full, costs nothing but that some is sent twice after a crash.
    private func save(_ position: LogPosition) {
        do throws(StorageError) {
            try follower.save(position)
        } catch {
            environment.log.failed("cannot save what was sent", error)
        }
    }

    /// Version 2.0 has it with the samples.
    private mutating func sendMetadata(_ now: UInt64) {
        let settings = environment.configuration.metadata
        guard settings.isSent, environment.configuration.message == .v1, now >= metadataDueAt else { return }
        metadataDueAt = now + UInt64(settings.intervalMs) * 1_000_000
        let all = metadata.metadata(metric: nil).values.joined().sorted { byteOrder($0.metric, $1.metric) }
        var requests: [OutgoingRequest] = []
        for start in stride(from: 0, to: all.count, by: settings.samplesPerSendMax) {
            requests.append(RequestEncoder.request(all[start..<min(all.count, start + settings.samplesPerSendMax)]))
        }
        if !requests.isEmpty { _ = SendRound([requests], environment, isMetadata: true).run() }
    }
}

extension WriteUnit {
    /// The position while it is sent.
    fileprivate func begun(from position: LogPosition, shards: Int) -> LogPosition {
        LogPosition(
            record: position.record, exemplar: position.exemplar, begunRecord: end.record, begunExemplar: end.exemplar,
            note: Int64(shards))
    }
}

/// What is known of a series' metric: its own name, or that of the family that it is part of.
private func describe(_ metric: String, _ metadata: any MetadataProvider) -> MetricMetadata? {
    MetricMetadata.names(ofSeries: metric).lazy.compactMap { metadata.metadata(metric: $0)[$0]?.first }.first
}
