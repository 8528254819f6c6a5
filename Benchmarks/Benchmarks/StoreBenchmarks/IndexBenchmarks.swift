import Benchmark
import Model
import Synchronization
import TSDB

private let gpus = 8000
private let wide = Mutex<(database: Database, directory: String)?>(nil)

/// The series index with 200,000 series of seven labels.
func addIndexBenchmarks() {
    let labels = Mutex<[Labels]>([])

    Benchmark("resolve 200,000 new series") { benchmark in
        let all = labels.withLock { $0 }
        let (database, directory) = try makeEmptyDatabase()
        benchmark.startMeasurement()
        blackHole(try database.resolve(all))
        benchmark.stopMeasurement()
        database.close()
        removeDatabase(directory)
    } setup: {
        labels.withLock { $0 = PodData(gpus: gpus).labels }
    } teardown: {
        labels.withLock { $0 = [] }
    }

    Benchmark("resolve 200,000 known series") { benchmark in
        let all = labels.withLock { $0 }
        guard let database = wide.withLock({ $0 })?.database else { preconditionFailure("BUG: no setup") }
        for _ in benchmark.scaledIterations { blackHole(try database.resolve(all)) }
    } setup: {
        labels.withLock { $0 = PodData(gpus: gpus).labels }
        try makeWide()
    } teardown: {
        labels.withLock { $0 = [] }
        removeWide()
    }

    addSelection(
        "1: a name and a UUID",
        [Matcher("__name__", equals: "DCGM_FI_METRIC_3"), Matcher("UUID", equals: "GPU-77-b2f1-4c52")])
    addSelection("8,000: a name", [Matcher("__name__", equals: "DCGM_FI_METRIC_3")])
    addSelection("200,000: a job", [Matcher("job", equals: "dcgm-exporter")])
    addSelection(
        "4,000: a name, half of the GPUs listed",
        [Matcher("__name__", equals: "DCGM_FI_METRIC_3"), matcher("gpu", .matches, "0|1|2|3")])
    addSelection(
        "880: a name, an expression over 1,000 pods",
        [Matcher("__name__", equals: "DCGM_FI_METRIC_3"), matcher("instance", .matches, "pod-1.+:9400")])
    addSelection(
        "7,000: a name, all GPUs but one",
        [Matcher("__name__", equals: "DCGM_FI_METRIC_3"), matcher("gpu", .notEqual, "7")])
}

private func addSelection(_ what: String, _ matchers: [Matcher]) {
    Benchmark("select among 200,000 series, \(what)") { benchmark in
        guard let database = wide.withLock({ $0 })?.database else { preconditionFailure("BUG: no setup") }
        let querier = try database.querier(minTime: 0, maxTime: PodData.intervalMs)
        defer { querier.close() }
        for _ in benchmark.scaledIterations {
            blackHole(try querier.select(matchers, hints: SelectHints(minTime: 0, maxTime: PodData.intervalMs)).count)
        }
    } setup: {
        try makeWide()
    } teardown: {
        removeWide()
    }
}

private func makeWide() throws {
    let made = try makeDatabase(gpus: gpus, scrapes: 1)
    wide.withLock { $0 = made }
}

private func removeWide() {
    guard let made = wide.withLock({ $0.take() }) else { return }
    made.database.close()
    removeDatabase(made.directory)
}

private func matcher(_ name: String, _ op: Matcher.Operator, _ value: String) -> Matcher {
    do { return try Matcher(name, op, value) } catch { preconditionFailure("BUG: \(value): \(error)") }
}
