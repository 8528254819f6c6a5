import ArgumentParser
import Model
import TSDB

/// `tsdb stats`.
struct Stats: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say where a database's bytes are.",
        discussion: """
            Bytes per sample of the whole file, by metric, series, encoding and day. Reads the database as of one moment, \
            also while a server writes it. Sizes are in units of 1000.

            EXAMPLES
              tsdb stats
              tsdb stats --db /var/lib/tsdb --limit 5
              tsdb stats --db /var/lib/tsdb --json | jq .bytesPerSample
            """)

    @Option(help: ArgumentHelp("The database, a directory or a file.", valueName: "path"))
    var db = "data"

    @Flag(help: "Print JSON: all sizes in bytes, times in milliseconds.")
    var json = false

    @Option(help: "How many metrics, series and days to list.")
    var limit = 10

    func validate() throws {
        if limit < 0 { throw ValidationError("--limit must be at least 0, not \(limit)") }
    }

    func run() async throws {
        try await reportingErrors {
            let bar = OperationBar()
            let report = try Database.storageReport(db, limit: limit) { bar.show($0) }
            bar.clear()
            print(json ? StatsText.json(report, days: limit) : StatsText.tables(report, days: limit), terminator: "")
        }
    }
}

/// A report on storage as text.
enum StatsText {
    static func tables(_ report: StorageReport, days: Int) -> String {
        var text = summary(report)
        let lists: [(String, String?, [StorageReport.Usage])] = [
            ("metric", "series", report.byMetric), ("series", nil, report.bySeries),
            ("encoding", "rows", report.byEncoding), ("day", nil, Array(report.byDay.prefix(days))),
        ]
        for (name, counts, usages) in lists where !usages.isEmpty {
            text += "\n" + table(name, counts, usages, of: report.blockBytes)
        }
        return text
    }

    private static func summary(_ report: StorageReport) -> String {
        var rows = [
            ["file", readableBytes(report.fileBytes), share(report.fileBytes, of: report.fileBytes)],
            ["  blocks", readableBytes(report.blockBytes), share(report.blockBytes, of: report.fileBytes)],
        ]
        for (name, bytes) in [
            ("  journal", report.journalBytes), ("  series and labels", report.seriesBytes),
            ("  exemplars", report.exemplarBytes), ("  damaged rows", report.damagedBytes),
            ("  rows that do not count", report.leftoverBytes), ("  pages and row numbers", report.overheadBytes),
            ("  free pages", report.freeBytes),
        ] where bytes > 0 {
            rows.append([name, readableBytes(bytes), share(bytes, of: report.fileBytes)])
        }
        if report.logBytes > 0 { rows.append(["write-ahead log", readableBytes(report.logBytes), ""]) }
        var text = aligned(header: ["", "size", "share"], rows: rows, numericFrom: 1) + "\n"
        let perSample = report.bytesPerSample.map { ", \(twoDecimals($0)) bytes each" } ?? ""
        text += "samples  \(report.blockSamples + report.journalSamples)\(perSample): "
        text +=
            "\(report.blockSamples) in \(counted(report.blocks, "block")), \(report.journalSamples) in the journal\n"
        text += "series   \(report.series)\n"
        if let low = report.minTime, let high = report.maxTime {
            text += "times    \(rfc3339(low)) to \(rfc3339(high))\n"
        }
        if report.damagedRows > 0 {
            text += "\(report.damagedRows) rows are damaged: `tsdb check database` names them\n"
        }
        return text
    }

    private static func table(
        _ name: String, _ counts: String?, _ usages: [StorageReport.Usage], of total: Int64
    ) -> String {
        let rows = usages.map { usage in
            [usage.name] + (counts == nil ? [] : ["\(usage.count)"]) + [
                "\(usage.samples)", readableBytes(usage.bytes), share(usage.bytes, of: total),
                usage.bytesPerSample.map(twoDecimals) ?? "",
            ]
        }
        let header = [name] + (counts.map { [$0] } ?? []) + ["samples", "size", "share", "bytes/sample"]
        return aligned(header: header, rows: rows, numericFrom: 1)
    }

    private static func share(_ bytes: Int64, of total: Int64) -> String {
        total > 0 ? "\(oneDecimal(100 * Double(bytes) / Double(total))) %" : ""
    }

    static func json(_ report: StorageReport, days: Int) -> String {
        let numbers: [(String, Int64?)] = [
            ("fileBytes", report.fileBytes), ("logBytes", report.logBytes), ("freeBytes", report.freeBytes),
            ("blockBytes", report.blockBytes), ("leftoverBytes", report.leftoverBytes),
            ("journalBytes", report.journalBytes), ("seriesBytes", report.seriesBytes),
            ("exemplarBytes", report.exemplarBytes), ("damagedBytes", report.damagedBytes),
            ("overheadBytes", report.overheadBytes), ("blockSamples", report.blockSamples),
            ("journalSamples", report.journalSamples), ("damagedRows", Int64(report.damagedRows)),
            ("series", Int64(report.series)), ("blocks", Int64(report.blocks)), ("minTime", report.minTime),
            ("maxTime", report.maxTime),
        ]
        var members = numbers.map { "\(jsonString($0)):\($1.map(String.init) ?? "null")" }
        members.append("\"bytesPerSample\":\(report.bytesPerSample.map { formatFloat($0, .plain) } ?? "null")")
        for (name, key, usages) in [
            ("byMetric", "series", report.byMetric), ("bySeries", "rows", report.bySeries),
            ("byEncoding", "rows", report.byEncoding), ("byDay", nil, Array(report.byDay.prefix(days))),
        ] as [(String, String?, [StorageReport.Usage])] {
            members.append("\"\(name)\":[\(usages.map { json($0, key) }.joined(separator: ","))]")
        }
        return "{\(members.joined(separator: ","))}\n"
    }

    private static func json(_ usage: StorageReport.Usage, _ counts: String?) -> String {
        let count = counts.map { ",\"\($0)\":\(usage.count)" } ?? ""
        return "{\"name\":\(jsonString(usage.name))\(count),\"samples\":\(usage.samples),\"bytes\":\(usage.bytes)}"
    }
}
