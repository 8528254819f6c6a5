import Model
import TestSupport
import Testing

@testable import TSDB

@Suite struct FollowerTests {
    private static let minute: Int64 = 60_000

    /// A head of few samples, so that blocks are sealed all the time.
    private static func options(retentionMs: Int64 = 0, headSamples: Int = 300) -> DatabaseOptions {
        var options = DatabaseOptions(retentionMs: retentionMs, blockMs: 20 * minute, clock: FixedClock(now: .max / 2))
        options.headSamplesMax = headSamples
        options.outOfOrderMs = 2 * 60 * minute
        return options
    }

    private struct Sent: Hashable {
        let labels: Labels
        let sample: Sample
    }

    private func readAll(_ follower: any LogFollower) throws -> [Sent] {
        var found: [Sent] = []
        while true {
            var part = LogPart()
            try follower.read(into: &part, samplesMax: 50, through: nil)
            guard let last = part.lastRecord else { return found }
            #expect(part.damagedRecords == 0)
            found += part.samples.map { sample in
                Sent(
                    labels: follower.labels(sample.series) ?? .empty,
                    sample: Sample(
                        sample.timestamp,
                        sample.histogram < 0 ? sample.value : part.histograms[Int(sample.histogram)].count))
            }
            try follower.save(LogPosition(record: last, exemplar: 0))
        }
    }

    /// Scrapes of a few series, late samples and histograms; sealed, closed, killed and opened in between.
    @Test func everythingIsReadOnceAndInOrder() throws {
        let directory = TemporaryDirectory(.memory)
        var random = SeededGenerator(seed: makeSeed())
        var path = directory.path + "/0"
        var database = try Database.open(directory: path, options: Self.options())
        try database.setFollowers(["a", "b"])
        let series = (0..<5).map { labels("__name__=s\($0)") }
        var (appended, read): ([Sent], [Sent]) = ([], [])
        var time: Int64 = 1_000_000_000
        for round in 1...60 {
            for _ in 0..<random.number(80) {
                time += 15_000
                let refs = try database.resolve(series)
                var batch = SampleBatch(
                    refs: refs, timestamps: [time], values: refs.map { Double($0.id) + Double(time) })
                if random.chance(20) {
                    let histogram = Histogram(isFloat: true, count: Double(time))
                    batch.histograms = [HistogramSample(ref: refs[0], timestamp: time + 1, histogram: histogram)]
                }
                if random.chance(10) {
                    batch.timestamps = [time - Int64(random.number(3_000_000)) - 7]
                    batch.histograms = []
                }
                let result = try database.appendBlocking(batch)
                let refused = Set(result.rejected.map(\.index))
                for (index, labels) in series.enumerated() where !refused.contains(index) {
                    appended.append(
                        Sent(labels: labels, sample: Sample(batch.timestamps[0], batch.values[index])))
                }
                for one in batch.histograms {
                    appended.append(Sent(labels: series[0], sample: Sample(one.timestamp, one.histogram.count)))
                }
            }
            switch random.number(5) {
            case 0: read += try readAll(database.follow("a"))
            case 1: try database.maintain()
            case 2:
                database.close()
                database = try Database.open(directory: path, options: Self.options())
            case 3:
                let copy = directory.path + "/\(round)"
                try copyDatabase(path, copy, whileOpen: database)
                database.close()
                path = copy
                database = try Database.open(directory: path, options: Self.options())
            default: break
            }
        }
        read += try readAll(database.follow("a"))
        #expect(read.count == appended.count)
        // Of a batch the floats in order come first, what is late and histograms behind.
        #expect(Set(read) == Set(appended) && Set(read).count == read.count)
        for labels in series {
            let mine = read.filter { $0.labels == labels && Int64($0.sample.time) % 15_000 == 10_000 }
            #expect(mine.map(\.sample.time) == mine.map(\.sample.time).sorted())
        }
        // Another one has had nothing, and gets all.
        #expect(try readAll(database.follow("b")) == read)
        #expect(try Database.check(path, isFull: true).findings.isEmpty)
        database.close()
    }

