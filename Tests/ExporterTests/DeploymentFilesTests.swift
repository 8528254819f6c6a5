import FoundationEssentials
import TestSupport
import Testing

@testable import Exporter

/// The configuration files and the dashboard that come with the exporter, against the tools that read them.
@Suite struct DeploymentFilesTests {
    private static let root = String(
        #filePath.prefix(#filePath.count - "Tests/ExporterTests/DeploymentFilesTests.swift".count))

    /// What is looked at of Grafana's dashboard format.
    private struct Dashboard: Decodable {
        struct Panel: Decodable {
            var title: String
            var targets: [Target]?
        }
        struct Target: Decodable {
            var expr: String
        }
        struct Templating: Decodable {
            var list: [Variable]
        }
        struct Variable: Decodable {
            var name: String
            var definition: String
        }
        var schemaVersion: Int
        var panels: [Panel]
        var templating: Templating

        var expressions: [String] { panels.flatMap { $0.targets ?? [] }.map(\.expr) }
    }

    private func dashboard() throws -> Dashboard {
        let text = try readText("\(Self.root)docker/grafana/dashboards/gpu.json")
        return try JSONDecoder().decode(Dashboard.self, from: Data(text.utf8))
    }

    @Test func dashboardCoversTheWellKnownOne() throws {
        // Source: dashboard 12239 of grafana.com, "NVIDIA DCGM Exporter Dashboard".
        let chosen = "{instance=~\"$instance\", gpu=~\"$gpu\"}"
        let wanted = [
            "DCGM_FI_DEV_GPU_TEMP\(chosen)", "avg(DCGM_FI_DEV_GPU_TEMP\(chosen))", "DCGM_FI_DEV_POWER_USAGE\(chosen)",
            "sum(DCGM_FI_DEV_POWER_USAGE\(chosen))", "DCGM_FI_DEV_SM_CLOCK\(chosen) * 1000000",
            "DCGM_FI_DEV_GPU_UTIL\(chosen)", "DCGM_FI_DEV_FB_USED\(chosen)", "DCGM_FI_PROF_PIPE_TENSOR_ACTIVE\(chosen)",
        ]
        let dashboard = try dashboard()
        let expressions = Set(dashboard.expressions)
        for expression in wanted { #expect(expressions.contains(expression)) }
        #expect(dashboard.templating.list.map(\.name) == ["instance", "gpu"])
        #expect(
            dashboard.templating.list.map(\.definition) == [
                "label_values(DCGM_FI_DEV_GPU_TEMP, instance)", "label_values(DCGM_FI_DEV_GPU_TEMP, gpu)",
            ])
    }

    @Test func dashboardAsksOnlyForMetricsOfTheTable() throws {
        let known = Set(metricTable.map(\.name))
        for expression in try dashboard().expressions {
            let names = expression.matches(of: /DCGM_\w+/).map { String($0.output) }
            #expect(!names.isEmpty)
            for name in names { #expect(known.contains(name), "\(name)") }
        }
    }

    @Test func everyMetricIsDocumented() throws {
        let text = try readText("\(Self.root)docs/gpu-exporter.md")
        for definition in metricTable {
            for name in [definition.classic.name, definition.modern.name] {
                let documented = "| `\(name.dropFirst("DCGM_FI_".count))` |"
                // A 4.9 name that is the classic one stands there as "the same".
                #expect(text.contains(documented) || name == definition.classic.name, "\(name)")
            }
        }
    }

    /// Debian 12's promtool is too old to read expressions.
    private static let canParseExpressions =
        findProgram("promtool").flatMap { try? runToEnd($0, ["--experimental", "promql", "format", "1"]).status } == 0

    @Test(.enabled(if: canParseExpressions, "no promtool on the PATH that can format PromQL"))
    func everyExpressionOfTheDashboardParses() throws {
        let promtool = try #require(findProgram("promtool"))
        for expression in try dashboard().expressions {
            // As Grafana puts them in.
            let query = expression.replacing("$instance", with: ".*").replacing("$gpu", with: ".*")
                .replacing("$__rate_interval", with: "1m").replacing("$__range", with: "1h")
            let result = try runToEnd(promtool, ["--experimental", "promql", "format", query])
            #expect(result.status == 0, "\(query): \(result.errors)")
        }
    }

    @Test(
        .enabled(if: findProgram("promtool") != nil, "no promtool on the PATH"),
        arguments: ["prometheus.yml", "prometheus-docker.yml"])
    func promtoolAcceptsTheConfiguration(file: String) throws {
        let result = try runToEnd(#require(findProgram("promtool")), ["check", "config", "\(Self.root)config/\(file)"])
        #expect(result.status == 0, "\(result.errors)")
    }
}
