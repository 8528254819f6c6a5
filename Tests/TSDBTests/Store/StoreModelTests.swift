import Model
import TestSupport
import Testing

@testable import TSDB

/// The store against a plain dictionary, under random operations.
@Suite struct StoreModelTests {
    @Test(arguments: 0..<tries(8, slow: 200)) func agreesWithADictionary(_ run: Int) throws {
        let model = try StoreModel(seed: makeSeed() &+ UInt64(run))
        for step in 0..<200 {
            if let fault = try model.step() {
                Issue.record("run \(run), step \(step): \(fault)\n\(model.report)")
                return
            }
        }
        let fault = try model.finish()
        #expect(fault == nil, "run \(run): \(model.report)")
    }
}

/// A store beside the dictionary that it must agree with, and the operations on both.
///
/// The store seals by itself in between, so that which of two late samples it still takes depends on the moment: what it
/// answers is checked for whether it may answer so, and the dictionary follows it.
private final class StoreModel {
    private var random: SeededGenerator
    private let directory = TemporaryDirectory()
    private let options: DatabaseOptions
    private var database: Database
    private var plain: PlainStore
    /// Views that were opened at some moment, with what was there then.
    private var views: [(view: any Querier, moment: PlainSamples)] = []
    /// What was done, newest last.
    private var log: [String] = []
    /// The seed, and what was done last.
    var report: String { (log.prefix(1) + log.dropFirst().suffix(12)).joined(separator: "\n") }
    private let series = (0..<12).map { labels("__name__=m\($0 % 3)", "n=\($0)") }
    /// Only ever appended to in order, and never deleted from: it has start times and exemplars too.
    private let counter = labels("__name__=counter")
    private var startTime: Int64 = 0
    private var startTimes: [Int64: Int64] = [:]
    private var exemplars: [Exemplar] = []
    private var now: Int64
    /// Milliseconds of one tick: with the long one, samples are too old that are not with the short one.
    private let tickMs: Int64

    private var lateMs: Int64 { max(DatabaseOptions.lateMs, options.blockMs / 2) }

    init(seed: UInt64) throws {
        random = SeededGenerator(seed: seed)
        tickMs = random.chance(50) ? 1 : 60_000
        var options = DatabaseOptions(
            retentionMs: random.chance(30) ? max(5000 * tickMs, 1) : 0, blockMs: 1000 * tickMs)
        if random.chance(50) { options.outOfOrderMs = 1500 * tickMs }
        options.rowCacheBytes = [0, 20_000, 16 << 20].randomElement(using: &random) ?? 0
        options.headSamplesMax = [40, 400, 3_000_000].randomElement(using: &random) ?? 0
        options.clock = FixedClock(now: 1 << 50)
        self.options = options
        plain = PlainStore(retentionMs: options.retentionMs)
        now = Int64.random(in: -20_000...0, using: &random) * tickMs
        database = try Database.open(directory: directory.path, options: options)
        log.append(
            "seed \(seed): tick \(tickMs), cache \(options.rowCacheBytes), retention \(options.retentionMs), "
                + "head \(options.headSamplesMax), out of order \(options.outOfOrderMs)")
    }

    /// Does something.
    /// - Returns: what is wrong, or nil.
    func step() throws -> String? {
        switch Int.random(in: 0..<40, using: &random) {
        case 0: return try reopen()
        case 1: return try crash()
        case 2, 3: return try note("maintain") { try database.maintain() }
        case 4: return try note("compact") { try database.compact() }
        case 5, 6: return try delete()
        case 7, 8, 9: return try importSome()
        case 10: return try openView()
        case 11: return try closeView()
        case 12...17: return try check()
        case 18...22: return try appendCounter()
        default: return try append()
        }
    }

    func finish() throws -> String? {
        if let fault = try check() { return fault }
        if let fault = try reopen() { return fault }
        return try check() ?? database.takeProblems().first
    }

    private func note(_ text: String, _ body: () throws -> Void) throws -> String? {
        log.append(text)
        try body()
        return nil
    }

    // MARK: Writing

    private func randomTime() -> Int64 {
        switch Int.random(in: 0..<10, using: &random) {
        case 0...6: now - Int64.random(in: -300...50, using: &random) * tickMs
        case 7, 8: now - Int64.random(in: 0...1500, using: &random) * tickMs
        default: now - Int64.random(in: 0...4000, using: &random) * tickMs
        }
    }

    private func randomHistogram() -> Histogram {
        // The sum of one is that of no other, and no float's.
        let count = Double(Int.random(in: 1...1_000_000, using: &random))
        return Histogram(
            schema: 3, isFloat: false, count: count, sum: count + 0.25,
            positiveSpans: [.init(offset: .random(in: -3...3, using: &random), length: 2)],
            positiveBuckets: [1, count - 1])
    }

    private func randomFloat() -> Double {
        random.chance(70)
            ? Double(Int.random(in: 0...5, using: &random))
            : Double(bitPattern: SampleShape.specialBits.randomElement(using: &random) ?? 0)
    }

