import Model
import TSDB

/// Collects samples and gives them to a database in pieces that it takes well: of two hours each, and up to a million
/// samples.
final class ImportBatcher {
    private(set) var result = ImportResult(series: 0, samples: 0, duplicates: 0)
    /// The first and the last time that was given to the database.
    private(set) var timeRange: ClosedRange<Int64>?
    var seriesCount: Int { seen.count }

    private let database: Database
    private var windows: [Int64: Window] = [:]
    private var weight = 0
    /// Hashes of the labels, of which two are not the same among any number of series that fits a machine.
    private var seen: Set<UInt64> = []

    /// What is collected at most, in samples; a run takes the memory of some sixteen more, a native histogram of thirty.
    private static let weightMax = 1_000_000
    private static let runWeight = 16
    private static let histogramWeight = 30
    private static let windowMs: Int64 = 2 * 3_600_000

    /// The samples of one stretch of time.
    private struct Window {
        /// Rounds that are given to the database one after another, in each of which a series comes once: what came
        /// first stays.
        var rounds: [[(labels: Labels, samples: SampleBuffer)]] = []
        var roundsBySeries: [Labels: Int] = [:]
    }

    init(_ database: Database) { self.database = database }

    /// Takes samples of one series, in order of time. They belong to the batcher from here on.
    func add(_ labels: Labels, _ samples: SampleBuffer) throws(StorageError) {
        guard samples.count > 0 else { return }
        let first = number(samples.timestamps[0])
        if number(samples.timestamps[samples.count - 1]) == first {
            add(labels, samples, to: first)
        } else {
            for part in samples.split(by: { self.number($0) }) { add(labels, part.samples, to: part.number) }
        }
        weight += max(samples.count, samples.capacity / 4) + ImportBatcher.runWeight
        weight += samples.histograms.count * ImportBatcher.histogramWeight
        if weight >= ImportBatcher.weightMax { try flush() }
    }

    private func number(_ time: Int64) -> Int64 { time.dividedFlooring(by: ImportBatcher.windowMs) }

    private func add(_ labels: Labels, _ samples: SampleBuffer, to number: Int64) {
        let round = windows[number, default: Window()].roundsBySeries[labels, default: 0]
        windows[number, default: Window()].roundsBySeries[labels] = round + 1
        if windows[number, default: Window()].rounds.count == round { windows[number]?.rounds.append([]) }
        windows[number]?.rounds[round].append((labels, samples))
    }

    /// Gives all that is collected to the database.
    func flush() throws(StorageError) {
        let ready = windows.sorted { $0.key < $1.key }
        windows.removeAll()
        weight = 0
        for (_, window) in ready {
            for round in window.rounds {
                let done = try database.importSamples(round)
                result.samples += done.samples
                result.duplicates += done.duplicates
                for one in round { note(one.labels, one.samples) }
            }
        }
        result.series = seen.count
    }

    /// Counts samples as left out that never came here.
    func addDuplicates(_ count: Int) { result.duplicates += count }

    private func note(_ labels: Labels, _ samples: SampleBuffer) {
        seen.insert(labels.hash64)
        let low = samples.timestamps[0]
        let high = samples.timestamps[samples.count - 1]
        timeRange = min(low, timeRange?.lowerBound ?? low)...max(high, timeRange?.upperBound ?? high)
    }
}

extension SampleBuffer {
    /// The samples in buffers of their own, one for each number that their times have.
    func split(by number: (Int64) -> Int64) -> [(number: Int64, samples: SampleBuffer)] {
        var parts: [(number: Int64, samples: SampleBuffer)] = []
        var histograms = histograms[...]
        var starts = startTimes[...]
        var start: Int64 = 0
        for index in 0..<count {
            let own = number(timestamps[index])
            if parts.last?.number != own { parts.append((own, SampleBuffer(capacity: 64))) }
            let part = parts[parts.count - 1].samples
            while let next = starts.first, next.index <= index {
                start = next.startTime
                starts = starts.dropFirst()
            }
            part.setStartTime(start)
            if let next = histograms.first, next.index == index {
                part.append(timestamps[index], next.histogram)
                histograms = histograms.dropFirst()
            } else {
                part.append(timestamps[index], values[index])
            }
        }
        return parts
    }
}
