import Glibc
import Model
import PrometheusData
import TestSupport

/// A data directory that a real Prometheus 3 has left: blocks, compacted ones too, with tombstones, and logs.
final class Fixture: Sendable {
    let directory: String
    let history: History
    /// Samples that came out of order, beside the history.
    let late: [WrittenSeries]
    /// What was deleted.
    static let deletedName = "constant"
    let deleted: [ClosedRange<Int64>]
    private let temporary = TemporaryDirectory(.disk)

    /// Left by one that was stopped.
    static let stopped = Result { try Fixture(signal: SIGTERM) }
    /// Left by one that was killed.
    static let killed = Result { try Fixture(signal: SIGKILL) }

    private init(signal: Int32) throws {
        directory = temporary.path + "/data"
        history = History()
        let prometheus = try RealPrometheus(
            data: directory, config: "storage: {tsdb: {out_of_order_time_window: 40m}}\n")
        try prometheus.write(history.series)
        try eventually("blocks are compacted", within: 60) {
            blockMetas(prometheus.data).contains { $0.contains("\"level\": 2") } ? () : nil
        }
        let end = history.end
        late = [
            WrittenSeries(
                ["__name__": "noise", "gpu": "0", "instance": "pod-0:9400", "job": "dcgm"],
                (1...50).map { (end - $0 * 20_000 - 7, .float(Double($0) / 7)) }),
            WrittenSeries(["__name__": "latecomer"], [(end - 60_000, .float(1))]),
            WrittenSeries(["__name__": "latecomer"], [(end - 90_000, .float(2)), (end - 70_000, .float(3))]),
        ]
        for series in late { try prometheus.write([WrittenSeries(series.labels, series.samples.reversed())]) }
        deleted = [history.start + 3_600_000...history.start + 4_000_000, end - 400_000...end - 200_000]
        for range in deleted {
            let answer = try prometheus.post(
                "/api/v1/admin/tsdb/delete_series?match[]=\(Fixture.deletedName)&start=\(Double(range.lowerBound) / 1000)"
                    + "&end=\(Double(range.upperBound) / 1000)")
            guard answer.status == 204 else { throw TestFailure("HTTP \(answer.status): \(answer.text)") }
        }
        prometheus.process.finish(signal)
    }
}

func blockMetas(_ directory: String) -> [String] {
    fileNames(directory).compactMap { try? readText("\(directory)/\($0)/meta.json") }
}

/// A sample that can be compared: of histograms what they count, however their spans are cut.
enum Seen: Hashable {
    case float(UInt64)
    case histogram(sum: UInt64, count: Double, zeroCount: Double, buckets: [Int: Double], custom: [Double])

    init(_ value: Double) { self = .float(value.bitPattern) }

    init(_ histogram: Histogram) {
        if histogram.isStale {
            self = .histogram(sum: histogram.sum.bitPattern, count: 0, zeroCount: 0, buckets: [:], custom: [])
            return
        }
        var buckets: [Int: Double] = [:]
        for (spans, counts, sign) in [
            (histogram.positiveSpans, histogram.positiveBuckets, 1),
            (histogram.negativeSpans, histogram.negativeBuckets, -1),
        ] {
            var index = 0
            var place = 0
            for span in spans {
                index += Int(span.offset)
                for _ in 0..<span.length {
                    if counts[place] != 0 { buckets[sign * (index + 1000)] = counts[place] }
                    index += 1
                    place += 1
                }
            }
        }
        self = .histogram(
            sum: histogram.sum.bitPattern, count: histogram.count, zeroCount: histogram.zeroCount, buckets: buckets,
            custom: histogram.customValues)
    }
}

typealias SeenSeries = [Labels: [Int64: Seen]]

/// All that a directory has.
func readAll(_ directory: String, damage: inout [Damage]) throws -> SeenSeries {
    let found = Box()
    let data = try PrometheusData(directory) { found.damage.append($0) }
    var series: SeenSeries = [:]
    while let run = data.next() {
        var last = Int64.min
        var histograms: [Int: Histogram] = [:]
        for one in run.samples.histograms { histograms[one.index] = one.histogram }
        for index in 0..<run.samples.count {
            let time = run.samples.timestamps[index]
            guard time > last || index == 0 else { throw TestFailure("\(run.labels): \(time) after \(last)") }
            last = time
            let seen = histograms[index].map { Seen($0) } ?? Seen(run.samples.values[index])
            if series[run.labels, default: [:]][time] == nil { series[run.labels, default: [:]][time] = seen }
        }
    }
    damage += found.damage
    return series
}

private final class Box { var damage: [Damage] = [] }

extension SeenSeries {
    mutating func add(_ written: [WrittenSeries]) {
        for one in written {
            for (time, sample) in one.samples {
                switch sample {
                case .float(let value): self[one.labels, default: [:]][time] = Seen(value)
                case .histogram(let histogram): self[one.labels, default: [:]][time] = Seen(histogram)
                }
            }
        }
    }
}
