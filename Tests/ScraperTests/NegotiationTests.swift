import Exposition
import Model
import TestSupport
import Testing

@testable import Scraper

/// What targets are asked for, and what is made of what they say that they send. Expectations are what a Prometheus 3.5
/// sends and says.
@Suite struct NegotiationTests {
    private static let protobuf =
        "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"
    private static let openMetrics = "application/openmetrics-text;version=1.0.0;escaping="
    private static let cases: [(String, String)] = [
        (
            "",
            "\(openMetrics)allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,"
                + "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
        ),
        (
            "metric_name_validation_scheme: legacy",
            "\(openMetrics)underscores;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,"
                + "text/plain;version=1.0.0;escaping=underscores;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
        ),
        (
            "metric_name_escaping_scheme: values\n  scrape_protocols: [OpenMetricsText1.0.0]",
            "\(openMetrics)values;q=0.6,*/*;q=0.5"
        ),
        (
            "metric_name_escaping_scheme: dots\n  scrape_protocols: [PrometheusText1.0.0, PrometheusText0.0.4]",
            "text/plain;version=1.0.0;escaping=dots;q=0.6,text/plain;version=0.0.4;q=0.5,*/*;q=0.4"
        ),
        (
            "scrape_protocols: [PrometheusProto, OpenMetricsText1.0.0]",
            "\(protobuf);q=0.6,\(openMetrics)allow-utf-8;q=0.5,*/*;q=0.4"
        ),
        ("scrape_protocols: [OpenMetricsText0.0.1]", "application/openmetrics-text;version=0.0.1;q=0.6,*/*;q=0.5"),
        (
            "scrape_native_histograms: true",
            "\(protobuf);q=0.6,\(openMetrics)allow-utf-8;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,"
                + "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1"
        ),
    ]

    @Test(arguments: cases)
    func targetsAreAskedAsPrometheusAsksThem(settings: String, expected: String) throws {
        let text = "scrape_configs:\n- job_name: a\n  \(settings)\n"
        let job = try #require(try Configuration.parse(text: text, file: "p.yml").jobs.first)
        #expect(ScrapeProtocol.accept(job.scrapeProtocols, job.names.escaping) == expected)
    }

    @Test func globalSettingsAreThoseOfJobsThatHaveNone() throws {
        let text = """
            global:
              scrape_native_histograms: true
              convert_classic_histograms_to_nhcb: true
              metric_name_validation_scheme: legacy
            scrape_configs:
            - {job_name: a}
            - {job_name: b, scrape_native_histograms: false, convert_classic_histograms_to_nhcb: false,
               metric_name_validation_scheme: utf8, native_histogram_bucket_limit: 7, native_histogram_min_bucket_factor: 1.1}
            """
        let jobs = try Configuration.parse(text: text, file: "p.yml").jobs
        #expect(jobs[0].scrapeProtocols.first == .protobuf && jobs[1].scrapeProtocols.first == .openMetrics1)
        #expect(jobs[0].names.isLegacy && jobs[0].names.escaping == .underscores)
        #expect(!jobs[1].names.isLegacy && jobs[1].names.escaping == .none)
        #expect(jobs[0].histograms.choice.convertsClassic && !jobs[1].histograms.choice.convertsClassic)
        #expect(jobs[1].histograms.bucketLimit == 7 && jobs[1].histograms.schemaMax == 2)
    }

    private static let problems: [(String, String)] = [
        ("text/plain;version", "cannot parse Content-Type \"text/plain;version\"|mime: invalid media parameter"),
        ("text/plain; a=b; a=c", "cannot parse Content-Type \"text/plain; a=b; a=c\"|mime: duplicate parameter name"),
        (";", "cannot parse Content-Type \";\"|mime: no media type"),
        ("text/", "cannot parse Content-Type \"text/\"|mime: expected token after slash"),
        ("text /plain", "cannot parse Content-Type \"text /plain\"|mime: expected slash after first token"),
        (
            "text/plain, text/html",
            "cannot parse Content-Type \"text/plain, text/html\"|mime: unexpected content after media subtype"
        ),
    ]

    @Test(arguments: problems)
    func typesThatCannotBeReadAreNamed(contentType: String, expected: String) async throws {
        let server = try ScriptedServer { _, _ in ScriptedServer.page("a 1\n", contentType: contentType) }
        defer { server.close() }
        let harness = Harness()
        try harness.scrape(port: server.port)
        try await harness.wait("a failed scrape") { harness.target?.health == .down }
        await harness.manager.stop()
        let text = expected.replacing("|", with: " and no fallback_scrape_protocol for target: ")
        #expect(harness.target?.lastError == text)
    }

    @Test func aFallbackIsUsedWhereTheTypeSaysNothing() async throws {
        let page = protobufPage([PageFamily("a", .gauge)])
        let server = try ScriptedServer { _, _ in ScriptedServer.page(page, contentType: "application/json") }
        defer { server.close() }
        let harness = Harness()
        try harness.scrape(port: server.port, more: "  fallback_scrape_protocol: PrometheusProto")
        try await harness.wait("a scrape") { harness.target?.health == .up }
        await harness.manager.stop()
    }

    @Test func namesBeyondLettersFailWhereTheJobTakesNone() async throws {
        let server = try ScriptedServer { _, _ in ScriptedServer.page("ok 1\n{\"a.b\"} 1\n") }
        defer { server.close() }
        let harness = Harness()
        try harness.scrape(port: server.port, more: "  metric_name_validation_scheme: legacy")
        try await harness.wait("a failed scrape") { harness.target?.health == .down }
        await harness.manager.stop()
        #expect(harness.target?.lastError.hasPrefix("invalid metric name or label names: {__name__=\"a.b\"") == true)
    }
}