    private func append() throws -> String? {
        now += Int64.random(in: 0...400, using: &random) * tickMs
        let isShared = random.chance(40)
        var batch = SampleBatch(refs: [], timestamps: [], values: [])
        batch.timestamps = []
        var ofRefs: [Labels] = []
        var ofHistograms: [Labels] = []
        for labels in series where random.chance(60) {
            let ref = try database.resolve([labels])[0]
            for _ in 0..<(isShared ? 1 : Int.random(in: 1...4, using: &random)) {
                let time = isShared ? now : randomTime()
                if random.chance(20) {
                    batch.histograms.append(.init(ref: ref, timestamp: time, histogram: randomHistogram()))
                    ofHistograms.append(labels)
                } else {
                    batch.refs.append(ref)
                    batch.timestamps.append(time)
                    batch.values.append(randomFloat())
                    ofRefs.append(labels)
                }
            }
        }
        let result = try database.appendBlocking(batch)
        log.append("append \(batch.refs.count) + \(batch.histograms.count) at \(now), now \(result)")
        var answers = Dictionary(uniqueKeysWithValues: result.rejected.map { ($0.index, $0.reason) })
        let newest = plain.newest
        for (index, labels) in ofRefs.enumerated() {
            let value = PlainValue.float(batch.values[index].bitPattern)
            if let fault = take(labels, batch.timestamps[index], value, answers[index], newest) { return fault }
        }
        answers = Dictionary(uniqueKeysWithValues: result.rejectedHistograms.map { ($0.index, $0.reason) })
        for (index, labels) in ofHistograms.enumerated() {
            let sample = batch.histograms[index]
            let value = PlainValue.histogram(sample.histogram)
            if let fault = take(labels, sample.timestamp, value, answers[index], newest) { return fault }
        }
        guard
            result.appended + result.rejected.count + result.rejectedHistograms.count == ofRefs.count
                + ofHistograms.count
        else { return "the answer has another number of samples than the batch" }
        return nil
    }

    /// Lets the dictionary follow the store's answer to a sample.
    /// - Parameter newest: the newest time before the batch.
    /// - Returns: why it must not answer so.
    private func take(
        _ labels: Labels, _ time: Int64, _ value: PlainValue, _ reason: AppendResult.Reason?, _ newest: Int64
    ) -> String? {
        let ofSeries = plain.newestOf[labels] ?? .min
        let text = "\(labels) at \(time): \(String(describing: reason)), newest \(newest), of the series \(ofSeries)"
        switch reason {
        case nil: plain.add(labels, time, value)
        case .outOfOrder: if time >= ofSeries || isTaken(time, newest, options.outOfOrderMs) { return text }
        case .duplicate: if plain.newestOf[labels] == nil || time > ofSeries { return text }
        case .tooOld:
            if time >= ofSeries, isTaken(time, newest, lateMs) || newest == .min { return text }
            if isTaken(time, newest, options.outOfOrderMs) { return text }
        // Without samples it is forgotten at some moment, which may lie behind the resolving.
        case .unknownSeries: if plain.range(plain.sureFrom, .max)[labels] != nil { return text }
        case .invalid: return text
        }
        return nil
    }

    private func isTaken(_ time: Int64, _ newest: Int64, _ ms: Int64) -> Bool {
        ms > 0 && newest != .min && time >= newest - ms
    }

    private func appendCounter() throws -> String? {
        now = max(now, plain.newest) + Int64.random(in: 1...100, using: &random) * tickMs
        let ref = try database.resolve([counter])[0]
        if random.chance(30) { startTime = now - Int64.random(in: 0...5, using: &random) }
        var batch = SampleBatch(refs: [], timestamps: [now], values: [])
        let value: PlainValue
        if random.chance(60) {
            batch.refs = [ref]
            batch.values = [randomFloat()]
            batch.startTimes = [startTime]
            value = .float(batch.values[0].bitPattern)
        } else {
            let histogram = randomHistogram()
            batch.histograms = [.init(ref: ref, timestamp: now, histogram: histogram, startTime: startTime)]
            value = .histogram(histogram)
        }
        if random.chance(40) {
            let exemplar = Exemplar(labels: labels("trace=\(now)"), timestamp: now, value: randomFloat())
            batch.exemplars = [.init(ref: ref, exemplar: exemplar)]
        }
        let result = try database.appendBlocking(batch)
        log.append("counter at \(now), start \(startTime): \(result)")
        // Without samples it is forgotten at some moment, which may lie behind the resolving.
        let isForgotten = (result.rejected + result.rejectedHistograms).first?.reason == .unknownSeries
        if isForgotten, plain.range(plain.sureFrom, .max)[counter] == nil { return nil }
        plain.add(counter, now, value)
        startTimes[now] = startTime
        exemplars += batch.exemplars.map(\.exemplar)
        return result.appended == 1 && result.rejectedExemplars.isEmpty ? nil : "the counter got \(result)"
    }

