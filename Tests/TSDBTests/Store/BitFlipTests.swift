import Model
import TestSupport
import Testing

@testable import TSDB

/// Bits that flip anywhere in the file: what is served is what was written, and what is not served is named.
@Suite struct BitFlipTests {
    @Test func whatIsServedWasWrittenAndWhatIsMissingIsNamed() async throws {
        let directory = TemporaryDirectory()
        let source = directory.path + "/source"
        let expected = try await makeDatabase(source)
        let bytes = try readFile(source + "/" + Database.fileName)
        var random = SeededGenerator(seed: makeSeed())
        var seen = Seen()
        for attempt in 0..<tries(60, slow: 1000) {
            var flipped = bytes
            let places = (0..<(random.chance(80) ? 1 : Int.random(in: 2...8, using: &random))).map { _ in
                place(in: bytes, &random)
            }
            for place in places { flipped[place / 8] ^= 1 << (place % 8) }
            let path = directory.path + "/flipped"
            try check(flipped, expected, path, "attempt \(attempt), bits \(places)", &seen)
            removeAll(path)
        }
        #expect(seen.whole > 0 && seen.partly > 0)
    }

    /// How often what came out of it.
    private struct Seen {
        var attempts = 0
        var refused = 0
        var whole = 0
        var partly = 0
    }

    /// A bit of the file: of the anywhere, of a page's header and what follows it, or of a page's end, where the rows of
    /// small tables lie.
    private func place(in bytes: [UInt8], _ random: inout SeededGenerator) -> Int {
        let pageBytes = Int(Schema.pageBytes)
        let page = Int.random(in: 0..<bytes.count / pageBytes, using: &random) * pageBytes
        let byte =
            switch Int.random(in: 0..<4, using: &random) {
            case 0: page + Int.random(in: 0..<200, using: &random)
            case 1: page + pageBytes - Int.random(in: 1...600, using: &random)
            default: Int.random(in: 0..<bytes.count, using: &random)
            }
        return 8 * byte + Int.random(in: 0..<8, using: &random)
    }

    private func check(
        _ bytes: [UInt8], _ expected: StoredContents, _ path: String, _ text: String, _ seen: inout Seen
    ) throws {
        seen.attempts += 1
        try Database.makeDirectory(path)
        let file = path + "/" + Database.fileName
        try writeFile(file, bytes)
        let report = try? Database.check(path)
        #expect(try readFile(file) == bytes, "\(text): a check has written")
        let isNamed = report.map { !$0.isSound } ?? true
        for isReadOnly in [true, false] {
            let database: Database
            do throws(StorageError) {
                database = isReadOnly ? try Database.openReadOnly(path) : try Database.open(directory: path)
            } catch {
                guard case .cannotOpen(let reason) = error, reason.contains(path) else {
                    Issue.record("\(text): \(error)")
                    continue
                }
                seen.refused += 1
                continue
            }
            defer { database.close() }
            let found = StoredContents(database)
            if let wrong = found.wrong(expected) { Issue.record("\(text): \(wrong)") }
            let missing = found.missing(expected)
            if let missing, !isNamed, found.errors.isEmpty, database.stats().problems.isEmpty {
                Issue.record("\(text): \(missing), and nothing says so")
            }
            if missing == nil { seen.whole += 1 } else { seen.partly += 1 }
            if !isReadOnly { try goOn(database, expected, text) }
        }
        guard seen.attempts % 4 == 0 else { return }
        try writeFile(file, bytes)
        _ = try? Database.repair(path)
        guard let repaired = try? Database.openReadOnly(path) else { return }
        defer { repaired.close() }
        if let wrong = StoredContents(repaired).wrong(expected) { Issue.record("\(text), repaired: \(wrong)") }
    }

    /// Writes to a damaged database, which may be refused, and reads it again.
    private func goOn(_ database: Database, _ expected: StoredContents, _ text: String) throws {
        let series = labels("__name__=new")
        var expected = expected
        do throws(StorageError) {
            let refs = try database.resolve([series])
            let time: Int64 = 1_000_000
            _ = try database.appendBlocking(SampleBatch(refs: refs, timestamps: [time], values: [1]))
            expected.samples[series] = [time: .float(1.0.bitPattern)]
            try database.compact()
        } catch {
            #expect("\(error)".contains("cannot") || "\(error)".contains("used up"), "\(text)")
        }
        expected.samples[series, default: [:]][1_000_000] = .float(1.0.bitPattern)
        if let wrong = StoredContents(database).wrong(expected) { Issue.record("\(text), written to: \(wrong)") }
    }

