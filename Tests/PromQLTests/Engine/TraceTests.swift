import Model
import TestSupport
import Testing

@testable import PromQL

@Suite struct TraceTests {
    private static let store: MemoryStore = {
        let store = MemoryStore()
        for index in 0..<6 {
            let labels = Labels([("__name__", "x_total"), ("a", "\(index % 2)"), ("i", "\(index)")])
            store.add(labels, (0..<240).map { (Int64($0) * 15_000, Double($0 * index)) })
        }
        store.add(Labels([("__name__", "y")]), (0..<240).map { (Int64($0) * 15_000, 7) })
        return store
    }()

    static let queries = [
        "x_total", "sum by (a) (rate(x_total[5m]))", "2 * -x_total", "x_total / on (i) x_total",
        "x_total + on () group_left () y",
        "max_over_time(sum(x_total)[10m:1m])", "topk(1 + scalar(y), x_total)", "x_total @ 1000",
        "sum(x_total @ 1000) * time()", "y * scalar(sum(x_total @ 1000))", "timestamp(x_total)", "absent(nothing)",
        "x_total and (x_total > 100)", "quantile(scalar(y) / 10, x_total offset 1m)", "time()", "1 + 1",
        "histogram_quantile(0.9, x_total)", "sum_over_time(x_total[5m] @ end())", "count_values(\"v\", x_total)",
    ]

    private func run(_ query: String, workers: Int, _ options: QueryOptions) throws -> QueryResult {
        var engine = EngineOptions()
        engine.workers = workers
        return try Engine(engine).range(
            query, on: TraceTests.store, start: 900_000, end: 2_700_000, step: 60_000, options: options)
    }

    private func traced(_ query: String, workers: Int = 1) throws -> (QueryPlan, QueryResult) {
        let trace = QueryTrace()
        var options = QueryOptions()
        options.trace = trace
        let result = try run(query, workers: workers, options)
        return (trace.report(), result)
    }

    /// An operator's line with its series, and those of its inputs behind it.
    private func outline(_ one: PlanOperator) -> String {
        let inputs = one.inputs.map(outline).joined(separator: ", ")
        return "\(one.text) \(one.seriesOut)\(inputs.isEmpty ? "" : " ← (\(inputs))")"
    }

    @Test(arguments: [
        ("sum by (a) (rate(x_total[5m]))", "answer 2 ← (sum by (a) (…) 2 ← (rate(…) 6 ← (x_total[5m] 6)))"),
        (
            "100 * (x_total + on () group_left () y)",
            "answer 6 ← (100 * … 6 ← (… + on () group_left () … 6 ← (x_total 6, y 1)))"
        ),
        (
            "max_over_time(sum(x_total)[10m:1m])",
            "answer 1 ← (max_over_time(…) 1 ← (…[10m:1m] 1 ← (sum(…) 1 ← (x_total 6))))"
        ),
        ("timestamp(x_total{a=\"0\"})", "answer 3 ← (timestamp(x_total{a=\"0\"}) 3)"),
        ("y * scalar(sum(x_total))", "answer 1 ← (… * … 1 ← (y 1, scalar(…) 1 ← (sum(…) 1 ← (x_total 6))))"),
        ("time() + 1", "answer 1"),
    ])
    func planIsATreeOfTheExpressionsParts(_ query: String, _ expected: String) throws {
        #expect(outline(try traced(query).0.root) == expected)
    }

    @Test(arguments: queries) func tracingChangesNothing(_ query: String) throws {
        let plain = try run(query, workers: 1, QueryOptions())
        let (plan, result) = try traced(query)
        guard case .matrix(let a) = plain.value, case .matrix(let b) = result.value else { return }
        #expect(a.map(\.labels) == b.map(\.labels))
        for (one, other) in zip(a, b) {
            #expect(one.timestamps == other.timestamps)
            #expect(one.values.map(\.bitPattern) == other.values.map(\.bitPattern))
        }
        #expect(plain.stats.totalQueryableSamples == result.stats.totalQueryableSamples)
        #expect(plan.root.seriesOut == a.count)
    }

