import Model
import Scraper

/// Samples that are sent together: what the position in the log passes over at once.
///
/// Each shard has requests that go one after the other; a series is always in the same shard. Made of the same records
/// with the same number of shards, a unit has the same requests again.
struct WriteUnit: Sendable {
    var shards: [[OutgoingRequest]]
    /// Where the log stands when all have been sent.
    var end: LogPosition
    /// Samples that were read, and of these the ones left out: by relabelling, because their series is gone, because they
    /// are too old.
    var samplesIn = 0
    var dropped = Dropped()

    struct Dropped: Sendable {
        var byRules = 0
        var unknown = 0
        var tooOld = 0
    }

    var isEmpty: Bool { shards.allSatisfy(\.isEmpty) }
}

/// Makes units of what the log holds. Used by one thread.
struct UnitComposer {
    let configuration: RemoteWriteConfiguration
    let encoder: RequestEncoder
    var series: OutgoingSeries

    /// - Parameters:
    ///   - oldest: samples before this time are left out.
    ///   - labels: gives those that a series has in the store.
    mutating func unit(
        _ part: LogPart, _ exemplars: [ExemplarSample], end: LogPosition, shards count: Int, oldest: Int64,
        labels: (SeriesRef) -> Labels?
    ) -> WriteUnit {
        var unit = WriteUnit(shards: Array(repeating: [], count: count), end: end)
        unit.samplesIn = part.samples.count
        var open = [RequestContent](repeating: RequestContent(), count: count)
        for sample in part.samples {
            if sample.histogram >= 0, !configuration.sendsHistograms { continue }
            guard sample.timestamp >= oldest else {
                unit.dropped.tooOld += 1
                continue
            }
            guard let outside = outside(sample.series, &unit.dropped, labels) else { continue }
            let shard = Int(sample.series.id) % count
            if sample.histogram >= 0 {
                let histogram = part.histograms[Int(sample.histogram)]
                open[shard].addHistogram(sample.series, outside, sample.timestamp, histogram)
            } else {
                open[shard].addFloat(sample.series, outside, sample.timestamp, sample.value)
            }
            close(&open[shard], &unit.shards[shard], at: configuration.queue.samplesPerSendMax)
        }
        // Behind the samples: receivers take none of series that they do not know.
        for sample in exemplars {
            guard case .sent(let outside) = series.fate(of: sample.ref, labels) else { continue }
            let shard = Int(sample.ref.id) % count
            open[shard].addExemplar(sample.ref, outside, sample.exemplar)
            close(&open[shard], &unit.shards[shard], at: configuration.queue.samplesPerSendMax)
        }
        for shard in 0..<count { close(&open[shard], &unit.shards[shard], at: 1) }
        return unit
    }

    private mutating func outside(
        _ ref: SeriesRef, _ dropped: inout WriteUnit.Dropped, _ labels: (SeriesRef) -> Labels?
    ) -> Labels? {
        switch series.fate(of: ref, labels) {
        case .sent(let labels): return labels
        case .dropped: dropped.byRules += 1
        case .unknown: dropped.unknown += 1
        }
        return nil
    }

    private func close(_ content: inout RequestContent, _ requests: inout [OutgoingRequest], at count: Int) {
        guard content.count >= count else { return }
        requests.append(encoder.request(content))
        content = RequestContent()
    }
}