    /// Blocks, a journal, histograms, start times, exemplars and metadata.
    private func makeDatabase(_ path: String) async throws -> StoredContents {
        var random = SeededGenerator(seed: 11)
        var options = DatabaseOptions(retentionMs: 0, blockMs: 20_000)
        options.outOfOrderMs = 50_000
        let database = try Database.open(directory: path, options: options)
        let floats = (0..<16).map { labels("__name__=temp\($0 % 4)", "gpu=\($0)", "job=node", "host=laptop-\($0 % 3)") }
        let histogram = labels("__name__=latency", "job=api")
        let refs = try database.resolve(floats + [histogram])
        for time in stride(from: Int64(0), to: 90_000, by: 500) {
            let values = floats.indices.map { index in
                index % 5 == 0 ? Double(bitPattern: random.next() >> 2) : Double(time / 300 * Int64(index)) / 8
            }
            var batch = SampleBatch(refs: Array(refs.dropLast()), timestamps: [time], values: values)
            if time % 1000 == 0 {
                let count = Double(time / 100 + 3)
                let sample = Histogram(
                    schema: 3, isFloat: false, count: count, sum: count / 4,
                    positiveSpans: [.init(offset: 1, length: 2)], positiveBuckets: [2, count - 2])
                batch.histograms = [
                    .init(ref: refs[floats.count], timestamp: time, histogram: sample, startTime: -time / 9000)
                ]
                let exemplar = Exemplar(labels: labels("trace=\(time)"), timestamp: time, value: 0.5)
                batch.exemplars = time == 0 ? [] : [.init(ref: refs[floats.count], exemplar: exemplar)]
            }
            let result = try database.appendBlocking(batch)
            #expect(result.rejected.isEmpty && result.rejectedHistograms.isEmpty && result.rejectedExemplars.isEmpty)
            if time == 70_000 { _ = try database.add(floats[1], (0..<9).map { Sample(60_050 + $0 * 100, 1) }) }
        }
        try await database.setMetadata(
            (0..<4).map { MetricMetadata(metric: "temp\($0)", type: .gauge, help: "Heat of \($0).", unit: "celsius") })
        try database.deleteSeries([[Matcher("gpu", equals: "7")]], minTime: 3000, maxTime: 30_000)
        for time in stride(from: Int64(90_000), to: 95_000, by: 100) {
            let late = try database.add(floats[2], [Sample(time - 4950, 5)])
            #expect(late.rejected.isEmpty)
            _ = try database.appendBlocking(
                SampleBatch(refs: Array(refs.dropLast()), timestamps: [time], values: floats.map { _ in 1 }))
        }
        #expect(database.stats().blocks > 3 && database.stats().headChunks > 0)
        let contents = StoredContents(database)
        #expect(contents.errors == [] && contents.exemplars.count == 1 && contents.metadata.count == 4)
        database.close()
        return contents
    }
}

/// All that a database serves.
struct StoredContents {
    var samples: PlainSamples = [:]
    var exemplars: [Labels: [Exemplar]] = [:]
    var metadata: [String: [MetricMetadata]] = [:]
    var names: [String] = []
    /// What could not be read.
    var errors: [String] = []

    init(_ database: Database) {
        metadata = database.metadata(metric: nil)
        do throws(StorageError) {
            let view = try database.querier(minTime: .min, maxTime: .max)
            defer { view.close() }
            names = try view.labelNames([], limit: 0)
            let set = try view.select([], hints: SelectHints(minTime: .min, maxTime: .max))
            for index in 0..<set.count { read(set, index) }
            let selector = [[Matcher("job", equals: "api")]]
            for (series, some) in try database.exemplars(selector, minTime: .min, maxTime: .max) {
                exemplars[series] = some
            }
        } catch {
            errors.append("\(error)")
        }
    }

    private mutating func read(_ set: any SeriesSet, _ index: Int) {
        let buffer = SampleBuffer()
        do throws(StorageError) {
            try set.read(index, into: buffer)
            guard let found = buffer.byTime else {
                // No sample has this value, so that it is found to be wrong.
                samples[set.labels(index)] = [.min: .float(0)]
                return
            }
            if !found.isEmpty { samples[set.labels(index)] = found }
        } catch {
            errors.append("\(error)")
        }
    }

    /// Something that is served and was never written, or nil.
    func wrong(_ expected: StoredContents) -> String? {
        for (labels, list) in samples {
            guard let written = expected.samples[labels] else { return "there never was \(labels)" }
            for (time, value) in list where written[time] != value {
                return "\(labels) at \(time) is \(value), not \(String(describing: written[time]))"
            }
        }
        for (labels, list) in exemplars where !Set(list.map { "\($0)" }).isSubset(of: texts(expected, labels)) {
            return "\(labels) has exemplars \(list)"
        }
        for (metric, list) in metadata where expected.metadata[metric] != list { return "\(metric) is \(list)" }
        let known = Set(expected.samples.keys.flatMap { $0.map(\.name) })
        return Set(names).isSubset(of: known) ? nil : "the label names are \(names)"
    }

    private func texts(_ contents: StoredContents, _ labels: Labels) -> Set<String> {
        Set(contents.exemplars[labels, default: []].map { "\($0)" })
    }

    /// Something that was written and is not served, or nil.
    func missing(_ expected: StoredContents) -> String? {
        for (labels, list) in expected.samples where samples[labels]?.count ?? 0 < list.count {
            return "\(labels) has \(samples[labels]?.count ?? 0) of \(list.count) samples"
        }
        if exemplars.mapValues(\.count) != expected.exemplars.mapValues(\.count) { return "exemplars are missing" }
        return metadata.count < expected.metadata.count ? "metadata is missing" : nil
    }
}
