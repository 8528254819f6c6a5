import Model
import TestSupport
import Testing
import YAML

@testable import Scraper

/// Files that somebody wrote, damaged at random: `make fuzz-files`.
@Suite struct FileFuzzTests {
    private static let files = [
        """
        global:
          scrape_interval: 15s
          external_labels: {site: a, "é": b}
        scrape_configs:
        - job_name: gpu
          scrape_timeout: 5s
          metrics_path: /metrics
          params: {a: [b, c]}
          static_configs:
          - targets: ["localhost:9400", "[::1]:9100"]
            labels: {pod: a}
          relabel_configs:
          - {source_labels: [__address__], regex: '(.+):(\\d+)', target_label: host, replacement: '$1-${2}'}
          - {action: hashmod, modulus: 8, source_labels: [a], target_label: b}

        """,
        """
        scrape_configs:
        - &job
          job_name: a
          basic_auth: {username: u, password: p}
          tls_config: {insecure_skip_verify: true, min_version: TLS12}
          body_size_limit: 10MB
          file_sd_configs: [{files: [a/*.yml], refresh_interval: 1m}]
          dns_sd_configs: [{names: [a.example], type: A, port: 80}]
        - <<: *job
          job_name: b
          authorization: {type: Bearer, credentials: x}

        """,
        """
        remote_write:
        - url: http://localhost:9009/api/v1/push
          name: far
          write_relabel_configs: [{action: keep, regex: "a|b", source_labels: [__name__]}]
          queue_config: {capacity: 10000, max_shards: 4, min_backoff: 30ms}
        remote_read: [{url: "http://localhost/read", required_matchers: {a: b}, read_recent: true}]
        storage: {tsdb: {out_of_order_time_window: 30m}}
        otlp: {promote_resource_attributes: [a.b], translation_strategy: NoUTF8EscapingWithSuffixes}

        """,
    ]

    @Test func configurationsAreReadOrRefused() {
        let report = fuzz("configuration", quick: 600, pieces: yamlPieces) { random in
            Array(random.pick(Self.files).utf8)
        } decode: { bytes in
            let text = String(decoding: bytes, as: UTF8.self)
            do throws(ConfigurationError) {
                let read = try Configuration.parse(text: text, file: "prometheus.yml")
                if Set(read.jobs.map(\.name)).count != read.jobs.count { return .wrong("two jobs of one name") }
                for job in read.jobs where job.scrapeTimeoutMs > job.scrapeIntervalMs {
                    return .wrong("a timeout beyond the interval")
                }
                // What is read is what is written of it.
                guard let again = try? Configuration.parse(text: read.yamlText, file: "prometheus.yml") else {
                    return .wrong("is written as what cannot be read: \(read.yamlText)")
                }
                return again.yamlText == read.yamlText ? .taken : .wrong("is written as another configuration")
            } catch {
                return error.problems.isEmpty ? .wrong("refused without a reason") : .refused
            }
        }
        #expect(report.problem == nil)
    }

    /// What `make fuzz-files` has found.
    @Test func controlCharactersOfConfigurationsAreWrittenEscaped() throws {
        let text = "scrape_configs: [{job_name: a, static_configs: [{targets: [\"[::1]:\\x9100\"]}]}]\n"
        let read = try Configuration.parse(text: text, file: "prometheus.yml")
        #expect(try Configuration.parse(text: read.yamlText, file: "prometheus.yml").jobs == read.jobs)
    }

    @Test func targetsInYAMLAreReadOrRefused() {
        let text = "- targets: [a:80, \"b\"]\n  labels: {x: y, \"é\": 'z'}\n- targets:\n  - c:1\n"
        let report = fuzz("targets yaml", quick: 2000, pieces: yamlPieces) { _ in
            Array(text.utf8)
        } decode: { bytes in
            let read = try? TargetGroupText.yaml(String(decoding: bytes, as: UTF8.self), file: "a.yml")
            return read == nil ? .refused : .taken
        }
        #expect(report.problem == nil)
    }

    @Test func targetsInJSONAreReadOrRefused() {
        let pieces = [
            "{", "}", "[", "]", ",", ":", "\"", "\\u00e9", "null", "1e999", "[[[[[[[[[[[[[[[[", "\"labels\":",
        ]
        let report = fuzz("targets json", quick: 1000, pieces: pieces.map { Array($0.utf8) }) { _ in
            Array(#"[{"targets": ["a:80", "b"], "labels": {"x": "y", "é": "z"}}, {"targets": ["c:1"]}]"#.utf8)
        } decode: { bytes in
            (try? TargetGroupText.json(bytes)) == nil ? .refused : .taken
        }
        #expect(report.problem == nil)
    }
}
