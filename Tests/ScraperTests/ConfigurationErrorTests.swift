import TestSupport
import Testing
import YAML

@testable import Scraper

@Suite struct ConfigurationErrorTests {
    private static let faults: [(String, String)] = [
        ("global: [", "2:1: while parsing a flow node, did not find expected node content"),
        ("a: b: c", "1:5: mapping values are not allowed in this context"),
        (
            "global:\n\tscrape_interval: 1s",
            "2:1: while scanning for the next token, found character that cannot start any token"
        ),
        ("- a", "1:1: expected a mapping of settings for the configuration, found a list"),
        ("a: 1\n---\nb: 2", "2:1: expected one document, found a second"),
        ("global: {}\nglobal: {}", "2:1: expected each key once, found \"global\" a second time (first at line 1)"),
        ("global: *x", "1:9: expected an anchor defined before, found the unknown alias \"x\""),
        ("globl: {}", "1:1: unknown key \"globl\" in the configuration; did you mean global?"),
        ("nonsense: {}", "1:1: unknown key \"nonsense\" in the configuration"),
        (
            "global:\n  scrape_intervall: 15s",
            "2:3: unknown key \"scrape_intervall\" in global; did you mean scrape_interval?"
        ),
        (
            "global:\n  scrape_interval: 15",
            "2:20: expected a duration such as 15s or 1m30s for scrape_interval, found \"15\""
        ),
        ("global:\n  scrape_interval: [15s]", "2:20: expected a duration for scrape_interval, found a list"),
        (
            "global:\n  scrape_interval: 5s\n  scrape_timeout: 10s",
            "3:19: global scrape timeout (10s) greater than scrape interval (5s)"
        ),
        (
            "global:\n  external_labels: [a]",
            "2:20: expected a mapping of names to values for external_labels, found a list"
        ),
        ("global:\n  sample_limit: -1", "2:17: expected a whole number of at least 0 for sample_limit, found \"-1\""),
        (
            "global:\n  body_size_limit: 10",
            "2:20: expected a size with a unit such as 512KB or 10MB for body_size_limit, found \"10\""
        ),
        (
            "remote_write:\n- url: http://localhost/\n  queue_config: {capacity: 9223372036854775807}",
            "3:28: expected a whole number from 1 to 1000000 for capacity, found 9223372036854775807"
        ),
        ("scrape_configs: {}", "1:17: expected a list for scrape_configs, found a mapping"),
        ("scrape_configs:\n- scheme: http", "2:3: job_name is empty"),
        ("scrape_configs:\n- job_name: ''", "2:13: job_name is empty"),
        ("scrape_configs:\n- job_name: a\n- job_name: a", "3:13: found multiple scrape configs with job name \"a\""),
        ("scrape_configs:\n- job_name: a\n  scheme: ftp", "3:11: expected http or https for scheme, found \"ftp\""),
        (
            "scrape_configs:\n- job_name: a\n  honor_labels: maybe",
            "3:17: expected true or false for honor_labels, found \"maybe\""
        ),
        (
            "scrape_configs:\n- job_name: a\n  scrape_interval: 5s\n  scrape_timeout: 6s",
            "4:19: scrape timeout (6s) greater than scrape interval (5s) for scrape config with job name \"a\""
        ),
        (
            "scrape_configs:\n- job_name: a\n  static_configs:\n  - targets: ['http://localhost:9400/metrics']",
            "4:15: expected an address such as localhost:9400 in targets, found \"http://localhost:9400/metrics\"; scheme and metrics_path are settings of their own"
        ),
        (
            "scrape_configs:\n- job_name: a\n  static_configs:\n  - targets: ['']",
            "4:15: expected an address such as localhost:9400 in targets, found \"\""
        ),
        (
            "scrape_configs:\n- job_name: a\n  static_configs:\n  - targets: b",
            "4:14: expected a list for targets, found a single value"
        ),
        (
            "scrape_configs:\n- job_name: a\n  static_configs:\n  - target: [b]",
            "4:5: unknown key \"target\" in static_configs entry; did you mean targets?"
        ),
        (
            "scrape_configs:\n- job_name: a\n  static_configs:\n  - targets: [b]\n    labels: {__name__: x}",
            "5:14: \"__name__\" is not a valid label name"
        ),
        (
            "scrape_configs:\n- job_name: a\n  params: {x: y}",
            "3:15: expected a list of values for parameter x, found a single value"
        ),
        (
            "scrape_configs:\n- job_name: a\n  kubernetes_sd_configs: [{role: pod}]",
            "3:3: kubernetes_sd_configs is not supported: use dns_sd_configs with the name of a headless service, or list the targets in file_sd_configs"
        ),
        (
            "rule_files: [a.yml]",
            "1:1: section rule_files cannot be used: rule evaluation is not supported yet; remove the section to use the rest of the file"
        ),
        (
            "scrape_configs:\n- job_name: a\n  relabel_configs:\n  - action: repalce",
            "4:13: unknown relabel action \"repalce\"; did you mean replace?"
        ),
        (
            "scrape_configs:\n- job_name: a\n  relabel_configs:\n  - regex: '('",
            "4:12: error parsing regexp: missing ): (: `(`"
        ),
        (
            "scrape_configs:\n- job_name: a\n  relabel_configs:\n  - regex: a",
            "4:5: relabel configuration for replace action requires 'target_label' value"
        ),
        (
            "scrape_configs:\n- job_name: a\n  relabel_configs:\n  - {action: labeldrop, source_labels: [a]}",
            "4:5: 'source_labels' can not be set for labeldrop action"
        ),
        (
            "scrape_configs:\n- job_name: a\n  authorization: {type: Basic}",
            "3:25: authorization type cannot be set to \"basic\", use basic_auth instead"
        ),
        (
            "scrape_configs:\n- job_name: a\n  scrape_protocols: [Text]",
            "3:22: expected one of PrometheusProto, PrometheusText0.0.4, PrometheusText1.0.0, OpenMetricsText0.0.1, OpenMetricsText1.0.0 for scrape_protocols, found \"Text\""
        ),
        (
            "scrape_configs:\n- job_name: a\n  consul_sd_configs: [{server: x}]",
            "3:3: consul_sd_configs is not supported: Consul answers DNS, so use dns_sd_configs with names such as NAME.service.consul"
        ),
        (
            "scrape_configs:\n- job_name: a\n  ec2_sd_configs: [{region: x}]",
            "3:3: ec2_sd_configs is not supported: list the targets in a file for file_sd_configs, or serve them for http_sd_configs"
        ),
        (
            "scrape_configs:\n- job_name: a\n  fil_sd_configs: [{region: x}]",
            "3:3: unknown key \"fil_sd_configs\" in scrape_configs entry; did you mean file_sd_configs?"
        ),
        (
            "scrape_configs:\n- job_name: a\n  file_sd_configs: [{files: [a.txt]}]",
            "3:30: path name \"a.txt\" is not valid for file discovery: expected a name that ends in .json, .yml or .yaml, and * in the last part of the path only"
        ),
        (
            "scrape_configs:\n- job_name: a\n  file_sd_configs: [{}]",
            "3:21: file service discovery config must contain at least one path name"
        ),
        (
            "scrape_configs:\n- job_name: a\n  http_sd_configs: [{url: ftp://x}]",
            "3:27: expected a URL such as http://localhost:8000/targets for url, found \"ftp://x\""
        ),
        (
            "scrape_configs:\n- job_name: a\n  dns_sd_configs: [{names: [x], type: A}]",
            "3:20: a port is required in DNS-SD configs for all record types except SRV"
        ),
        (
            "scrape_configs:\n- job_name: a\n  dns_sd_configs: [{names: [x], type: TXT}]",
            "3:39: invalid DNS-SD records type \"TXT\"; expected one of SRV, A, AAAA, MX, NS"
        ),
        (
            "scrape_configs:\n- job_name: a\n  scrape_protocols: []",
            "3:21: scrape_protocols cannot be empty; leave the key out instead"
        ),
        (
            "scrape_configs:\n- job_name: a\n  no_proxy: x",
            "3:3: if no_proxy is configured, proxy_url must also be configured"
        ),
        (
            "scrape_configs:\n- job_name: a\n  proxy_url: ftp://u:p@x",
            "3:14: expected a URL such as http://localhost:3128 for proxy_url, of an http, https or socks5 proxy, found \"<secret>\""
        ),
        (
            "scrape_configs:\n- job_name: a\n  bearer_token: x\n  oauth2: {client_id: x, client_secret: y, token_url: http://z}",
            "3:3: at most one of basic_auth, authorization, oauth2 and bearer_token must be configured"
        ),
        (
            "scrape_configs:\n- job_name: a\n  basic_auth: {username: x, username_file: y}",
            "3:16: at most one of username and username_file must be configured"
        ),
        (
            "scrape_configs:\n- job_name: a\n  proxy_url: http://x\n  proxy_from_environment: true",
            "3:3: if proxy_from_environment is configured, proxy_url must not be configured"
        ),
        (
            "scrape_configs:\n- job_name: a\n  tls_config: {cert: x}",
            "3:15: exactly one of key or key_file must be configured when a client certificate is configured"
        ),
        (
            "scrape_configs:\n- job_name: a\n  tls_config: {ca: x, ca_file: y}",
            "3:16: at most one of ca and ca_file must be configured"
        ),
        (
            "scrape_configs:\n- job_name: a\n  tls_config: {min_version: TLS14}",
            "3:29: unknown TLS version \"TLS14\"; expected one of TLS10, TLS11, TLS12, TLS13"
        ),
        (
            "scrape_configs:\n- job_name: a\n  oauth2: {client_id: x, client_secret: y, token_url: z}",
            "3:55: oauth2 token_url must be a URL that begins with http:// or https://"
        ),
        (
            "scrape_configs:\n- job_name: a\n  http_headers: {Host: {values: [x]}}",
            "3:18: setting header \"Host\" is not allowed"
        ),
        (
            "scrape_config_files: ['*/a.yml']",
            "1:23: invalid scrape config file path \"*/a.yml\": expected * in the last part of the path only"
        ),
        ("global:\n  scrape_interval: 400d", "2:20: expected at most 1y for scrape_interval, found 400d"),
    ]

