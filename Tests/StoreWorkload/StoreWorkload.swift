import Glibc
import Model
import TSDB
import TestSupport

/// Writes a database from several threads until it is killed, and says what was acknowledged: the load of
/// `EndToEndTests/StoreKillTests`.
@main struct StoreWorkload {
    static func main() {
        let arguments = CommandLine.arguments
        guard arguments.count == 5, let optionsSeed = UInt64(arguments[2]), let seed = UInt64(arguments[3]),
            let start = Int64(arguments[4])
        else { fail("usage: StoreWorkload DIRECTORY OPTIONS-SEED SEED START") }
        // Should there be nobody to kill it.
        alarm(60)
        do throws(StorageError) {
            let database = try Database.open(
                directory: arguments[1] + "/data", options: .ofWorkload(seed: optionsSeed))
            acknowledge(.opened)
            Load(database: database, directory: arguments[1], seed: seed, start: start).run()
        } catch {
            fail("\(error)")
        }
    }
}

private func fail(_ text: String) -> Never {
    writeAll(2, text + "\n")
    exit(1)
}

private func acknowledge(_ acknowledgement: Acknowledgement) { writeAll(1, acknowledgement.line) }

/// In one call, so that lines of several threads follow one another.
private func writeAll(_ descriptor: Int32, _ text: String) {
    guard write(descriptor, text, text.utf8.count) == text.utf8.count else { exit(3) }
}

private struct Load: Sendable {
    let database: Database
    let directory: String
    let seed: UInt64
    let start: Int64

    /// Ends with the process.
    func run() {
        let threads = (0..<ThreadPlan.threads).map { thread in TestThread { write(thread) } }
        backUp()
        for thread in threads { thread.join() }
    }

    private func write(_ thread: Int) {
        var plan = ThreadPlan(thread: thread, seed: seed, start: start)
        var operation = 0
        while true {
            do throws(StorageError) {
                let refused = try perform(plan.next())
                acknowledge(.done(thread: thread, operation: operation, refused: refused))
            } catch {
                fail("operation \(operation) of thread \(thread): \(error)")
            }
            operation += 1
        }
    }

    /// - Returns: the indices of what was refused.
    private func perform(_ operation: WorkloadOperation) throws(StorageError) -> [Int] {
        switch operation {
        case .scrape(let samples), .late(let samples): return try append(samples)
        case .importing(let samples):
            var series: [(labels: Labels, samples: SampleBuffer)] = []
            for sample in samples {
                if series.last?.labels != sample.labels { series.append((sample.labels, SampleBuffer())) }
                switch sample.value {
                case .float(let bits): series[series.count - 1].samples.append(sample.time, Double(bitPattern: bits))
                case .histogram(let histogram): series[series.count - 1].samples.append(sample.time, histogram)
                }
            }
            _ = try database.importSamples(series)
        case .delete(let labels, let range):
            let matchers = labels.map { Matcher($0.name, equals: $0.value) }
            try database.deleteSeries([matchers], minTime: range.lowerBound, maxTime: range.upperBound)
        }
        return []
    }

    private func append(_ samples: [WorkloadOperation.Sample]) throws(StorageError) -> [Int] {
        var batch = SampleBatch(refs: [], timestamps: [], values: [])
        var floats: [Int] = []
        var histograms: [Int] = []
        for (index, ref) in try database.resolve(samples.map(\.labels)).enumerated() {
            switch samples[index].value {
            case .float(let bits):
                floats.append(index)
                batch.refs.append(ref)
                batch.timestamps.append(samples[index].time)
                batch.values.append(Double(bitPattern: bits))
            case .histogram(let histogram):
                histograms.append(index)
                batch.histograms.append(
                    HistogramSample(ref: ref, timestamp: samples[index].time, histogram: histogram))
            }
        }
        if let time = batch.timestamps.first, batch.timestamps.allSatisfy({ $0 == time }) { batch.timestamps = [time] }
        let result = try database.appendBlocking(batch)
        return result.rejected.map { floats[$0.index] } + result.rejectedHistograms.map { histograms[$0.index] }
    }

    private func backUp() {
        var random = SeededGenerator(seed: seed &+ UInt64(ThreadPlan.threads))
        for number in 0... {
            usleep(.random(in: 10_000...150_000, using: &random))
            acknowledge(.backupBegun(number))
            do throws(StorageError) {
                try database.backup(to: "\(directory)/backup-\(number)")
            } catch {
                fail("backup \(number): \(error)")
            }
            let stats = database.stats()
            acknowledge(.backupMade(number, seals: stats.seals, blocksDeleted: stats.blocksDeleted))
            if let problem = database.takeProblems().first { fail(problem) }
        }
    }
}
