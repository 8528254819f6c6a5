import TestSupport
import Testing

@testable import Exporter

/// The files that come with the exporter, against the tools that read them.
@Suite struct DeploymentFilesTests {
    static let root = String(
        #filePath.prefix(#filePath.count - "Tests/ExporterTests/DeploymentFilesTests.swift".count))

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

    @Test(
        .enabled(if: findProgram("promtool") != nil, "no promtool on the PATH"),
        arguments: ["prometheus.yml", "prometheus-docker.yml"])
    func promtoolAcceptsTheConfiguration(file: String) throws {
        let result = try runToEnd(#require(findProgram("promtool")), ["check", "config", "\(Self.root)config/\(file)"])
        #expect(result.status == 0, "\(result.errors)")
    }
}
