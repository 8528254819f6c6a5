import Model

@testable import PromQL

/// The classic histograms among series as native ones with custom bounds, as Prometheus can convert them at ingestion.
struct ClassicConversion {
    /// What is known of one histogram at one step.
    private struct Parts {
        var buckets: [Double: Double] = [:]
        var count: Double?
        var sum = 0.0
    }

    private var parts: [Labels: [Int: Parts]] = [:]

    init(_ series: [TestScript.Series]) {
        for one in series {
            let name = one.labels.metricName ?? ""
            if name.hasSuffix("_bucket"), let bound = parsedBound(one.labels["le"] ?? "") {
                take(one, name.dropLast(7)) { $0.buckets[bound] = $1 }
            } else if name.hasSuffix("_count") {
                take(one, name.dropLast(6)) { $0.count = $1 }
            } else if name.hasSuffix("_sum") {
                take(one, name.dropLast(4)) { $0.sum = $1 }
            }
        }
    }

    private mutating func take(_ series: TestScript.Series, _ name: Substring, _ body: (inout Parts, Double) -> Void) {
        var builder = LabelsBuilder(series.labels)
        builder.remove("le")
        builder.set(Labels.metricNameLabel, String(name))
        for (step, value) in series.values.enumerated() {
            guard case .float(let number)? = value else { continue }
            body(&parts[builder.labels(), default: [:]][step, default: Parts()], number)
        }
    }

    /// Per histogram its labels and its samples.
    func samples(stepMs: Int64) -> [(labels: Labels, samples: [MemoryStore.Sample])] {
        parts.map { labels, steps in
            let samples = steps.sorted { $0.key < $1.key }.map { step, parts in
                MemoryStore.Sample(time: Int64(step) * stepMs, value: .histogram(histogram(parts)))
            }
            return (labels, samples)
        }
    }

    private func histogram(_ parts: Parts) -> Histogram {
        let sorted = parts.buckets.sorted { $0.key < $1.key }
        let total = parts.count ?? sorted.last?.value ?? 0
        let bounds = sorted.map(\.key).filter { $0 < .infinity }
        var counts: [Double] = []
        var below = 0.0
        for (_, count) in sorted where count >= 0 {
            counts.append(count - below)
            below = count
        }
        if counts.count == bounds.count { counts.append(total - below) }
        return Histogram(
            schema: Histogram.customSchema, count: total, sum: parts.sum,
            positiveSpans: [Histogram.Span(offset: 0, length: UInt32(counts.count))], positiveBuckets: counts,
            customValues: bounds
        ).compacted
    }
}
