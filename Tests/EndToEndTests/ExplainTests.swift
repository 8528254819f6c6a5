import FoundationEssentials
import Model
import TSDB
import TestSupport
import Testing

@testable import TSDBCommand

/// `tsdb explain` as a person starts it, on a database that this process writes.
@Suite struct ExplainTests {
    private let directory = TemporaryDirectory(.disk)
    private let database: Database

    init() throws {
        database = try Database.open(directory: directory.path + "/data")
        let refs = try database.resolve(
            (0..<4).map { ["__name__": "energy_total", "gpu": "\($0)", "pod": "\($0 % 2)"] })
        for scrape in 0..<120 {
            let time = 1_706_659_200_000 + Int64(scrape) * 15_000
            try database.appendBlocking(
                SampleBatch(refs: refs, timestamps: [time], values: (0..<4).map { Double(scrape * (100 + $0)) }))
        }
    }

    private func explain(_ arguments: [String]) throws -> ProgramResult {
        try runToEnd(Programs.tsdb, ["explain", "--db", directory.path + "/data"] + arguments)
    }

    private static let range = ["--start", "1706659500", "--end", "1706660985", "--step", "15s"]

    @Test func planIsShownAsATree() throws {
        let result = try explain(["sum by (pod) (rate(energy_total[5m])) / 1000"] + Self.range)
        #expect(result.status == 0)
        let lines = result.output.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        #expect(lines[0] == "sum by (pod) (rate(energy_total[5m])) / 1000")
        #expect(lines[1] == "at 100 steps of 15s from 2024-01-31T00:05:00.000Z to 2024-01-31T00:29:45.000Z")
        for (line, end) in zip(
            lines.dropFirst(4),
            ["answer", "└─ … / 1000", "   └─ sum by (pod) (…)", "      └─ rate(…)", "         └─ energy_total[5m]"])
        {
            #expect(line.hasSuffix(end), "\(line)")
        }
        #expect(lines[6].contains("4→2"))
        // Those of five minutes before the first step and up to the last.
        #expect(lines[8].contains(" 476 "))
        #expect(result.output.contains("samples  476 decoded of "))
        #expect(result.output.contains(", 8000 looked at, at most "))
        #expect(result.output.contains("time     parse "))
    }

    @Test func jsonIsForPrograms() throws {
        let result = try explain(
            ["energy_total @ 1706659300 + on (gpu) energy_total", "--format", "json"] + Self.range)
        let data = Data(result.output.utf8)
        let plan = try JSONDecoder().decode(DecodedPlan.self, from: data)
        #expect(plan.query == "energy_total @ 1706659300.000 + on (gpu) energy_total")
        #expect(plan.samples["decoded"] == 4 * 7 + 4 * 119)
        #expect(plan.samples["totalQueryableSamples"] == 800)
        #expect(try #require(plan.samples["peakSamples"]) >= 400)
        let add = try #require(plan.plan.inputs.first)
        #expect(add.operator == "… + on (gpu) …")
        #expect(add.inputs.map(\.expression) == ["energy_total @ 1706659300.000", "energy_total"])
        #expect(add.inputs.map(\.steps) == [1, 100])
        #expect(add.inputs.map(\.stepInvariant) == [true, false])
        #expect(add.seriesIn == 8 && add.seriesOut == 4)
        #expect(add.inputs[0].storedBytes > 0 && add.inputs[0].storedRuns >= 4)
        let own = plan.plan.selfTimes
        #expect((own - (plan.timings["threads"] ?? 0)).magnitude < 1e-9)
    }

    @Test func oneTimeIsTheDefault() throws {
        let result = try explain(["energy_total", "--time", "1706659500"])
        #expect(result.output.hasPrefix("energy_total\nat 2024-01-31T00:05:00.000Z\n"))
        #expect(try explain(["up"]).status == 0)
    }

    @Test(arguments: [
        (["sum(energy_total", "--time", "0"], "tsdb: 1:17: parse error: unclosed left parenthesis\n"),
        (["energy_total[5m]", "--start", "1h"], "tsdb: invalid expression type \"range vector\" for range query"),
        (["up", "--step", "15s"], "--end and --step need --start"),
        (["up", "--start", "soon"], "tsdb: --start 'soon' is not a time"),
    ])
    func whatIsWrongIsSaid(_ arguments: [String], _ message: String) throws {
        let result = try explain(arguments)
        #expect(result.status != 0)
        #expect(result.output.isEmpty)
        #expect(result.errors.contains(message), "\(result.errors)")
    }
}

private struct DecodedPlan: Decodable {
    struct Operator: Decodable {
        var `operator`: String
        var expression: String
        var stepInvariant: Bool
        var steps: Int
        var seriesIn: Int
        var seriesOut: Int
        var storedRuns: Int
        var storedBytes: Int
        var `self`: Double
        var inputs: [Operator]

        var selfTimes: Double { inputs.reduce(self.`self`) { $0 + $1.selfTimes } }
    }

    var query: String
    var timings: [String: Double]
    var samples: [String: Int]
    var plan: Operator
}
