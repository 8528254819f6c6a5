import Model
import TSDB
import TestSupport
import Testing

@testable import TSDBSQL

/// The library as other programs load it.
@Suite struct ExtensionTests {
    static let library = builtProgram("libtsdbsqlite.so")
    static let shell = findProgram("sqlite3")
    /// A Python whose SQLite loads extensions; not all are built so.
    static let python = [findProgram("python3"), "/usr/bin/python3"].compactMap { $0 }.first { python in
        let check = "import sqlite3; sqlite3.connect(':memory:').enable_load_extension(True)"
        return (try? runToEnd(python, ["-c", check]))?.status == 0
    }

    @Test(.enabled(if: shell != nil, "sqlite3 is not installed"))
    func theShellOfSQLiteReadsAndJoinsSamples() throws {
        let fixture = try Fixture.gpus(2, hours: 1)
        let own = fixture.directory.path + "/own.db"
        let result = try runToEnd(
            Self.shell!, [own],
            input: """
                CREATE TABLE job (name TEXT, gpu INTEGER, started REAL, ended REAL);
                INSERT INTO job VALUES ('train', 1, 1706659200, 1706659230);
                .load \(Self.library)
                CREATE VIRTUAL TABLE temp.samples USING tsdb('\(fixture.directory.path)');
                SELECT j.name, count(*), avg(value) FROM job j JOIN samples s
                    ON s.gpu = j.gpu AND s.ts >= j.started AND s.ts < j.ended
                    WHERE metric = 'DCGM_FI_DEV_GPU_UTIL';
                SELECT tsdb_attach('\(fixture.directory.path)', 'x_');
                SELECT count(*) FROM x_series;
                SELECT gpu, value FROM x_promql('max by (gpu) (DCGM_FI_DEV_GPU_UTIL)', 1706659200) ORDER BY gpu;
                """)
        #expect(result.errors == "")
        #expect(result.output == "train|4|7.5\n5\n12\n0|0.0\n1|7.0\n")
        #expect(result.status == 0)
    }

    @Test(.enabled(if: shell != nil, "sqlite3 is not installed"))
    func aTableInTheUsersOwnDatabaseIsThereAgainNextTime() throws {
        let fixture = try Fixture.gpus(1, hours: 1)
        let own = fixture.directory.path + "/own.db"
        let made = try runToEnd(
            Self.shell!, [own],
            input:
                ".load \(Self.library)\nCREATE VIRTUAL TABLE series USING tsdb('\(fixture.directory.path)', series);\n")
        #expect(made.printed == "")
        let result = try runToEnd(
            Self.shell!, [own], input: ".load \(Self.library)\nSELECT count(*) FROM series;\nDROP TABLE series;\n")
        #expect(result.printed == "6\n")
    }

    @Test(.enabled(if: python != nil, "no python3 whose sqlite3 module loads extensions"))
    func pythonReadsSamples() throws {
        let fixture = try Fixture.gpus(2, hours: 1)
        let result = try runToEnd(
            Self.python!, ["-"],
            input: """
                import sqlite3, threading
                def ask(query, *values):
                    db = sqlite3.connect(":memory:")
                    db.enable_load_extension(True)
                    db.load_extension("\(Self.library)")
                    db.execute("SELECT tsdb_attach(?)", ["\(fixture.directory.path)"])
                    rows = db.execute(query, values).fetchall()
                    db.close()
                    return rows
                count = "SELECT gpu, count(*) FROM samples WHERE metric = ? AND ts < ? GROUP BY gpu"
                print(ask(count, "DCGM_FI_DEV_GPU_TEMP", 1706659200 + 60))
                found = []
                threads = [threading.Thread(target=lambda: found.append(ask(count, "DCGM_FI_DEV_GPU_UTIL", 1706659230)))
                           for _ in range(4)]
                for thread in threads: thread.start()
                for thread in threads: thread.join()
                print(found == [[("0", 4), ("1", 4)]] * 4)
                try:
                    ask("SELECT * FROM promql('up{')")
                except sqlite3.OperationalError as error:
                    print("parse error" in str(error))
                """)
        #expect(result.errors == "")
        #expect(result.output == "[('0', 8), ('1', 8)]\nTrue\nTrue\n")
        #expect(result.status == 0)
    }
}
