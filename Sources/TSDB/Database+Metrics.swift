import Model

/// One metric of the database: its name, what it means, and its value in statistics.
private struct StatsMetric: Sendable {
    let name: String
    let help: String
    var type = MetricMetadata.MetricType.gauge
    var labels = Labels.empty
    let value: @Sendable (DatabaseStats) -> Double
}

private let floats = Labels([(name: "type", value: "float")])

/// - Source: the names are those of Prometheus 3.14 wherever it has the thing; those that begin with `tsdb_` are our
///   own.
private let statsMetrics: [StatsMetric] = [
    StatsMetric(name: "prometheus_tsdb_head_series", help: "Series that have samples.") { Double($0.series) },
    StatsMetric(name: "prometheus_tsdb_head_chunks", help: "Chunks in memory.") { Double($0.headChunks) },
    StatsMetric(
        name: "prometheus_tsdb_head_samples_appended_total", help: "Samples stored.", type: .counter, labels: floats
    ) { Double($0.samplesAppended) },
    StatsMetric(
        name: "prometheus_tsdb_out_of_order_samples_total",
        help: "Samples refused because their series has a newer one.",
        type: .counter, labels: floats
    ) { Double($0.samplesOutOfOrder) },
    StatsMetric(
        name: "prometheus_tsdb_out_of_bound_samples_total",
        help: "Samples refused because they are older than what is still taken.", type: .counter, labels: floats
    ) { Double($0.samplesTooOld) },
    StatsMetric(
        name: "tsdb_duplicate_samples_total",
        help: "Samples refused because their series has one of the same time with another value.", type: .counter
    ) { Double($0.samplesDuplicate) },
    StatsMetric(name: "prometheus_tsdb_head_min_time", help: "Earliest time in memory, in milliseconds.") {
        Double($0.headMinTime ?? .max)
    },
    StatsMetric(name: "prometheus_tsdb_head_max_time", help: "Latest time in memory, in milliseconds.") {
        Double($0.headMaxTime ?? .min)
    },
    StatsMetric(name: "prometheus_tsdb_head_min_time_seconds", help: "Earliest time in memory, in seconds.") {
        Double($0.headMinTime ?? .max) / 1000
    },
    StatsMetric(name: "prometheus_tsdb_head_max_time_seconds", help: "Latest time in memory, in seconds.") {
        Double($0.headMaxTime ?? .min) / 1000
    },
    StatsMetric(name: "prometheus_tsdb_lowest_timestamp_seconds", help: "Earliest time stored, in seconds.") {
        Double($0.blockMinTime ?? $0.headMinTime ?? .max) / 1000
    },
    StatsMetric(name: "prometheus_tsdb_lowest_timestamp", help: "Earliest time stored, in milliseconds.") {
        Double($0.blockMinTime ?? $0.headMinTime ?? .max)
    },
    StatsMetric(
        name: "prometheus_tsdb_wal_writes_failed_total", help: "Commits that failed.", type: .counter
    ) { Double($0.writeFailures) },
    StatsMetric(name: "prometheus_tsdb_blocks_loaded", help: "Sealed blocks.") { Double($0.blocks) },
    StatsMetric(name: "prometheus_tsdb_storage_blocks_bytes", help: "Bytes of the rows of sealed blocks.") {
        Double($0.blockBytes)
    },
    StatsMetric(name: "prometheus_tsdb_compactions_total", help: "Blocks sealed.", type: .counter) {
        Double($0.seals)
    },
    StatsMetric(
        name: "prometheus_tsdb_compactions_failed_total", help: "Failures to seal or delete a block.", type: .counter
    ) { Double($0.maintenanceFailures) },
    StatsMetric(name: "prometheus_tsdb_time_retentions_total", help: "Blocks deleted.", type: .counter) {
        Double($0.blocksDeleted)
    },
    StatsMetric(name: "prometheus_tsdb_wal_storage_size_bytes", help: "Bytes of the write-ahead log.") {
        Double($0.logBytes)
    },
    StatsMetric(
        name: "prometheus_tsdb_wal_corruptions_total", help: "Damaged rows and journal records met.", type: .counter
    ) { Double($0.corruptions) },
    StatsMetric(name: "tsdb_journal_records_total", help: "Journal records written.", type: .counter) {
        Double($0.journalRecords)
    },
    StatsMetric(name: "tsdb_journal_bytes_total", help: "Bytes of journal records written.", type: .counter) {
        Double($0.journalBytes)
    },
    StatsMetric(
        name: "tsdb_write_failures_total", help: "Commits that failed, because the disk was full or broken.",
        type: .counter
    ) { Double($0.writeFailures) },
    StatsMetric(name: "tsdb_database_bytes", help: "Bytes of the database file.") { Double($0.databaseBytes) },
]

extension Database {
    /// Lists the database's metrics in `registry`, under Prometheus's names where it has the same thing.
    public func registerMetrics(_ registry: MetricRegistry) {
        let options = state.options
        registry.gauge("prometheus_tsdb_retention_limit_seconds", "How long samples are kept; 0: for ever.") {
            Double(options.retentionMs) / 1000
        }
        registry.gauge("prometheus_tsdb_retention_limit_bytes", "How large the database may grow; 0: at will.") {
            Double(options.retentionBytes)
        }
        registry.register { [weak self] in
            guard let self else { return [] }
            let stats = stats()
            return statsMetrics.map { metric in
                MetricFamily(
                    metric.name, metric.help, metric.type,
                    [MetricPoint(labels: metric.labels, value: metric.value(stats))])
            } + events()
        }
    }

    /// What the head has seen come and go.
    private func events() -> [MetricFamily] {
        let removed = state.counters.chunksRemoved.value
        let events = [
            ("series_created", "Series that came.", state.counters.seriesCreated.value),
            ("series_removed", "Series that were forgotten.", state.counters.seriesRemoved.value),
            (
                "chunks_created", "Chunks begun in memory.",
                removed + state.head.lock.withLock { state.head.chunkCount }
            ),
            ("chunks_removed", "Chunks freed.", removed),
        ]
        return events.map { name, help, value in
            MetricFamily(
                "prometheus_tsdb_head_\(name)_total", help, .counter,
                [MetricPoint(labels: .empty, value: Double(value))])
        }
    }
}
