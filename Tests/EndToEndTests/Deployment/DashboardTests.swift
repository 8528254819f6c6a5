import Glibc
import Model
import PromQL
import TestSupport
import Testing

@testable import TSDBCommand

/// The dashboards' expressions, as Grafana sends them, against a real server that scrapes simulated GPUs and itself.
@Suite struct DashboardTests {
    @Test func everyExpressionGivesSeries() throws {
        let exporterPort = try freePort()
        let exporter = try startDashboardExporter(gpus: 8, port: exporterPort)
        defer { exporter.finish(SIGTERM) }
        // The counters of the file are all known, and none is left out.
        #expect(!exporter.printed.contains("left out"), "\(exporter.printed)")
        let port = try freePort()
        let directory = TemporaryDirectory()
        let targets = directory.path + "/pods.json"
        try writeFile(targets, "[{\"targets\": [\"127.0.0.1:\(exporterPort)\"]}]")
        let server = try TestServer(config: config(targets: targets, serverPort: port), port: port)
        defer { server.process.finish(SIGTERM) }
        for dashboard in try Dashboard.all() {
            for variable in dashboard.variableQueries { try expectValues(variable, server.url) }
            for target in dashboard.targets { try expectSeries(target, dashboard, server.url) }
        }
    }

    @Test func wellKnownDashboardIsCovered() throws {
        // Source: dashboard 12239 of grafana.com, "NVIDIA DCGM Exporter Dashboard".
        let chosen = "{instance=~\"$instance\", gpu=~\"$gpu\"}"
        let wanted = [
            "GPU Temperature": "DCGM_FI_DEV_GPU_TEMP\(chosen)",
            "GPU Avg. Temp": "avg(max by (instance, UUID) (DCGM_FI_DEV_GPU_TEMP\(chosen)))",
            "GPU Power Usage": "DCGM_FI_DEV_POWER_USAGE\(chosen)",
            "GPU Power Total": "sum(max by (instance, UUID) (DCGM_FI_DEV_POWER_USAGE\(chosen)))",
            "GPU SM Clocks": "DCGM_FI_DEV_SM_CLOCK\(chosen) * 1000000",
            "GPU Utilization": "DCGM_FI_DEV_GPU_UTIL\(chosen)",
            "GPU Framebuffer Mem Used": "DCGM_FI_DEV_FB_USED\(chosen)",
            "Tensor Core Utilization": "DCGM_FI_PROF_PIPE_TENSOR_ACTIVE\(chosen)",
        ]
        let dashboard = try Dashboard("gpu.json")
        for (title, expression) in wanted {
            #expect(dashboard.targets.contains { $0.title == title && $0.expression == expression }, "\(title)")
        }
        let variables = dashboard.variableQueries
        #expect(variables.contains("label_values(DCGM_FI_DEV_GPU_TEMP, instance)"))
        #expect(variables.contains("label_values(DCGM_FI_DEV_GPU_TEMP, gpu)"))
    }

    @Test(arguments: ["gpu.json", "tsdb.json"]) func panelsAreWellFormed(_ file: String) throws {
        let dashboard = try Dashboard(file)
        let ids = dashboard.panels.compactMap { $0["id"] }
        #expect(ids.count == dashboard.panels.count && Set(ids.map(\.sortKey)).count == ids.count)
        var taken: Set<[Int]> = []
        for panel in dashboard.panels {
            let title = panel["title"]?.text ?? ""
            #expect(!title.isEmpty)
            for x in panel.column..<panel.column + panel.width {
                for y in panel.line..<panel.line + panel.height {
                    #expect(x < 24 && taken.insert([x, y]).inserted, "\(title) lies on another panel")
                }
            }
            let references = panel["targets"]?.elements.compactMap { $0["refId"]?.text } ?? []
            #expect(Set(references).count == references.count, "\(title)")
            #expect(panel["type"]?.text == "row" || panel["datasource"]?["uid"]?.text == "${datasource}", "\(title)")
        }
    }