    @Test func whatIsSealedAndHeldIsNotReplayed() throws {
        let directory = TemporaryDirectory(.memory)
        var database = try Database.open(directory: directory.path, options: Self.options())
        try database.setFollowers(["a"])
        for index in 0..<2000 {
            _ = try database.add(labels("__name__=s"), [Sample(Int64(index) * 15_000, Double(index))])
        }
        try database.deleteSeries([[Matcher("__name__", equals: "s")]], minTime: 0, maxTime: 15_000_000)
        let before = try database.everything()
        database.close()
        database = try Database.open(directory: directory.path, options: Self.options())
        #expect(try database.everything() == before)
        #expect(database.stats().journalReplayed < 700)
        #expect(try readAll(database.follow("a")).count == 2000)
        database.close()
        database = try Database.open(directory: directory.path, options: Self.options())
        #expect(try database.everything() == before)
        #expect(try readAll(database.follow("a")).isEmpty)
        database.close()
    }

    private func journalRows(_ directory: String) throws -> Int64 {
        try Connection(path: directory + "/" + Database.fileName, mode: .readOnly)
            .integer("SELECT count(*) FROM journal") ?? 0
    }

    @Test func whatNobodyFollowsAnyMoreIsNotKept() throws {
        let directory = TemporaryDirectory(.memory)
        let database = try Database.open(directory: directory.path, options: Self.options())
        try database.setFollowers(["a"])
        for index in 0..<2000 { _ = try database.add(labels("__name__=s"), [Sample(Int64(index) * 15_000, 1)]) }
        try database.maintain()
        #expect(try journalRows(directory.path) == 2000)
        try database.setFollowers([])
        #expect(try journalRows(directory.path) < 700)
        database.close()
    }

    @Test func retentionGoesOnWithoutAFollowerThatIsTooLate() throws {
        let directory = TemporaryDirectory(.memory)
        let options = Self.options(retentionMs: 120 * Self.minute)
        let database = try Database.open(directory: directory.path, options: options)
        try database.setFollowers(["a"])
        let follower = try database.follow("a")
        for index in 0..<4000 {
            _ = try database.add(labels("__name__=s"), [Sample(Int64(index) * 15_000, Double(index))])
        }
        try database.maintain()
        #expect(try journalRows(directory.path) < 3000)
        let read = try readAll(follower).map(\.sample)
        #expect(follower.skips > 0)
        #expect(read.last == Sample(3999 * 15_000, 3999))
        #expect(read.map(\.time) == Array(stride(from: read[0].time, through: 3999 * 15_000, by: 15_000)))
        // All that is still stored was sent.
        let stored = try #require(try database.everything()[labels("__name__=s")])
        #expect(stored.allSatisfy { $0.time >= read[0].time - 10 * Self.minute })
        #expect(database.takeProblems().contains { $0.contains("retention has overtaken") })
        database.close()
    }

    @Test func whoHasHadAllIsNotOvertaken() throws {
        let directory = TemporaryDirectory(.memory)
        let options = Self.options(retentionMs: 120 * Self.minute)
        let database = try Database.open(directory: directory.path, options: options)
        try database.setFollowers(["a", "late"])
        let follower = try database.follow("a")
        for index in 0..<50 { _ = try database.add(labels("__name__=s"), [Sample(Int64(index) * 15_000, 1)]) }
        #expect(try readAll(follower).count == 50)
        // What is there is too old with the next sample.
        let next = Sample(10_000 * Self.minute, 2)
        _ = try database.add(labels("__name__=s"), [next])
        try database.maintain()
        #expect(database.stats().blocksDeleted > 0)
        #expect(try readAll(follower).map(\.sample) == [next])
        #expect(follower.skips == 0)
        #expect(database.takeProblems().map { $0.contains("to be sent to late") } == [true])
        database.close()
    }

    /// A segment whose first record is of a late sample.
    @Test func whatIsStoredIsSentThoughItsSegmentBeginsWithOlderSamples() throws {
        let directory = TemporaryDirectory(.memory)
        let options = Self.options(retentionMs: 120 * Self.minute)
        var database = try Database.open(directory: directory.path, options: options)
        try database.setFollowers(["a"])
        func add(_ minutes: Range<Int64>) throws {
            for minute in minutes {
                _ = try database.add(labels("__name__=s"), [Sample(minute * Self.minute, Double(minute))])
            }
        }
        try add(985..<995)
        // Seals all, so that another segment begins.
        let nothing = [[Matcher("__name__", equals: "none")]]
        try database.deleteSeries(nothing)
        try add(930..<931)
        try add(995..<1004)
        try database.deleteSeries(nothing)
        database.close()
        database = try Database.open(directory: directory.path, options: options)
        // Deletes what is older than 1002 minutes in blocks, one of which ends at 1000.
        try add(1115..<1123)
        try database.deleteSeries(nothing)
        try database.maintain()
        let stored = try #require(try database.everything()[labels("__name__=s")])
        #expect(stored.first?.time == 1000 * Self.minute)
        let sent = try readAll(database.follow("a")).map(\.sample)
        #expect(Set(sent).isSuperset(of: stored))
        database.close()
    }

