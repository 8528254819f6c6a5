import Model
import TSDB

/// What an import has done so far.
final class ImportRun {
    let batcher: ImportBatcher
    let progress: ProgressBar
    var metadata: [MetricMetadata] = []
    private(set) var damageCount = 0

    /// The most damaged places that are told one by one.
    private static let damageLinesMax = 20

    init(database: Database, isQuiet: Bool) {
        batcher = ImportBatcher(database)
        progress = ProgressBar(isShown: !isQuiet)
    }

    func noteDamage(_ text: String) {
        damageCount += 1
        if damageCount <= ImportRun.damageLinesMax { warn(text) }
        if damageCount == ImportRun.damageLinesMax { warn("further damage is only counted") }
    }

    func warn(_ text: String) {
        progress.clear()
        writeToStandardError("tsdb: \(text)\n")
    }

    /// Writes what was imported to standard output, and what its owner should know to standard error.
    func printSummary(now: Int64) {
        let result = batcher.result
        print("imported   \(result.samples) samples of \(batcher.seriesCount) series")
        print("duplicates \(result.duplicates) left out")
        guard let range = batcher.timeRange else { return }
        print("range      \(rfc3339(range.lowerBound)) to \(rfc3339(range.upperBound))")
        let defaultRetention = DatabaseOptions().retentionMs
        guard range.lowerBound < now - defaultRetention else { return }
        let dayMs: Int64 = 86_400_000
        let days = (now - range.lowerBound) / dayMs + 2
        writeToStandardError(
            "tsdb: what is older than \(defaultRetention / dayMs) days is deleted by the next `tsdb serve`, "
                + "unless it is started with --storage.tsdb.retention.time=\(days)d or more\n")
    }
}
