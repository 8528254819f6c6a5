import Model
import TestSupport
import Testing

@testable import TSDB

@Suite struct MigrationTests {
    /// A database as version 2 made it: without checksums in four tables.
    @Test func aDatabaseOfVersion2GetsItsChecksums() async throws {
        let made = try await CheckedDatabase()
        for table in ["meta", "series", "metadata", "exemplar"] {
            runSQL(made.file, "ALTER TABLE \(table) DROP COLUMN checksum")
        }
        runSQL(made.file, "DROP TABLE follower; PRAGMA user_version = 2")
        #expect(throws: StorageError.self) { try Database.openReadOnly(made.path) }
        let database = try Database.open(directory: made.path, options: CheckedDatabase.options)
        #expect(try database.everything() == made.samples)
        #expect(database.metadata(metric: "a")["a"]?.first?.help == "h")
        let selector = [[Matcher("__name__", equals: "a")]]
        #expect(try database.exemplars(selector, minTime: .min, maxTime: .max).first?.exemplars.count == 1)
        #expect(database.takeProblems() == [])
        _ = try database.add(labels("__name__=new"), [Sample(20_000, 1)])
        database.close()
        let connection = try Connection(path: made.file, mode: .readOnly)
        #expect(try connection.integer("PRAGMA user_version") == Schema.version)
        #expect(try Database.check(made.path, isFull: true).findings.map(\.description) == [])
    }
}