    @Test(arguments: faults)
    func faultsAreNamedWithTheirPlace(text: String, message: String) {
        let error = #expect(throws: ConfigurationError.self) { try Configuration.parse(text: text, file: "p.yml") }
        #expect(error?.description == "p.yml:" + message)
    }

    @Test func everyFaultIsNamedInOneRun() {
        let text = """
            global:
              scrape_interval: soon
              foo: 1
            scrape_configs:
            - job_name: a
              honor_labels: 5
            - job_name: a
            """
        let error = #expect(throws: ConfigurationError.self) { try Configuration.parse(text: text, file: "p.yml") }
        #expect(error?.problems.map(\.line) == [2, 3, 6, 7])
    }

    @Test func nestingAndAliasesAreBounded() {
        let deep = String(repeating: "[", count: 100) + String(repeating: "]", count: 100)
        let error = #expect(throws: ConfigurationError.self) {
            try Configuration.parse(text: "a: \(deep)", file: "p.yml")
        }
        #expect(error?.description == "p.yml:1:67: expected at most 64 nested collections, found more")
        var bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...9 {
            let copies = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
            bomb += "a\(level): &a\(level) [\(copies)]\n"
        }
        let second = #expect(throws: ConfigurationError.self) { try Configuration.parse(text: bomb, file: "p.yml") }
        #expect(second?.description.contains("expected at most 1000000 values, found more") == true)
    }

    @Test func missingFilesAreNamed() {
        let error = #expect(throws: ConfigurationError.self) { try Configuration.load(path: "/nonexistent/p.yml") }
        #expect(
            error?.description
                == "/nonexistent/p.yml:1:1: cannot read the configuration file: No such file or directory")
    }

    /// Whatever is done to a file, it is read or refused, never a trap or a hang.
    @Test func damagedFilesNeverTrap() {
        let text = Array(ConfigurationTests.full.utf8)
        let seed = makeSeed()
        var random = SeededGenerator(seed: seed)
        let noise = Array("{}[]:-\"'&*!|>%@\\\n\t #,\0".utf8) + [0xff, 0xc3]
        for _ in 0..<2000 {
            var damaged = text
            for _ in 0..<Int.random(in: 1...3, using: &random) where !damaged.isEmpty {
                let place = Int.random(in: 0..<damaged.count, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: damaged[place] = noise.randomElement(using: &random) ?? 0
                case 1: damaged.remove(at: place)
                case 2: damaged.insert(noise.randomElement(using: &random) ?? 0, at: place)
                default: damaged.removeLast(damaged.count - max(place, 1))
                }
            }
            let configuration = try? Configuration.parse(text: String(decoding: damaged, as: UTF8.self), file: "p.yml")
            if let configuration {
                _ = configuration.yamlText
                for job in configuration.jobs { _ = job.buildTargets() }
            }
        }
    }
}
