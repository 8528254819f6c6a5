import Model
import TSDB
import TestSupport
import Testing

@testable import TSDBCommand

/// `tsdb backup` beside a process that writes.
@Suite struct BackupTests {
    @Test func aCopyIsMadeOnceAndAnswersQueries() throws {
        let directory = TemporaryDirectory(.disk)
        let database = try Database.open(directory: directory.path + "/data")
        let refs = try database.resolve([["__name__": "up", "job": "a"]])
        try database.appendBlocking(SampleBatch(refs: refs, timestamps: [1_706_659_200_000], values: [1]))
        let copy = directory.path + "/copy"
        let made = try runToEnd(Programs.tsdb, ["backup", directory.path + "/data", copy])
        #expect(made.output.hasPrefix("\(copy)/tsdb.sqlite: "))
        #expect(made.errors == "")
        let answer = try runToEnd(
            Programs.tsdb, ["query", "instant", "up", "--db", copy, "--time", "1706659200", "--format", "csv"])
        #expect(answer.printed == "__name__,job,timestamp,value\nup,a,1706659200,1\n")
        let again = try runToEnd(Programs.tsdb, ["backup", directory.path + "/data", copy])
        #expect(again.status == 1)
        #expect(again.errors.contains("already"))
    }
}
