import Model
import TestSupport
import Testing

@testable import TSDB

/// Whatever a database does, it leaves a database that checks clean.
@Suite struct CheckAfterOperationsTests {
    private static let blockMs: Int64 = 1000

    @Test(arguments: 0..<4) func everyOperationLeavesASoundDatabase(_ run: Int) throws {
        var random = SeededGenerator(seed: makeSeed() &+ UInt64(run))
        let directory = TemporaryDirectory()
        var options = DatabaseOptions(
            retentionMs: run == 3 ? 20_000 : 0, blockMs: CheckAfterOperationsTests.blockMs)
        options.outOfOrderMs = 4000
        options.headSamplesMax = 3000
        var database = try Database.open(directory: directory.path, options: options)
        var now: Int64 = 0
        for _ in 0..<60 {
            switch Int.random(in: 0..<12, using: &random) {
            case 0: try database.maintain()
            case 1: try database.compact()
            case 2:
                let start = Int64.random(in: 0...max(1, now), using: &random)
                let metric = Int.random(in: 0..<6, using: &random)
                try database.deleteSeries(
                    [[Matcher("n", equals: "\(metric)")]], minTime: start, maxTime: start + 3000)
            case 3: try importSome(database, now, &random)
            case 4:
                database.close()
                database = try Database.open(directory: directory.path, options: options)
            case 5: try database.deleteSeries([[Matcher("n", equals: "\(Int.random(in: 0..<6, using: &random))")]])
            default: try append(database, &now, &random)
            }
            let report = try Database.check(directory.path)
            #expect(report.findings.map(\.description) == [])
        }
        database.close()
        let report = try Database.check(directory.path, isFull: true)
        #expect(report.findings.map(\.description) == [] && report.notes == [])
        #expect(report.samples > 0)
    }

    private func series(_ number: Int) -> Labels { labels("__name__=m\(number % 2)", "n=\(number)") }

    /// Floats, late ones among them, histograms, start times and exemplars.
    private func append(_ database: Database, _ now: inout Int64, _ random: inout SeededGenerator) throws {
        let refs = try database.resolve((0..<6).map(series))
        for _ in 0..<60 {
            now += 20
            var batch = SampleBatch(refs: [], timestamps: [], values: [])
            for (number, ref) in refs.enumerated() where random.chance(80) {
                let isLate = random.chance(5)
                let time = isLate ? now - Int64.random(in: 0...5000, using: &random) : now
                if number == 5 {
                    let histogram = (HistogramShape.allCases.randomElement(using: &random) ?? .allCases[0]).make(
                        1, using: &random)[0]
                    batch.histograms.append(HistogramSample(ref: ref, timestamp: time, histogram: histogram))
                } else {
                    batch.refs.append(ref)
                    batch.timestamps.append(time)
                    batch.values.append(number == 4 ? .random(in: 0...1, using: &random) : Double(now / 100))
                }
            }
            if random.chance(50) { batch.startTimes = batch.refs.map { _ in now - 1000 } }
            let exemplar = Exemplar(labels: labels("t=\(now)"), timestamp: now, value: 1)
            batch.exemplars = [ExemplarSample(ref: refs[0], exemplar: exemplar)]
            _ = try database.appendBlocking(batch)
        }
    }

    private func importSome(_ database: Database, _ now: Int64, _ random: inout SeededGenerator) throws {
        let start = Int64.random(in: -5000...max(1, now), using: &random)
        let samples = (0..<100).map { Sample(start + 15 * $0, Double($0)) }
        _ = try database.importSamples([(labels: series(1), samples: SampleBuffer(samples))])
    }
}
