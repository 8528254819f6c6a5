import Model
import Synchronization

/// A store's log that always has one sample more, of one series.
final class SteadyLog: SampleLog {
    /// Whether the followers cannot be changed.
    let isFull = Atomic<Bool>(false)

    func setFollowers(_ names: [String]) throws(StorageError) {
        if isFull.load(ordering: .acquiring) { throw .diskFull("cannot store followers: the disk is full") }
    }

    func follow(_ name: String) throws(StorageError) -> any LogFollower { SteadyFollower() }

    var logLength: Int { 1 }
}

private final class SteadyFollower: LogFollower {
    private(set) var position = LogPosition(record: 0, exemplar: 0)
    let skips = 0
    private var record: Int64 = 0

    func read(into part: inout LogPart, samplesMax: Int, through end: Int64?) throws(StorageError) {
        record += 1
        part.samples.append(LogPart.Sample(series: SeriesRef(id: 1), timestamp: record, value: 1))
        part.lastRecord = record
    }

    func exemplars(
        after id: Int64, through end: Int64?, max: Int
    ) throws(StorageError) -> (samples: [ExemplarSample], last: Int64) { ([], id) }

    func labels(_ series: SeriesRef) -> Labels? { ["__name__": "load"] }

    func save(_ position: LogPosition) throws(StorageError) { self.position = position }
}

/// Metadata of one metric, too long to be taken for samples.
struct LongMetadata: MetadataProvider {
    private let metadata: MetricMetadata

    init() {
        var random = SystemRandomNumberGenerator()
        let help = (0..<4000).map { _ in String(UInt8.random(in: 33...126, using: &random), radix: 36) }.joined()
        metadata = MetricMetadata(metric: "load", type: .gauge, help: help)
    }

    func metadata(metric: String?) -> [String: [MetricMetadata]] { ["load": [metadata]] }
}
