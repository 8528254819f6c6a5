import Model
import TestSupport
import Testing

@testable import Scraper

@Suite struct ConfigurationTests {
    static let full = """
        global:
          scrape_interval: 15s
          scrape_timeout: 5s
          evaluation_interval: 30s
          external_labels: {cluster: "a", zone: 'b'}
          sample_limit: 1000
          body_size_limit: 10MB
        scrape_configs:
        - job_name: gpu exporters
          honor_labels: true
          honor_timestamps: false
          scheme: https
          metrics_path: /gpu/metrics
          params: {module: [a, "b c"], x: ["1"]}
          sample_limit: 5
          basic_auth: {username: me, password: secret1}
          tls_config: {insecure_skip_verify: true, ca_file: ca.pem}
          follow_redirects: false
          static_configs:
          - targets: ["localhost:9400", 'pod-2:9400']
            labels: {pool: "x", "null": "~"}
          - targets: ["[::1]:9400"]
          relabel_configs:
          - source_labels: [__address__]
            regex: '(.*):9400'
            target_label: host
            replacement: '${1}'
          metric_relabel_configs:
          - {source_labels: [__name__], regex: "go_.*", action: drop}
          - {regex: "tmp_.*", action: labeldrop}
          - {source_labels: [a], target_label: shard, modulus: 8, action: hashmod}
          scrape_protocols: [OpenMetricsText1.0.0, PrometheusText0.0.4]
          keep_dropped_targets: 3
          file_sd_configs: [{files: [/t/*.yml, /u.json], refresh_interval: 1m}]
          http_sd_configs: [{url: "http://h/sd", authorization: {credentials_file: /c}, refresh_interval: 2m}]
          dns_sd_configs: [{names: [a.b], type: AAAA, port: 7}, {names: [_x._tcp.b]}]
        - job_name: "self"
          authorization: {credentials: secret2}
          static_configs: [{targets: ["localhost:9090"]}]
        - job_name: every client setting
          oauth2:
            client_id: me
            client_secret: secret3
            token_url: https://t/x
            scopes: [a, b]
            endpoint_params: {audience: x}
            tls_config: {server_name: other, min_version: TLS12, max_version: TLS13}
          tls_config: {ca: CA-TEXT, cert: CERT-TEXT, key: secret4}
          proxy_url: http://p:1
          no_proxy: 10.0.0.0/8,.internal
          proxy_connect_header: {X-P: [secret5]}
          http_headers: {X-A: {values: [secret6], secrets: [secret7], files: [/h]}}

        """

    @Test func allKeysAreRead() throws {
        let configuration = try Configuration.parse(text: Self.full, file: "/etc/p/prometheus.yml")
        #expect(configuration.global.scrapeIntervalMs == 15_000)
        #expect(configuration.global.externalLabels == ["cluster": "a", "zone": "b"])
        #expect(configuration.warnings.isEmpty)
        let job = try #require(configuration.jobs.first)
        #expect(job.name == "gpu exporters")
        #expect(job.honorLabels && !job.honorTimestamps)
        #expect(job.scrapeIntervalMs == 15_000 && job.scrapeTimeoutMs == 5000)
        #expect(job.limits.samples == 5)
        #expect(job.limits.bodyBytes == 10 << 20)
        #expect(job.http.tls.caFile == "/etc/p/ca.pem")
        #expect(job.http.basicAuth?.password == .text("secret1"))
        #expect(!job.http.followRedirects)
        #expect(job.relabelRules.count == 1 && job.metricRelabelRules.count == 3)
        #expect(configuration.jobs[1].http.authorization?.type == "Bearer")
    }

    @Test func defaultsArePrometheuss() throws {
        let configuration = try Configuration.parse(text: "scrape_configs: [{job_name: a}]", file: "p.yml")
        let job = try #require(configuration.jobs.first)
        #expect(job.scrapeIntervalMs == 60_000 && job.scrapeTimeoutMs == 10_000)
        #expect(job.metricsPath == "/metrics" && job.scheme == "http")
        #expect(job.honorTimestamps && !job.honorLabels && job.enableCompression && job.http.followRedirects)
        #expect(try Configuration.parse(text: "", file: "p.yml") == Configuration())
    }

    @Test func aShortIntervalShortensTheDefaultTimeout() throws {
        let configuration = try Configuration.parse(
            text: "global: {scrape_interval: 5s}\nscrape_configs: [{job_name: a}, {job_name: b, scrape_interval: 1s}]",
            file: "p.yml")
        #expect(configuration.jobs.map(\.scrapeTimeoutMs) == [5000, 1000])
    }