    @Test func whatIsHeldCountsForRetentionBySize() throws {
        let directory = TemporaryDirectory(.memory)
        var options = Self.options()
        options.retentionBytes = 20_000
        let database = try Database.open(directory: directory.path, options: options)
        try database.setFollowers(["a"])
        var random = SeededGenerator(seed: 1)
        for index in 0..<4000 {
            _ = try database.add(labels("__name__=s"), [Sample(Int64(index) * 15_000, bits: random.next() >> 2)])
        }
        try database.maintain()
        let held = try Connection(path: directory.path + "/" + Database.fileName, mode: .readOnly)
            .integer(
                """
                SELECT sum(length(record)) FROM journal
                WHERE id < (SELECT value FROM meta WHERE key = 'journal_start')
                """)
        #expect(try database.stats().blockBytes + #require(held) <= 20_000)
        #expect(database.takeProblems().contains { $0.contains("retention has overtaken") })
        let read = try readAll(database.follow("a")).map(\.sample)
        #expect(read.last?.time == 59_985_000)
        #expect(Set(read).isSuperset(of: try #require(try database.everything()[labels("__name__=s")])))
        database.close()
    }

    /// Who sees the log grow must find what was appended.
    @Test func theLogGrowsWithTheCommit() throws {
        let directory = TemporaryDirectory(.memory)
        let database = try Database.open(directory: directory.path, options: Self.options())
        _ = try database.add(labels("__name__=s"), [Sample(15_000, 1)])
        let before = database.logLength
        let between = try database.perform { (writer) throws(StorageError) -> Int in
            var length = 0
            try writer.tables.transaction { () throws(StorageError) in
                try writer.addRecords([SideEntry(series: 1, time: 30_000, sample: .float(0))])
                length = database.logLength
            }
            return length
        }
        #expect(between == before)
        _ = try database.add(labels("__name__=s"), [Sample(45_000, 1)])
        #expect(database.logLength > before)
        database.close()
    }

    @Test func repairSaysWhatIsNotSentAnyMore() throws {
        let directory = TemporaryDirectory(.memory)
        var database = try Database.open(directory: directory.path, options: Self.options())
        try database.setFollowers(["a", "b"])
        for index in 0..<20 { _ = try database.add(labels("__name__=s"), [Sample(Int64(index) * 15_000, 1)]) }
        _ = try database.add(labels("__name__=gone"), [Sample(15_000, 1)])
        #expect(try readAll(database.follow("b")).count == 21)
        database.close()
        runSQL(directory.path + "/" + Database.fileName, "DELETE FROM series WHERE id = 2")
        let report = try Database.repair(directory.path)
        #expect(report.after.findings.isEmpty)
        #expect(report.actions.filter { $0.contains("still to be sent") }.map { $0.contains("to a;") } == [true])
        database = try Database.open(directory: directory.path, options: Self.options())
        #expect(try readAll(database.follow("a")).isEmpty)
        let next = Sample(1_500_000, 2)
        _ = try database.add(labels("__name__=s"), [next])
        for name in ["a", "b"] { #expect(try readAll(database.follow(name)).map(\.sample) == [next]) }
        database.close()
    }

    @Test func damagedPositionsStartAnew() throws {
        let directory = TemporaryDirectory(.memory)
        var database = try Database.open(directory: directory.path, options: Self.options())
        try database.setFollowers(["a"])
        _ = try database.add(labels("__name__=s"), [Sample(15_000, 1)])
        database.close()
        runSQL(directory.path + "/" + Database.fileName, "UPDATE follower SET record = record + 1")
        database = try Database.open(directory: directory.path, options: Self.options())
        #expect(database.takeProblems().contains { $0.contains("starts anew") })
        try database.setFollowers(["a"])
        _ = try database.add(labels("__name__=s"), [Sample(30_000, 2)])
        #expect(try readAll(database.follow("a")).map(\.sample) == [Sample(30_000, 2)])
        database.close()
    }
}
