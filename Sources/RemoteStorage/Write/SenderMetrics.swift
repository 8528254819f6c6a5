import Model
import Synchronization

/// What a sender counts.
final class SenderMetrics: Sendable {
    /// Of samples, histograms, exemplars and metadata each.
    struct Kind: Sendable {
        let sent = Counter()
        let failed = Counter()
        let retried = Counter()
    }

    let samples = Kind()
    let histograms = Kind()
    let exemplars = Kind()
    let metadata = Kind()
    let samplesIn = Counter()
    let droppedByRules = Counter()
    let droppedUnknown = Counter()
    let droppedTooOld = Counter()
    let overtaken = Counter()
    let damagedRecords = Counter()
    let bytes = Counter()
    let metadataBytes = Counter()
    let pending = Atomic<Int>(0)
    let shards = Atomic<Int>(0)
    let desiredShards = Atomic<Int>(0)
    /// Milliseconds since the Unix epoch.
    let newestSent = Atomic<Int64>(0)
    let duration = ClassicHistogram(bounds: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 60, 120, 300])

    func sent(_ request: OutgoingRequest) {
        count(request) { $0.sent }
        if request.metadata > 0 { metadataBytes.add(request.body.count) } else { bytes.add(request.body.count) }
        guard let newest = request.newest else { return }
        newestSent.max(newest, ordering: .relaxed)
    }

    func failed(_ request: OutgoingRequest) { count(request) { $0.failed } }

    func retried(_ request: OutgoingRequest) { count(request) { $0.retried } }

    private func count(_ request: OutgoingRequest, _ counter: (Kind) -> Counter) {
        counter(samples).add(request.samples)
        counter(histograms).add(request.histograms)
        counter(exemplars).add(request.exemplars)
        counter(metadata).add(request.metadata)
    }
}

/// - Source: Prometheus 3.5, `storage/remote/queue_manager.go`; names that begin with `tsdb_` are our own.
extension SenderMetrics {
    private static let prefix = "prometheus_remote_storage_"

    func families(_ labels: Labels, _ settings: (shardsMax: Int, shardsMin: Int, perSend: Int, capacity: Int))
        -> [MetricFamily]
    {
        var families: [MetricFamily] = []
        func add(
            _ name: String, _ help: String, _ type: MetricMetadata.MetricType, _ value: Double, reason: String = ""
        ) {
            var builder = LabelsBuilder(labels)
            builder.set("reason", reason)
            families.append(MetricFamily(name, help, type, [MetricPoint(labels: builder.labels(), value: value)]))
        }
        for (name, kind) in [
            ("samples", samples), ("histograms", histograms), ("exemplars", exemplars), ("metadata", metadata),
        ] {
            add("\(Self.prefix)\(name)_total", "What was sent of \(name).", .counter, Double(kind.sent.value))
            add(
                "\(Self.prefix)\(name)_failed_total", "What the receiver refused of \(name).", .counter,
                Double(kind.failed.value))
            add(
                "\(Self.prefix)\(name)_retried_total", "What had to be sent again of \(name).", .counter,
                Double(kind.retried.value))
        }
        for (reason, counter) in [
            ("dropped_series", droppedByRules), ("unintentionally_dropped_series", droppedUnknown),
            ("too_old", droppedTooOld),
        ] {
            add(
                "\(Self.prefix)samples_dropped_total", "Samples that were read and not sent.", .counter,
                Double(counter.value), reason: reason)
        }
        let numbers: [(String, String, MetricMetadata.MetricType, Double)] = [
            ("samples_in_total", "Samples that were read to be sent.", .counter, Double(samplesIn.value)),
            ("samples_pending", "Samples that are being sent.", .gauge, Double(pending.load(ordering: .relaxed))),
            ("bytes_total", "Bytes of samples sent, compressed.", .counter, Double(bytes.value)),
            ("metadata_bytes_total", "Bytes of metadata sent, compressed.", .counter, Double(metadataBytes.value)),
            ("shards", "Requests sent at a time.", .gauge, Double(shards.load(ordering: .relaxed))),
            (
                "shards_desired", "Requests to be sent at a time.", .gauge,
                Double(desiredShards.load(ordering: .relaxed))
            ),
            ("shards_max", "The most requests at a time.", .gauge, Double(settings.shardsMax)),
            ("shards_min", "The fewest requests at a time.", .gauge, Double(settings.shardsMin)),
            ("shard_capacity", "Samples read ahead for each shard.", .gauge, Double(settings.capacity)),
            ("max_samples_per_send", "The most samples of a request.", .gauge, Double(settings.perSend)),
            (
                "queue_highest_sent_timestamp_seconds", "The newest time sent.", .gauge,
                Double(newestSent.load(ordering: .relaxed)) / 1000
            ),
        ]
        for (name, help, type, value) in numbers { add(Self.prefix + name, help, type, value) }
        add(
            "tsdb_remote_write_overtaken_total", "How often retention deleted what was still to be sent.", .counter,
            Double(overtaken.value))
        add(
            "tsdb_remote_write_damaged_records_total", "Records of the store that cannot be read and were not sent.",
            .counter, Double(damagedRecords.value))
        families.append(
            MetricFamily(
                Self.prefix + "sent_batch_duration_seconds", "How long a request took.", .histogram,
                duration.points(labels: labels)))
        return families
    }
}