    @Test func theDumpReadsBackAsTheSameConfigurationAndHidesSecrets() throws {
        let configuration = try Configuration.parse(text: Self.full, file: "p.yml")
        let dump = configuration.yamlText
        for number in 1...7 { #expect(!dump.contains("secret\(number)")) }
        var again = try Configuration.parse(text: dump, file: "p.yml")
        again.jobs[0].http.basicAuth?.password = .text("secret1")
        again.jobs[1].http.authorization?.credentials = .text("secret2")
        again.jobs[2].http.oauth2?.clientSecret = .text("secret3")
        again.jobs[2].http.tls.key = "secret4"
        again.jobs[2].http.proxy.connectHeaders[0].values = ["secret5"]
        again.jobs[2].http.headers[0].values = ["secret6", "secret7"]
        #expect(again == configuration, "\(dump)")
    }

    @Test func otherSpellingsMeanTheSame() throws {
        let text = """
            scrape_configs:
            - {job_name: a, bearer_token: x}
            - {job_name: b, bearer_token_file: x, proxy_url: 'p:3128', http_sd_configs: [{url: 'HTTP://h/X'}]}
            - {job_name: c, basic_auth: {username_file: u}, proxy_url: 'SOCKS5://p'}
            """
        let jobs = try Configuration.parse(text: text, file: "/d/p.yml").jobs
        #expect(jobs[0].http.authorization == .init(type: "Bearer", credentials: .text("x")))
        #expect(jobs[1].http.authorization == .init(type: "Bearer", credentials: .file("/d/x")))
        #expect(jobs[1].http.proxy.url == "http://p:3128" && jobs[2].http.proxy.url == "socks5://p")
        #expect(jobs[2].http.basicAuth?.username == .file("/d/u"))
        guard case .http(let http)? = jobs[1].discoveries.first else { throw TestFailure("no http_sd_configs") }
        #expect(http.url == "http://h/X")
    }

    @Test func emptySectionsAndHarmlessOnesAreAccepted() throws {
        let text = """
            rule_files: []
            alerting: {alertmanagers: []}
            storage: {tsdb: {out_of_order_time_window: 30m}}
            scrape_configs:
            - {job_name: a, kubernetes_sd_configs: [], scrape_protocols: [PrometheusText0.0.4]}
            """
        let configuration = try Configuration.parse(text: text, file: "p.yml")
        #expect(configuration.storage.outOfOrderMs == 30 * 60_000)
        #expect(configuration.yamlText.contains("out_of_order_time_window: 30m"))
        #expect(configuration.warnings.count == 1)
    }

    @Test func anchorsAndMergeKeysWork() throws {
        let text = """
            scrape_configs:
            - &base {job_name: a, scrape_interval: 7s, honor_labels: true}
            - {<<: *base, job_name: b, scrape_interval: 8s}
            """
        let jobs = try Configuration.parse(text: text, file: "p.yml").jobs
        #expect(jobs.map(\.scrapeIntervalMs) == [7000, 8000])
        #expect(jobs.map(\.honorLabels) == [true, true])
    }

    @Test func targetsGetTheirLabelsAndURLs() throws {
        let configuration = try Configuration.parse(text: Self.full, file: "p.yml")
        let (targets, problems, _) = configuration.jobs[0].buildTargets()
        #expect(problems.isEmpty)
        #expect(
            targets.map(\.url)
                == ["localhost:9400", "pod-2:9400", "[::1]:9400"].map {
                    "https://\($0)/gpu/metrics?module=a&module=b%20c&x=1"
                })
        #expect(
            targets[0].labels.description
                == #"{host="localhost", instance="localhost:9400", job="gpu exporters", null="~", pool="x"}"#)
        #expect(targets[0].discoveredLabels["__scrape_interval__"] == "15s")
        #expect(targets[0].discoveredLabels["__param_module"] == "a")
    }

    @Test(arguments: [
        ("example.com", "http://example.com/metrics"), ("example.com:80", "http://example.com:80/metrics"),
        ("[::1]", "http://[::1]/metrics"),
    ])
    func addressesKeepThePortThatTheyHaveOrHaveNot(address: String, url: String) throws {
        let text = "scrape_configs: [{job_name: a, static_configs: [{targets: ['\(address)']}]}]"
        let targets = try Configuration.parse(text: text, file: "p.yml").jobs[0].buildTargets().targets
        #expect(targets.map(\.url) == [url])
        #expect(targets.first?.labels["instance"] == address)
    }

    @Test func unusableTargetsAreNamed() throws {
        let text = """
            scrape_configs:
            - job_name: a
              static_configs: [{targets: ['a b', 'x:1', 'x:1']}]
            """
        let (targets, problems, _) = try Configuration.parse(text: text, file: "p.yml").jobs[0].buildTargets()
        #expect(targets.count == 1)
        #expect(problems == ["target \"a b\" of job \"a\": \"a b\" is not a valid hostname"])
    }
}
