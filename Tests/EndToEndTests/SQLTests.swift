import Model
import TSDB
import TestSupport
import Testing

@testable import TSDBCommand

/// `tsdb sql` as a person starts it, on a database that this process writes.
@Suite struct SQLTests {
    private let directory = TemporaryDirectory(.disk)
    private let database: Database

    init() throws {
        database = try Database.open(directory: directory.path + "/data")
        let refs = try database.resolve((0..<2).map { ["__name__": "temp_celsius", "gpu": "\($0)"] })
        try database.appendBlocking(SampleBatch(refs: refs, timestamps: [1_706_659_200_000], values: [61.5, 70]))
    }

    private func sql(_ arguments: [String], input: String = "") throws -> ProgramResult {
        try runToEnd(Programs.tsdb, ["sql", "--db", directory.path + "/data"] + arguments, input: input)
    }

    @Test(arguments: [
        ("table", "gpu  value  note\n0     61.5  a|b\n1       70\n"),
        ("csv", "gpu,value,note\n0,61.5,a|b\n1,70,\n"),
        (
            "json",
            "[\n{\"gpu\":\"0\",\"value\":61.5,\"note\":\"a|b\"},\n{\"gpu\":\"1\",\"value\":70,\"note\":null}\n]\n"
        ),
        ("markdown", "| gpu | value | note |\n| --- | --- | --- |\n| 0 | 61.5 | a\\|b |\n| 1 | 70 |  |\n"),
    ])
    func rowsAreShownInEachFormat(_ format: String, _ expected: String) throws {
        let query = "SELECT gpu, value, iif(gpu = '0', 'a|b', NULL) AS note FROM samples ORDER BY gpu"
        let result = try sql([query, "--format", format])
        #expect(result.printed == expected)
        #expect(result.status == 0)
    }

    @Test func statementsAreReadFromStandardInput() throws {
        let input = "CREATE VIEW hot AS SELECT gpu FROM samples WHERE value > 65; -- a comment\nSELECT * FROM hot;"
        #expect(try sql(["--format", "csv"], input: input).output == "gpu\n1\n")
    }

    @Test func anErrorIsShownWithItsPlace() throws {
        let result = try sql(["SELECT gpu,\n  valu FROM samples"])
        #expect(result.errors == "tsdb: no such column: valu\n    valu FROM samples\n    ^\n")
        #expect(result.status == 1)
    }

    @Test func aPersonsOwnDatabaseIsJoinedAndNotWritten() throws {
        let other = try Database.open(directory: directory.path + "/other")
        other.close()
        let file = directory.path + "/other/" + Database.fileName
        let result = try sql([
            "--attach", "own=\(file)", "--format", "csv",
            "SELECT count(*) AS n FROM series WHERE (SELECT count(*) FROM own.meta) > 0",
        ])
        #expect(result.printed == "n\n2\n")
        #expect(try sql(["--attach", file, "DELETE FROM meta"]).errors.contains("readonly"))
        #expect(try sql(["--attach", "/nowhere.db", "SELECT 1"]).errors.contains("cannot attach /nowhere.db"))
    }

    @Test func aDatabaseThatIsNotThereIsSaid() throws {
        let result = try runToEnd(Programs.tsdb, ["sql", "--db", "/nowhere", "SELECT 1"])
        #expect(result.errors.contains("/nowhere"))
        #expect(result.status == 1)
    }

    @Test func ctrlCEndsAStatement() throws {
        let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
        let child = try ChildProcess(
            Programs.tsdb,
            ["sql", "--db", directory.path + "/data", "--format", "csv", "SELECT 'begun' AS x; \(endless)"])
        try eventually("it has begun") { child.output.contains("begun") ? () : nil }
        #expect(child.finish(2) == 1)
        #expect(child.errors == "tsdb: interrupted\n")
    }
}

@Suite struct LineEditingTests {
    private func typed(_ text: String, _ keys: EditedLine.Key...) -> EditedLine {
        var line = EditedLine()
        for character in text { line.press(.character(character)) }
        for key in keys { line.press(key) }
        return line
    }

    @Test func keysEditTheLine() {
        #expect(typed("abc", .left, .backspace).string == "ac")
        #expect(typed("abc", .home, .delete, .end, .character("é")).string == "bcé")
        #expect(typed("SELECT  one two", .killWord).string == "SELECT  one ")
        #expect(typed("SELECT one", .wordLeft, .killToEnd).string == "SELECT ")
        #expect(typed("SELECT one", .wordLeft, .killToStart, .wordRight).cursor == 3)
        #expect(typed("", .left, .right, .backspace, .delete, .wordLeft, .wordRight, .killWord).string == "")
    }

    @Test func aLongLineIsShownAroundItsCursor() {
        #expect(typed("abcdef").window(4) == ("def", 3))
        #expect(typed("abcdef", .home).window(4) == ("abcd", 0))
    }

    @Test func historyGoesBackAndForth() {
        var history = LineHistory(lines: ["one", "two"])
        history.begin()
        #expect(history.older("new") == "two")
        #expect(history.older("two") == "one")
        #expect(history.older("one") == nil)
        #expect(history.newer() == "two")
        #expect(history.newer() == "new")
        #expect(history.newer() == nil)
        history.add(" ")
        history.add("two")
        history.begin()
        #expect(history.older("") == "two")
    }
}
