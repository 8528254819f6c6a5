import Glibc
import TestSupport
import Testing

/// `/metrics` has what a real Prometheus has, under the same names and of the same types, but for what is listed here.
@Suite struct OwnMetricsTests {
    /// Metrics of Prometheus that are not here, by the beginning of their names.
    static let notApplicable: [(prefix: String, reason: String)] = [
        ("go_", "there is no Go runtime"),
        ("net_conntrack_", "connections are libcurl's and NIO's, which count them otherwise"),
        ("process_network_", "counts the whole machine's traffic, not the process's"),
        ("promhttp_", "the page is counted with all others, by prometheus_http_requests_total"),
        ("prometheus_engine_query_log_", "there is no query log"),
        ("prometheus_notifications_", "no alerts are sent"),
        ("prometheus_rule_", "no rules are evaluated"), ("prometheus_template_", "no rules are evaluated"),
        ("prometheus_remote_", "nothing is sent to other stores or read from them; receiving is counted"),
        ("prometheus_api_remote_write_without_metadata_", "samples without metadata are like all others"),
        ("prometheus_sd_", "targets are listed in the configuration"),
        ("prometheus_treecache_", "there is no ZooKeeper discovery"),
        ("prometheus_web_federation_warnings_total", "the store gives no warnings"),
        ("prometheus_target_interval_length_seconds", "scrapes are dated by a schedule that has no jitter"),
        ("prometheus_target_metadata_cache_bytes", "entries are counted"),
        ("prometheus_target_scrape_pool_exceeded_label_limits_total", "a scrape over them is a failed one"),
        ("prometheus_target_scrape_pool_reloads", "a job is replaced as a whole"),
        ("prometheus_target_scrape_pool_symboltable_items", "names are the store's alone"),
        ("prometheus_target_scrape_pool_sync_total", "targets change with the configuration alone"),
        ("prometheus_target_scrape_pools_", "a job is replaced as a whole"),
        ("prometheus_target_scrapes_cache_flush_forced_total", "what is known of a page is bounded by the page"),
        (
            "prometheus_target_scrapes_exceeded_native_histogram_bucket_limit_total",
            "scrapes bring no native histograms"
        ),
        ("prometheus_target_scrapes_exemplar_out_of_order_total", "scrapes bring no exemplars"),
        ("prometheus_target_sync_", "targets change with the configuration alone"),
        ("prometheus_tsdb_checkpoint_", "SQLite's log has no checkpoints of this kind"),
        ("prometheus_tsdb_clean_start", "a lock needs no cleaning"),
        ("prometheus_tsdb_compaction_", "sealing takes place in slices between commits"),
        ("prometheus_tsdb_compactions_skipped_total", "sealing is never skipped"),
        ("prometheus_tsdb_compactions_triggered_total", "sealing is not triggered by a timer"),
        ("prometheus_tsdb_data_replay_duration_seconds", "the journal is read before anybody can ask"),
        ("prometheus_tsdb_exemplar_", "exemplars are kept in the database and not counted apart"),
        ("prometheus_tsdb_head_active_appenders", "one thread writes"),
        ("prometheus_tsdb_head_chunks_storage_size_bytes", "chunks of the head are in memory alone"),
        ("prometheus_tsdb_head_gc_duration_seconds", "series are forgotten with their last block"),
        ("prometheus_tsdb_head_out_of_order_samples_appended_total", "late samples are samples"),
        ("prometheus_tsdb_head_series_not_found_total", "references are checked when samples come"),
        ("prometheus_tsdb_head_truncations_", "the head is trimmed when a block is sealed"),
        ("prometheus_tsdb_isolation_", "a view holds a state of the head"),
        ("prometheus_tsdb_mmap_", "chunks of the head are in memory alone"),
        ("prometheus_tsdb_reloads_", "there are no files to load anew"),
        ("prometheus_tsdb_size_retentions_total", "deleted blocks are counted together"),
        ("prometheus_tsdb_snapshot_replay_error_total", "there are no snapshots of memory"),
        ("prometheus_tsdb_symbol_table_size_bytes", "names are interned in the index"),
        ("prometheus_tsdb_tombstone_cleanup_seconds", "there are no tombstones"),
        ("prometheus_tsdb_too_old_samples_total", "counted as out of bound"),
        ("prometheus_tsdb_vertical_compactions_total", "blocks do not overlap"),
        ("prometheus_tsdb_wal_", "the journal is a table of the database"),
    ]

    private func types(_ port: Int) throws -> [String: String] {
        let page = try HTTPConnection(port: port).request("GET", "/metrics").text
        var types: [String: String] = [:]
        for line in page.split(separator: "\n") where line.hasPrefix("# TYPE ") {
            let fields = line.split(separator: " ")
            types[String(fields[2])] = String(fields[3])
        }
        return types
    }

    @Test(.enabled(if: RealPrometheus.path != nil, "no Prometheus 3 on the PATH")) func namesAreTheRealOnes() throws {
        let config =
            "scrape_configs: [{job_name: a, scrape_interval: 1s, static_configs: [{targets: ['127.0.0.1:1']}]}]"
        let ours = try TestServer(config: config, flags: ["--web.enable-remote-write-receiver"])
        defer { ours.process.finish(SIGTERM) }
        let data = TemporaryDirectory(.disk)
        let theirs = try RealPrometheus(data: data.path, config: config)
        defer { theirs.process.finish(SIGKILL) }
        // Some are there as soon as targets are, and those of a scrape behind the first one.
        let b = try eventually("Prometheus has scraped", within: 60) { () -> [String: String]? in
            let types = try types(theirs.port)
            return types["prometheus_target_interval_length_seconds"] == nil ? nil : types
        }
        let a = try types(ours.port)
        for (name, type) in b {
            let excuse = Self.notApplicable.first { name.hasPrefix($0.prefix) }
            #expect(a[name] == type || a[name] == nil && excuse != nil, "\(name) \(type), here \(a[name] ?? "absent")")
        }
    }
}
