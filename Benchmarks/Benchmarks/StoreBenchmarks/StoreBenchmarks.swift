import Benchmark
import Model
import PromQL
import TSDB

private let day = 5760

let benchmarks: @Sendable () -> Void = {
    Benchmark.defaultConfiguration = .init(
        metrics: [.wallClock, .cpuTotal, .peakMemoryResident], maxDuration: .seconds(10), maxIterations: 20)

    Benchmark("append a day of a pod: 1.15 M samples, 5,760 commits") { benchmark in
        for _ in benchmark.scaledIterations {
            let (database, directory) = try makeDatabase(scrapes: day)
            database.close()
            benchmark.stopMeasurement()
            removeDatabase(directory)
        }
    }

    Benchmark("open a database with a day of a pod") { benchmark in
        let (database, directory) = try makeDatabase(scrapes: day)
        database.close()
        benchmark.startMeasurement()
        for _ in benchmark.scaledIterations { try Database.open(directory: directory).close() }
        benchmark.stopMeasurement()
        removeDatabase(directory)
    }

    addJournalBenchmarks()
    addIndexBenchmarks()
    addCodecBenchmarks()

    for expression in [
        "DCGM_FI_METRIC_13", "avg by (gpu) (avg_over_time(DCGM_FI_METRIC_13[10m]))",
        "sum(rate(DCGM_FI_METRIC_20[5m]))", "quantile_over_time(0.95, DCGM_FI_METRIC_17[1h])",
        "100 * DCGM_FI_METRIC_13 / (DCGM_FI_METRIC_13 + DCGM_FI_METRIC_14)",
    ] {
        Benchmark("query a day, step 60 s: \(expression)") { benchmark in
            let (database, directory) = try makeDatabase(scrapes: day)
            let engine = Engine(EngineOptions())
            let end = Int64(day) * PodData.intervalMs
            benchmark.startMeasurement()
            for _ in benchmark.scaledIterations {
                blackHole(try engine.range(expression, on: database, start: 3_600_000, end: end, step: 60_000))
            }
            benchmark.stopMeasurement()
            database.close()
            removeDatabase(directory)
        }
    }
}
