import CSQLiteHost
import Model
import TSDB
import TestSupport
import Testing

@testable import TSDBSQL

/// The SQL of docs/sql.md runs as it stands there.
@Suite struct DocumentationTests {
    @Test func theStatementsOfThePageRun() throws {
        let fixture = try Fixture()
        let now = SystemClock().nowMs()
        for metric in ["GPU_UTIL", "GPU_TEMP", "POWER_USAGE", "TOTAL_ENERGY_CONSUMPTION"] {
            try fixture.add(
                ["__name__": "DCGM_FI_DEV_\(metric)", "gpu": "0", "modelName": "H100"],
                [(now - 60_000, 0), (now - 30_000, 95), (now, 100)])
        }
        let connection = try fixture.connect()
        try attach(
            connection, fixture.directory.path, "jobs",
            "CREATE TABLE job (name, gpu INTEGER, started REAL, ended REAL);"
                + "INSERT INTO job VALUES ('a', 0, \(now / 1000 - 70), \(now / 1000))")
        try attach(
            connection, fixture.directory.path, "prices",
            "CREATE TABLE price (model, usd_per_hour); INSERT INTO price VALUES ('H100', 2.5)")
        let blocks = try sqlBlocks()
        #expect(blocks.count >= 5)
        for block in blocks {
            var offset = 0
            let bytes = Array(block.utf8)
            while let statement = try connection.prepare(bytes, from: &offset) {
                #expect(try statement.step(), "\(block)")
            }
        }
    }

    private func attach(_ connection: SQLConnection, _ directory: String, _ name: String, _ sql: String) throws {
        let file = "\(directory)/\(name).db"
        var db: OpaquePointer?
        defer { sqlite3_close_v2(db) }
        guard sqlite3_open(file, &db) == SQLITE_OK, sqlite3_exec(db, sql, nil, nil, nil) == SQLITE_OK else {
            throw TestFailure("cannot make \(file)")
        }
        try connection.attach(file: file, as: name)
    }

    /// The page's blocks between ```sql and ```.
    private func sqlBlocks() throws -> [String] {
        let page = try readText(#filePath.replacing("Tests/TSDBSQLTests/DocumentationTests.swift", with: "docs/sql.md"))
        var blocks: [String] = []
        var current: String?
        for line in page.split(separator: "\n", omittingEmptySubsequences: false) {
            if line == "```sql" {
                current = ""
            } else if line == "```", let block = current {
                blocks.append(block)
                current = nil
            } else if current != nil {
                current! += line + "\n"
            }
        }
        return blocks
    }
}