    private func importSome() throws -> String? {
        // Older than the retention, it may go again at once.
        let oldest = options.retentionMs > 0 ? options.retentionMs / 2 : 20_000 * tickMs
        var all: [(labels: Labels, samples: SampleBuffer)] = []
        var stored = 0
        for labels in series where random.chance(50) {
            let samples = SampleBuffer()
            var time = now - Int64.random(in: 0...oldest, using: &random)
            for _ in 0..<Int.random(in: 0...30, using: &random) {
                let value: PlainValue
                if random.chance(20) {
                    let histogram = randomHistogram()
                    samples.append(time, histogram)
                    value = .histogram(histogram)
                } else {
                    samples.append(time, randomFloat())
                    value = .float(samples.values[samples.count - 1].bitPattern)
                }
                if plain.add(labels, time, value) { stored += 1 }
                time = min(time + Int64.random(in: 1...200, using: &random) * tickMs, time + oldest)
                if time > now { break }
            }
            all.append((labels, samples))
        }
        let result = try database.importSamples(all)
        log.append("import of \(all.map(\.samples.count)): \(result)")
        let count = all.reduce(0) { $0 + $1.samples.count }
        guard result.samples + result.duplicates == count else { return "\(count) imported, \(result)" }
        return options.retentionMs == 0 && result.samples != stored ? "\(stored) were new, \(result)" : nil
    }

    private func delete() throws -> String? {
        let name = "m\(Int.random(in: 0...2, using: &random))"
        let one = "\(Int.random(in: 0..<12, using: &random))"
        let isOne = random.chance(60)
        let matcher = isOne ? Matcher("n", equals: one) : Matcher("__name__", equals: name)
        let low = random.chance(30) ? .min : now - Int64.random(in: 0...6000, using: &random) * tickMs
        let high = random.chance(30) ? .max : max(low, now - Int64.random(in: -100...3000, using: &random) * tickMs)
        let deleted = try database.deleteSeries([[matcher]], minTime: low, maxTime: high)
        let expected = plain.remove({ isOne ? $0["n"] == one : $0.metricName == name }, low...high)
        log.append("delete \(matcher), \(low) to \(high): \(deleted)")
        return options.retentionMs == 0 && deleted != expected ? "\(deleted) deleted, not \(expected)" : nil
    }

    // MARK: Reading

    private func check() throws -> String? { try check(database) }

    private func check(_ database: Database) throws -> String? {
        let low = random.chance(40) ? .min : now - Int64.random(in: 0...8000, using: &random) * tickMs
        let high = random.chance(40) ? .max : now - Int64.random(in: -100...4000, using: &random) * tickMs
        let found = try database.allSamples(from: low, to: high)
        if let fault = plain.fault(in: found, low, high) { return "\(low) to \(high): \(fault)" }
        for (view, moment) in views where try view.allSamples() != moment { return "a view's moment has changed" }
        return try checkCounter(database) ?? database.takeProblems().first
    }

    private func checkCounter(_ database: Database) throws -> String? {
        let view = try database.querier(minTime: .min, maxTime: .max)
        defer { view.close() }
        let set = try view.select(
            [Matcher("__name__", equals: "counter")], hints: SelectHints(minTime: .min, maxTime: .max))
        guard set.count > 0 else { return nil }
        let buffer = SampleBuffer()
        try set.read(0, into: buffer)
        for (time, start) in buffer.startTimesByTime where startTimes[time] != start {
            return "the counter's start time at \(time) is \(start), not \(String(describing: startTimes[time]))"
        }
        // Retention may take the series, and its exemplars with it.
        guard options.retentionMs == 0 else { return nil }
        let found = try database.exemplars(
            [[Matcher("__name__", equals: "counter")]], minTime: .min, maxTime: .max)
        guard found.first?.exemplars ?? [] == exemplars || exemplars.contains(where: \.value.isNaN) else {
            return "\(found.first?.exemplars.count ?? 0) exemplars, not \(exemplars.count)"
        }
        return nil
    }

    private func openView() throws -> String? {
        let view = try database.querier(minTime: .min, maxTime: .max)
        views.append((view, try view.allSamples()))
        log.append("open a view")
        return views.count > 3 ? try closeView() : nil
    }

    private func closeView() throws -> String? {
        guard !views.isEmpty else { return nil }
        let (view, moment) = views.remove(at: Int.random(in: 0..<views.count, using: &random))
        defer { view.close() }
        log.append("close a view")
        return try view.allSamples() == moment ? nil : "a view's moment has changed"
    }

    // MARK: Closing

    private func reopen() throws -> String? {
        while !views.isEmpty { if let fault = try closeView() { return fault } }
        database.close()
        log.append("reopen")
        if let fault = database.takeProblems().first { return fault }
        database = try Database.open(directory: directory.path, options: options)
        return nil
    }

    private func crash() throws -> String? {
        let copy = directory.path + "/copy"
        try copyDatabase(directory.path, copy, whileOpen: database)
        defer { removeAll(copy) }
        let crashed = try Database.open(directory: copy, options: options)
        defer { crashed.close() }
        let found = try crashed.allSamples()
        return plain.fault(in: found, .min, .max).map { "after a crash: \($0)" } ?? crashed.takeProblems().first
    }
}