    /// No moment is lost, and none is charged twice.
    @Test(arguments: queries) func ownTimesAddUpToAllTime(_ query: String) throws {
        let (plan, _) = try traced(query)
        #expect(plan.threadNs == plan.wallNs)
        #expect(plan.planNs <= plan.wallNs)
    }

    @Test func threadsHaveTheirOwnTime() throws {
        let store = MemoryStore()
        for index in 0..<600 {
            store.add(Labels([("__name__", "x"), ("i", "\(index)")]), (0..<240).map { (Int64($0) * 15_000, 1) })
        }
        let trace = QueryTrace()
        var options = QueryOptions()
        options.trace = trace
        var engine = EngineOptions()
        engine.workers = 4
        _ = try Engine(engine).range(
            "sum(stddev_over_time(x[5m]))", on: store, start: 0, end: 3_600_000, step: 15_000, options: options)
        let plan = trace.report()
        let sum = plan.root.inputs[0]
        #expect(sum.threads > 1)
        #expect(sum.note == "groups in 4 parts")
        #expect(sum.inputs[0].threads == 1)
        #expect(plan.threadNs < 4 * plan.wallNs)
        #expect(plan.root.total(\.samplesDecoded) == 600 * 240)
    }

    @Test func samplesAreThoseOfTheOperatorThatReadsThem() throws {
        let plan = try traced("sum(rate(x_total[5m])) + on () y").0
        let (sum, y) = (plan.root.inputs[0].inputs[0], plan.root.inputs[0].inputs[1])
        let rate = sum.inputs[0]
        // Of thirty minutes and the five before them, at 31 steps.
        #expect(rate.inputs[0].samplesDecoded == 6 * 140)
        #expect(rate.samplesDecoded == 0)
        #expect(rate.samplesSeen == 6 * 20 * 31)
        #expect(y.samplesSeen == 31)
        #expect(sum.samplesSeen == 0)
    }

    @Test func whatIsTheSameAtEveryStepIsDoneOnce() throws {
        let plan = try traced("y * scalar(sum(x_total @ 1000))").0
        let (y, scalar) = (plan.root.inputs[0].inputs[0], plan.root.inputs[0].inputs[1])
        #expect(y.steps == 31 && !y.isStepInvariant)
        #expect(scalar.steps == 1 && scalar.isStepInvariant)
        #expect(scalar.inputs[0].inputs[0].samplesSeen == 6)
    }

    @Test(arguments: queries) func samplesAtStepsAddUp(_ query: String) throws {
        var options = QueryOptions()
        options.countsSteps = true
        for workers in [1, 5] {
            let stats = try run(query, workers: workers, options).stats
            #expect(stats.samplesAtStep.count == 31)
            #expect(stats.samplesAtStep.reduce(0, +) == stats.totalQueryableSamples)
        }
        #expect(try run(query, workers: 1, QueryOptions()).stats.samplesAtStep.isEmpty)
    }

    @Test func whatReadsOnceForAllStepsCountsForEach() throws {
        for (query, expected) in [
            ("x_total @ 1000", 6 * 31), ("sum(x_total @ 1000)", 6 * 31), ("y * scalar(sum(x_total @ 1000))", 7 * 31),
            ("sum_over_time(x_total[5m] @ 1000)", 6 * 20 * 31), ("max_over_time((x_total @ 1000)[5m:1m])", 6 * 5 * 31),
        ] {
            #expect(try run(query, workers: 1, QueryOptions()).stats.totalQueryableSamples == expected, "\(query)")
        }
    }

    @Test func aFailedQueryLeavesItsPlan() throws {
        let trace = QueryTrace()
        var options = QueryOptions()
        options.trace = trace
        #expect(throws: QueryError.self) {
            try Engine().instant("x_total + on () sum(x_total)", on: TraceTests.store, at: 900_000, options: options)
        }
        let plan = trace.report()
        #expect(plan.root.inputs[0].inputs.map(\.text) == ["x_total", "sum(…)"])
        #expect(plan.threadNs <= plan.wallNs && plan.wallNs < 60_000_000_000)
    }
}
