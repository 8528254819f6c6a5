import TestSupport
import Testing

@testable import TSDBCommand

/// The dashboard's sums over GPUs where one of two is cut into two MIG instances, each of which repeats its GPU's heat, power
/// and errors.
@Suite struct InstancesDashboardTests {
    private let directory = TemporaryDirectory(.disk)
    private let database: String
    /// Seconds, at the end of what is stored.
    private static let end = 1_700_000_060

    init() throws {
        database = directory.path + "/data"
        let file = directory.path + "/history.om"
        try writeFile(file, Self.history())
        let result = try runToEnd(Programs.tsdb, ["import", file, "--db", database])
        #expect(result.status == 0, "\(result.printed)")
    }

    @Test(
        arguments: [
            ("GPUs", 2), ("GPU Avg. Temp", 45), ("GPU Power Total", 300), ("GPUs with XID Errors", 1),
            ("Memory Used", 30),
            ("Throttling Reasons", 1), ("Energy", 0.0025), ("Energy Cost", 0.00075), ("Energy Cost per Day", 2.16),
            ("Energy Cost per Hour", 0.09), ("Rent", 2 * 2.5 / 120),
        ] as [(String, Double)])
    func instancesCountOnce(_ title: String, _ expected: Double) throws {
        let dashboard = try Dashboard("gpu.json")
        let target = try #require(dashboard.targets.first { $0.title == title })
        let query = dashboard.substituted(target.expression)
        let result = try runToEnd(
            Programs.tsdb, ["query", "instant", query, "--db", database, "--time", "\(Self.end)", "--format", "csv"])
        // A line of names, then one of values, the last of which is the number.
        let lines = result.output.split(whereSeparator: \.isNewline)
        #expect(lines.count == 2, "\(query): \(result.printed)")
        let value = Double(lines.last?.split(separator: ",").last ?? "") ?? .nan
        #expect(abs(value - expected) < 1e-9, "\(query): \(value)")
    }

    /// A minute of 100 W and 200 W, in OpenMetrics.
    private static func history() -> String {
        let whole = "gpu=\"1\",UUID=\"GPU-b\",instance=\"pod\""
        let parts = ["1", "2"].map {
            "gpu=\"0\",UUID=\"GPU-a\",GPU_I_PROFILE=\"3g.40gb\",GPU_I_ID=\"\($0)\",instance=\"pod\""
        }
        let gauges: [(name: String, ofPart: Int, ofWhole: Int)] = [
            ("DEV_GPU_TEMP", 40, 50), ("DEV_POWER_USAGE", 100, 200), ("DEV_XID_ERRORS", 31, 0),
            ("DEV_CLOCK_THROTTLE_REASONS", 4, 0), ("DEV_FB_USED", 10, 40), ("DEV_FB_FREE", 30, 80),
        ]
        var lines: [String] = []
        for (name, ofPart, ofWhole) in gauges {
            for (labels, value) in parts.map({ ($0, ofPart) }) + [(whole, ofWhole)] {
                for second in 0...60 { lines.append("DCGM_FI_\(name){\(labels)} \(value) \(end - 60 + second)") }
            }
        }
        for (labels, watts) in parts.map({ ($0, 100) }) + [(whole, 200)] {
            for second in 0...60 {
                lines.append(
                    "DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION{\(labels)} \(watts * second * 1000) \(end - 60 + second)")
            }
        }
        return lines.joined(separator: "\n") + "\n# EOF\n"
    }
}
