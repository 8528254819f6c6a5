import Benchmark
import Model
import TSDB

private let gpus = 1000
private let scrapes = 40

/// What a commit of many series costs, and what an opening has to make up for; `append a day of a pod` is the same with few.
func addJournalBenchmarks() {
    Benchmark("append a scrape of 25,000 series: journal, commit and head") { benchmark in
        var data = PodData(gpus: gpus)
        let (database, directory) = try makeEmptyDatabase()
        let refs = try database.resolve(data.labels)
        for scrape in 0..<scrapes {
            let batch = SampleBatch(
                refs: refs, timestamps: [Int64(scrape) * PodData.intervalMs], values: data.next())
            // The first one has all series in full, which happens once.
            if scrape == scrapes - 1 { benchmark.startMeasurement() }
            _ = try database.appendBlocking(batch)
        }
        benchmark.stopMeasurement()
        database.close()
        removeDatabase(directory)
    }

    Benchmark("open a database with a journal of a million samples, 25,000 series") { benchmark in
        let (database, directory) = try makeDatabase(gpus: gpus, scrapes: scrapes)
        database.close()
        benchmark.startMeasurement()
        let reopened = try Database.open(directory: directory)
        benchmark.stopMeasurement()
        precondition(
            reopened.stats().journalReplayed == gpus * PodData.metrics * scrapes, "BUG: not all was in the journal")
        reopened.close()
        removeDatabase(directory)
    }
}