    /// Grafana refuses to draw a status history of more points than half of its pixels, and asks for one a pixel unless told
    /// otherwise.
    @Test func statusHistoriesHaveFewPoints() throws {
        var count = 0
        for panel in try Dashboard.all().flatMap(\.panels) where panel["type"]?.text == "status-history" {
            guard case .number(let points) = panel["maxDataPoints"] else {
                Issue.record("\(panel["title"]?.text ?? ""): as many points as pixels")
                continue
            }
            #expect(points <= 100)
            // A point stands for all of its time.
            for target in panel["targets"]?.elements ?? [] {
                #expect(target["expr"]?.text?.hasPrefix("avg_over_time(") == true)
            }
            count += 1
        }
        #expect(count == 2)
    }

    @Test func datasourceIsProvisionedForThisServer() throws {
        let datasource = try Repository.text("docker/grafana/provisioning/datasources/prometheus.yml")
        let interval = try value("scrape_interval", in: Repository.text("config/prometheus-docker.yml"))
        #expect(value("timeInterval", in: datasource) == interval)
        let server = try TestServer(config: "scrape_configs: []")
        defer { server.process.finish(SIGTERM) }
        let information = try HTTPClient.get("\(server.url)/api/v1/status/buildinfo", timeoutSeconds: 30)
        let version = try JSONValue(parsing: information.body)["data"]?["version"]?.text
        #expect(value("prometheusVersion", in: datasource) == version)
        #expect(datasource.contains("exemplarTraceIdDestinations:"))
    }

    /// What stands behind the first `name:` of a YAML text.
    private func value(_ name: String, in text: String) -> String? {
        text.split(separator: "\n").lazy
            .map { $0.drop { $0 == " " } }.first { $0.hasPrefix(name + ": ") }
            .map { String($0.dropFirst(name.utf8.count + 2)) }
    }

    private func expectValues(_ definition: String, _ url: String) throws {
        // label_values(SELECTOR, LABEL)
        let parts = definition.dropFirst("label_values(".count).dropLast().split(separator: ",")
        let label = parts[parts.count - 1].drop { $0 == " " }
        try eventually("values for \(definition)") {
            let target = "\(url)/api/v1/label/\(label)/values?" + form([("match[]", String(parts[0]))])
            let answer = try JSONValue(parsing: HTTPClient.get(target, timeoutSeconds: 30).body)
            return answer["data"]?.elements.isEmpty == false ? () : nil
        }
    }

    private func expectSeries(_ target: Dashboard.Target, _ dashboard: Dashboard, _ url: String) throws {
        let query = dashboard.substituted(target.expression)
        #expect(!query.contains("$"), "\(query): a variable that nothing defines")
        try eventually("series for \(target.title): \(query)", within: 120) {
            let now = SystemClock().nowMs()
            if target.isInstant { return try Self.holdsSeries(instantQuery(url, query)) ? () : nil }
            let range = QueryTimeRange(start: now - 30_000, end: now, step: 1000)
            return try rangeQuery(url, query, range).isEmpty ? nil : ()
        }
    }

    private static func holdsSeries(_ value: QueryValue) -> Bool {
        switch value {
        case .vector(let samples): !samples.isEmpty
        case .matrix(let series): !series.isEmpty
        case .scalar, .string: true
        }
    }

    private func config(targets: String, serverPort: Int) -> String {
        """
        global:
          scrape_interval: 500ms
          scrape_timeout: 500ms
        scrape_configs:
          - job_name: gpu-pods
            file_sd_configs:
              - files: ["\(targets)"]
          - job_name: prometheus
            static_configs:
              - targets: ["127.0.0.1:\(serverPort)"]
        """
    }
}

/// Starts `gpu-exporter` with what the dashboard shows, and waits until it answers.
func startDashboardExporter(gpus: Int, port: Int) throws -> ChildProcess {
    let process = try ChildProcess(
        Programs.exporter,
        [
            "--simulate", "\(gpus)", "--processes", "--collectors", Repository.path("config/gpu-counters.csv"),
            "--address", "127.0.0.1:\(port)",
        ])
    try eventually("the exporter answers") {
        guard process.isRunning else { throw TestFailure("the exporter ended: \(process.printed)") }
        return answers("http://127.0.0.1:\(port)/metrics") ? () : nil
    }
    return process
}
