import Exposition
import Model
import Synchronization
import TestSupport
import Testing

@testable import Scraper

/// A session against a table of series, without clock, socket or store.
private struct Bench {
    var session = ScrapeSession()
    var labels: [Labels] = []
    var now: Int64 = 1000
    var rules: [RelabelRule] = []
    var tracksTimestamped = false
    var honorTimestamps = true
    var settings = PageSettings()
    var format = ExpositionFormat.text

    private mutating func resolve(_ labels: Labels) -> SeriesRef {
        if let index = self.labels.firstIndex(of: labels) { return SeriesRef(id: UInt32(index)) }
        self.labels.append(labels)
        return SeriesRef(id: UInt32(self.labels.count - 1))
    }

    private mutating func prepare() {
        now += 1000
        guard session.reportRefs.isEmpty else { return }
        let up = resolve(Labels([("__name__", "up")]))
        session.setReports([up])
    }

    /// What a page appends: series, value and, where it is not the scrape's, the time; `X` is a staleness marker.
    mutating func scrape(_ page: String) throws -> [String] { try scrape(Array(page.utf8), format) }

    mutating func scrape(_ page: [UInt8], _ format: ExpositionFormat) throws -> [String] {
        prepare()
        let labeller = SampleLabeller(targetLabels: .empty, honorLabels: false, rules: rules, limits: ScrapeLimits())
        var settings = self.settings
        settings.honorTimestamps = honorTimestamps
        var reader = session.reader(labeller, settings)
        try page.withUnsafeBufferPointer { try reader.read($0, format) }
        let refs = reader.draft.newLabels.map { resolve($0) }
        let made = reader.draft.madeLabels.map { resolve($0) }
        let counts = reader.counts
        lastCounts = (counts.scraped, counts.kept, session.addedCount(refs + made))
        let outcome = session.succeed(
            &reader.draft, newRefs: refs, madeRefs: made, reports: [1], timestampMs: now,
            tracksTimestamped: tracksTimestamped)
        lastRepeated = outcome.repeated
        hadLinksOfBefore = reader.draft.hasLinksOfBefore
        return show(outcome)
    }

    var lastRepeated = 0
    var hadLinksOfBefore = false

    var lastCounts = (scraped: 0, kept: 0, added: 0)

    mutating func fail() -> [String] {
        prepare()
        return show(session.fail(reports: [0], timestampMs: now))
    }

    mutating func end() -> [String] {
        now += 1000
        return session.end(timestampMs: now).map { show(.init(batch: $0)) } ?? []
    }

    private func show(_ outcome: ScrapeSession.Outcome) -> [String] {
        let batch = outcome.batch
        let floats = batch.refs.indices.map { index in
            let value = StaleMarker.isStale(batch.values[index]) ? "X" : formatFloat(batch.values[index])
            let time = batch.timestamp(index) == now ? "" : "@\(batch.timestamp(index))"
            let start = batch.startTimes.isEmpty || batch.startTimes[index] == 0 ? "" : "^\(batch.startTimes[index])"
            return "\(labels[Int(batch.refs[index].id)])=\(value)\(time)\(start)"
        }
        let histograms = batch.histograms.map { sample in
            let time = sample.timestamp == now ? "" : "@\(sample.timestamp)"
            let start = sample.startTime == 0 ? "" : "^\(sample.startTime)"
            return "\(labels[Int(sample.ref.id)])=\(sample.histogram)\(time)\(start)"
        }
        let exemplars = batch.exemplars.map { sample in
            let time = sample.exemplar.timestamp == now ? "" : "@\(sample.exemplar.timestamp)"
            return
                "\(labels[Int(sample.ref.id)])#\(sample.exemplar.labels)=\(formatFloat(sample.exemplar.value))\(time)"
        }
        return floats + histograms + exemplars
    }
}

@Suite struct ScrapeSessionTests {
    @Test func anUnchangedPageAppendsTheSameSeries() throws {
        var bench = Bench()
        #expect(try bench.scrape("a 1\nb 2\n") == ["a=1", "b=2", "up=1"])
        #expect(bench.lastCounts == (2, 2, 2))
        #expect(try bench.scrape("a 3\nb 4\n") == ["a=3", "b=4", "up=1"])
        #expect(bench.lastCounts == (2, 2, 0))
    }

    @Test func seriesThatVanishEndAndMayComeBack() throws {
        var bench = Bench()
        _ = try bench.scrape("a 1\nb 2\nc 3\n")
        #expect(try bench.scrape("a 1\nc 3\n") == ["a=1", "c=3", "up=1", "b=X"])
        #expect(try bench.scrape("a 1\nc 3\n") == ["a=1", "c=3", "up=1"])
        #expect(try bench.scrape("a 1\nb 2\nc 3\n") == ["a=1", "b=2", "c=3", "up=1"])
        #expect(try bench.scrape("") == ["up=1", "a=X", "b=X", "c=X"])
    }

    @Test func aSeriesIsAddedOnce() throws {
        var bench = Bench()
        _ = try bench.scrape("# TYPE a gauge\na 1\na 1\nb 1\n")
        #expect(bench.lastCounts == (3, 3, 2))
        // Another type has the lines read anew, and adds nothing.
        #expect(try bench.scrape("# TYPE a counter\na 1\nb 1\n") == ["a=1", "b=1", "up=1"])
        #expect(bench.lastCounts == (2, 2, 0))
        _ = try bench.scrape("# TYPE a counter\na 1\nb 1\nc 1\n")
        #expect(bench.lastCounts == (3, 3, 1))
    }

    /// As in Prometheus, a line that a page repeats is left out and counted, whatever its value, unless it is dated.
    @Test func linesThatStandTwiceAreLeftOut() throws {
        var bench = Bench()
        let page = "a{x=\"1\"} 1\nb 1\na{x=\"1\"} 1\na{x=\"1\"} 2\nc 1\n"
        for _ in 0..<2 {
            #expect(try bench.scrape(page) == ["a{x=\"1\"}=1", "b=1", "c=1", "up=1"])
            #expect(bench.lastRepeated == 2 && bench.lastCounts.kept == 5)
        }
        #expect(try bench.scrape("a 1\na 2 500\na 3\n") == ["a=1", "a=2@500", "up=1", "a{x=\"1\"}=X", "b=X", "c=X"])
        #expect(bench.lastRepeated == 1)
        #expect(try bench.scrape("a 1\n") == ["a=1", "up=1"])
        #expect(bench.lastRepeated == 0)
    }

    /// The lines are the same, but of OpenMetrics `_created` is a time, and a gaugehistogram a type.
    @Test func anotherFormatIsReadAnew() throws {
        var bench = Bench()
        let page = "# TYPE a counter\na_total 1\na_created 1\nb 1\n"
        #expect(try bench.scrape(page) == ["a_total=1", "a_created=1", "b=1", "up=1"])
        bench.format = .openMetrics
        let other = "# TYPE a counter\na_total 1\na_created 1\n# EOF\n"
        #expect(try bench.scrape(other) == ["a_total=1^1000", "a_created=1", "up=1", "b=X"])
        #expect(try bench.scrape(other) == ["a_total=1^1000", "a_created=1", "up=1"])
        let gauges = "# TYPE h gaugehistogram\nh_bucket{le=\"+Inf\"} 1\n"
        #expect(try bench.scrape(gauges + "# EOF\n").contains("h_bucket{le=\"+Inf\"}=1"))
        bench.format = .text
        #expect(throws: ScrapeFailure.self) { try bench.scrape(gauges) }
    }

    @Test func aFailedScrapeEndsAllSeriesOnce() throws {
        var bench = Bench()
        _ = try bench.scrape("a 1\nb 2\n")
        #expect(bench.fail() == ["up=0", "a=X", "b=X"])
        #expect(bench.fail() == ["up=0"])
        #expect(try bench.scrape("a 1\nb 2\n") == ["a=1", "b=2", "up=1"])
        #expect(bench.lastCounts.added == 0)
        #expect(bench.fail() == ["up=0", "a=X", "b=X"])
    }

    @Test func aPageThatDoesNotReadChangesNothing() throws {
        var bench = Bench()
        _ = try bench.scrape("a 1\nb 2\n")
        #expect(throws: ScrapeFailure.self) { try bench.scrape("a 1\nnew 2\nb x\n") }
        #expect(bench.fail() == ["up=0", "a=X", "b=X"])
        #expect(try bench.scrape("a 1\nb 2\n") == ["a=1", "b=2", "up=1"])
    }

    @Test func seriesWithTimesOfTheirOwnGetNoMarkers() throws {
        var bench = Bench()
        #expect(try bench.scrape("a 1 500\nb 2\n") == ["a=1@500", "b=2", "up=1"])
        #expect(try bench.scrape("") == ["up=1", "b=X"])
        bench = Bench()
        bench.tracksTimestamped = true
        _ = try bench.scrape("a 1 500\nb 2\n")
        #expect(try bench.scrape("") == ["up=1", "a=X", "b=X"])
        bench = Bench()
        bench.honorTimestamps = false
        #expect(try bench.scrape("a 1 500\nb 2\n") == ["a=1", "b=2", "up=1"])
        #expect(try bench.scrape("") == ["up=1", "a=X", "b=X"])
    }

    @Test func aSeriesThatTakesOnTimesStaysOpen() throws {
        var bench = Bench()
        _ = try bench.scrape("a 1\n")
        #expect(try bench.scrape("a 1 500\n") == ["a=1@500", "up=1"])
        #expect(try bench.scrape("a 1\n") == ["a=1", "up=1"])
        #expect(bench.fail() == ["up=0", "a=X"])
    }

    @Test func timesTooFarAheadAreLeftOut() throws {
        var bench = Bench()
        #expect(try bench.scrape("a 1 99999999\nb 2\n") == ["b=2", "up=1"])
    }

    @Test func anEndedTargetClosesItsReportsToo() throws {
        var bench = Bench()
        _ = try bench.scrape("a 1\n")
        #expect(bench.end() == ["a=X", "up=X"])
        #expect(bench.end() == [])
    }

    @Test func otherRulesEndWhatTheyNoLongerKeep() throws {
        var bench = Bench()
        _ = try bench.scrape("a 1\nb 2\n")
        var rule = RelabelRule(regex: try RegularExpression("b"))
        (rule.sourceLabels, rule.action) = (["__name__"], .drop)
        bench.rules = [rule]
        bench.session.invalidateLines()
        #expect(try bench.scrape("a 1\nb 2\n") == ["a=1", "up=1", "b=X"])
        #expect(bench.lastCounts.scraped == 2 && bench.lastCounts.kept == 1)
        #expect(try bench.scrape("b 1\na 2\n") == ["a=2", "up=1"])
    }

    @Test func twoSpellingsOfASeriesAreOneSeries() throws {
        var bench = Bench()
        _ = try bench.scrape("a{x=\"1\"} 1\n")
        #expect(try bench.scrape("a{ x = \"1\", } 2\n") == ["a{x=\"1\"}=2", "up=1"])
    }

    @Test func theTypeBeforeALineStillCountsWhenItsOwnLineIsKnown() throws {
        var bench = Bench()
        _ = try bench.scrape("# TYPE h histogram\nh_bucket{le=\"1\"} 1\n")
        #expect(
            try bench.scrape("# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"2\"} 1\n").contains(
                "h_bucket{le=\"2.0\"}=1"))
        let labels = bench.session.exposedLabels(of: [SeriesRef(id: 1)]).first?.labels
        #expect(labels?.last == Label(name: "le", value: "1.0"))
    }

    /// Random pages against the plain definition: what a page has is appended in its order, and what the last good
    /// page had and this one has not ends.
    @Test func randomPagesAgreeWithTheDefinition() throws {
        let seed = makeSeed()
        var random = SeededGenerator(seed: seed)
        var bench = Bench()
        var live: [String] = []
        var page: [String] = []
        for step in 0..<2000 {
            switch Int.random(in: 0..<6, using: &random) {
            case 0: page.removeAll { _ in Int.random(in: 0..<4, using: &random) == 0 }
            case 1: page.shuffle(using: &random)
            case 2, 3:
                let name = "s\(Int.random(in: 0..<40, using: &random))"
                if !page.contains(name) { page.insert(name, at: Int.random(in: 0...page.count, using: &random)) }
            default: break
            }
            if Int.random(in: 0..<10, using: &random) == 0 {
                #expect(bench.fail() == ["up=0"] + live.map { "\($0)=X" }, "seed \(seed), step \(step)")
                live = []
                continue
            }
            let values = page.map { _ in Int.random(in: 0..<100, using: &random) }
            var text = ""
            for (name, value) in zip(page, values) { text += "# HELP \(name) x\n\(name) \(value)\n" }
            let result = try bench.scrape(text)
            let expected = zip(page, values).map { "\($0)=\($1)" } + ["up=1"]
            let gone = live.filter { !page.contains($0) }.map { "\($0)=X" }
            #expect(result == expected + gone, "seed \(seed), step \(step)")
            live = page
        }
    }
}

@Suite struct SessionSlotTests {
    private func target(_ name: String) -> Target {
        let labels = Labels([("instance", name)])
        let description = TargetDescription(
            discoveredLabels: labels, labels: labels, url: "http://\(name)/", intervalMs: 1000, timeoutMs: 1000)
        return Target(description, job: JobConfiguration())
    }

    @Test func oneScrapeAtATime() {
        var slot = SessionSlot()
        let session = slot.take()
        #expect(session != nil && slot.take() == nil)
        guard let session, case .none = slot.giveBack(session) else { return #expect(Bool(false)) }
        #expect(slot.take() != nil)
    }

    @Test func aTargetThatLeavesDuringAScrapeEndsAfterIt() {
        var slot = SessionSlot()
        let session = slot.take()
        guard case .none = slot.leave(successor: nil) else { return #expect(Bool(false)) }
        #expect(slot.take() == nil)
        guard let session, case .end = slot.giveBack(session) else { return #expect(Bool(false)) }
        #expect(slot.take() == nil)
    }

    @Test func aSuccessorGetsTheSession() {
        let successor = target("b")
        var idle = SessionSlot()
        guard case .handOver(_, let to) = idle.leave(successor: successor) else { return #expect(Bool(false)) }
        #expect(to === successor)
        var busy = SessionSlot()
        let session = busy.take()
        guard case .none = busy.leave(successor: successor) else { return #expect(Bool(false)) }
        guard let session, case .handOver(_, let later) = busy.giveBack(session) else { return #expect(Bool(false)) }
        #expect(later === successor)
    }

    @Test func aSuccessorThatLeavesBeforeItsSessionComesPassesItOn() {
        let third = target("c")
        var second = SessionSlot.awaitingSession()
        guard case .none = second.leave(successor: third) else { return #expect(Bool(false)) }
        guard case .handOver(_, let to) = second.giveBack(ScrapeSession()) else { return #expect(Bool(false)) }
        #expect(to === third)
    }
}

@Suite struct ReturningTargetTests {
    /// The old session's end would come behind the new one's samples.
    @Test func aTargetThatComesBackDuringItsScrapeTakesTheSessionOver() async throws {
        let harness = Harness()
        func apply(_ jobs: String) throws {
            harness.manager.apply(try Configuration.parse(text: "scrape_configs: [\(jobs)]", file: "t.yml"))
        }
        func target() -> Target? { harness.manager.state.withLock { $0.targets.first } }
        // Nothing is due while the test runs.
        let job = "{job_name: a, scrape_interval: 300d, static_configs: [{targets: ['127.0.0.1:1']}]}"
        try apply(job)
        let first = try #require(target())
        let session = try #require(first.slot.withLock { $0.take() })
        try apply("")
        #expect(target() == nil)
        try apply(job)
        let second = try #require(target())
        #expect(second !== first && second.slot.withLock { $0.take() } == nil)
        // It goes and comes once more before the scrape ends.
        try apply("")
        try apply(job)
        let third = try #require(target())
        #expect(third !== second && third.slot.withLock { $0.take() } == nil)
        harness.manager.perform(first.slot.withLock { $0.giveBack(session) })
        #expect(third.slot.withLock { $0.take() } != nil)
        // Only who is still being scraped is remembered, and only until somebody takes over.
        try apply("")
        #expect(harness.manager.state.withLock { $0.leaving.count } == 1)
        try apply(job)
        #expect(harness.manager.state.withLock { $0.leaving.isEmpty })
        await harness.manager.stop()
    }

    @Test func aTargetWhoseScrapeHasEndedBeginsAnew() async throws {
        let harness = Harness()
        let text =
            "scrape_configs: [{job_name: a, scrape_interval: 300d, static_configs: [{targets: ['127.0.0.1:1']}]}]"
        let configuration = try Configuration.parse(text: text, file: "t.yml")
        harness.manager.apply(configuration)
        let first = try #require(harness.manager.state.withLock { $0.targets.first })
        let session = try #require(first.slot.withLock { $0.take() })
        harness.manager.apply(Configuration())
        harness.manager.perform(first.slot.withLock { $0.giveBack(session) })
        harness.manager.apply(configuration)
        let second = try #require(harness.manager.state.withLock { $0.targets.first })
        #expect(second.slot.withLock { $0.take() } != nil)
        #expect(harness.manager.state.withLock { $0.leaving.isEmpty })
        await harness.manager.stop()
    }
}

/// What OpenMetrics and native histograms add to a session.
@Suite struct ScrapeSessionFormatTests {
    private func bench(_ format: ExpositionFormat) -> Bench {
        var bench = Bench()
        bench.format = format
        return bench
    }

    @Test func exemplarsGoWithTheirSeries() throws {
        var bench = bench(.openMetrics)
        bench.now = 10_000
        let page = "a_total 1 # {t=\"x\"} 2 3.5\nb_total{l=\"m\"} 1 # {t=\"y\"} 4\n# EOF\n"
        #expect(
            try bench.scrape(page) == [
                "a_total=1", "b_total{l=\"m\"}=1", "up=1", "a_total#{t=\"x\"}=2@3500", "b_total{l=\"m\"}#{t=\"y\"}=4",
            ])
        #expect(try bench.scrape(page.replacing(" 4\n", with: " 5\n")).last == "b_total{l=\"m\"}#{t=\"y\"}=5")
        let long = String(repeating: "é", count: ExposedExemplar.labelCharactersMax)
        #expect(try bench.scrape("a_total 1 # {t=\"\(long)\"} 2 3.5\n# EOF\n").contains { $0.contains("#") } == false)
    }

    @Test func createdLinesAreStartTimes() throws {
        var bench = bench(.openMetrics)
        bench.now = 1_700_000_100_000
        let page = """
            # TYPE a counter
            a_total{x="1"} 5
            a_created{x="1"} 1700000000.5
            a_total{x="2"} 6
            # TYPE g gauge
            g_created 1700000000
            # TYPE s summary
            s{quantile="0.5"} 1
            s_count 2
            s_sum 3
            s_created 1700000001
            # EOF

            """
        let expected = [
            "a_total{x=\"1\"}=5^1700000000500", "a_created{x=\"1\"}=1700000000.5", "a_total{x=\"2\"}=6",
            "g_created=1700000000", "s{quantile=\"0.5\"}=1^1700000001000", "s_count=2^1700000001000",
            "s_sum=3^1700000001000", "s_created=1700000001", "up=1",
        ]
        #expect(try bench.scrape(page) == expected)
        // From the same lines, and from lines that moved.
        #expect(try bench.scrape(page) == expected)
        #expect(try bench.scrape("# HELP z z\n" + page) == expected)
        let restarted = page.replacing("1700000000.5", with: "1700000050")
        #expect(try bench.scrape(restarted).first == "a_total{x=\"1\"}=5^1700000050000")
        // In the text format they are series and nothing else.
        bench.format = .text
        #expect(try bench.scrape("# TYPE a counter\na_total 1\na_created 1700000000\n").first == "a_total=1")
    }

    private static let classic = """
        # TYPE h histogram
        h_bucket{x="1",le="1"} 2
        h_bucket{x="1",le="2"} 5
        h_bucket{x="1",le="+Inf"} 6
        h_sum{x="1"} 9.5
        h_count{x="1"} 6
        h_other 3
        # TYPE g gauge
        g_count 4

        """

    @Test func classicHistogramsAreConverted() throws {
        var bench = bench(.text)
        bench.settings.histograms.convertsClassic = true
        let made = "h{x=\"1\"}={count:6, sum:9.5, [-Inf,1]:2, (1,2]:3, (2,+Inf]:1}"
        let expected = ["h_other=3", "g_count=4", "up=1", made]
        #expect(try bench.scrape(Self.classic) == expected)
        #expect(bench.lastCounts == (3, 3, 3))
        #expect(try bench.scrape(Self.classic) == expected)
        #expect(bench.lastCounts == (3, 3, 0))
        // A line more in the middle, and another histogram.
        let more = Self.classic.replacing("h_sum", with: "h_bucket{x=\"2\",le=\"+Inf\"} 7\nh_sum")
        #expect(try bench.scrape(more) == expected + ["h{x=\"2\"}={count:7, sum:0, [-Inf,+Inf]:7}"])
        #expect(bench.lastCounts == (4, 4, 1))
        #expect(try bench.scrape(Self.classic) == ["h_other=3", "g_count=4", "up=1", "h{x=\"2\"}=X", made])
        bench.settings.histograms.takesClassicToo = true
        bench.session.invalidateLines()
        #expect(try bench.scrape(Self.classic).count == 9)
        #expect(bench.lastCounts.kept == 8)
    }

    @Test func bucketsMayStandInAnyOrder() throws {
        var bench = bench(.text)
        bench.settings.histograms.convertsClassic = true
        let page = """
            # TYPE h histogram
            h_bucket{le="+Inf"} 6
            h_bucket{le="2"} 5
            h_count 6
            h_bucket{le="1"} 2
            h_bucket{le="2.0"} 7
            h_sum 9.5

            """
        for _ in 0..<2 {
            #expect(
                try bench.scrape(page) == ["up=1", "h={count:6, sum:9.5, [-Inf,1]:2, (1,2]:3, (2,+Inf]:1}"])
        }
    }

    /// Buckets that contradict one another give no histogram, which ends its series and does not count.
    @Test func contradictoryLinesEndTheHistogramOnce() throws {
        var bench = bench(.text)
        bench.settings.histograms.convertsClassic = true
        let made = "h{x=\"1\"}={count:6, sum:9.5, [-Inf,1]:2, (1,2]:3, (2,+Inf]:1}"
        let floats = ["h_other=3", "g_count=4", "up=1"]
        let contradictory = Self.classic.replacing("} 5", with: "} 1")
        #expect(try bench.scrape(contradictory) == floats)
        #expect(bench.lastCounts == (2, 2, 3))
        for _ in 0..<2 {
            #expect(try bench.scrape(Self.classic) == floats + [made])
            #expect(bench.lastCounts == (3, 3, 0))
            #expect(try bench.scrape(contradictory) == floats + ["h{x=\"1\"}=X"])
            #expect(bench.lastCounts == (2, 2, 0))
            #expect(try bench.scrape(contradictory) == floats)
        }
        // Also where lines come and go at the same time.
        #expect(try bench.scrape(Self.classic + "new 1\n").last == made)
        #expect(try bench.scrape(contradictory) == floats + ["new=X", "h{x=\"1\"}=X"])
        #expect(bench.fail() == ["up=0", "h_other=X", "g_count=X"])
    }

    /// What is made of several lines is the same whether the page before had most of them or there is none before.
    @Test func randomPagesAreLinkedAsThoseReadAlone() throws {
        let seed = makeSeed()
        var random = SeededGenerator(seed: seed)
        var bench = bench(.openMetrics)
        bench.settings.histograms.convertsClassic = true
        var lines: [[String]] = [[], [], []]
        var movedCount = 0
        for step in 0..<400 {
            let family = random.chance(70) ? 2 : random.number(2)
            if random.chance(40), !lines[family].isEmpty {
                lines[family].remove(at: random.number(lines[family].count))
            } else {
                let name =
                    [["h_bucket", "h_count", "h_sum", "h_created"], ["c_total", "c_created"], ["g"]][family]
                    .randomElement(using: &random) ?? ""
                let bound = name == "h_bucket" ? ",le=\"\(["1", "2.0", "+Inf"][random.number(3)])\"" : ""
                let head = "\(name){x=\"\(random.number(3))\"\(bound)}"
                if !lines[family].contains(head) {
                    lines[family].insert(head, at: random.number(lines[family].count + 1))
                }
            }
            if random.chance(10) { lines[family].shuffle(using: &random) }
            var page = ""
            for index in random.chance(50) ? [0, 1, 2] : [2, 0, 1] {
                page += "# TYPE \(["h histogram", "c counter", "g gauge"][index])\n"
                for line in lines[index] { page += "\(line) \(random.number(4))\n" }
            }
            page += "# EOF\n"
            var alone = self.bench(.openMetrics)
            (alone.settings, alone.now) = (bench.settings, bench.now)
            let together = try bench.scrape(page).filter { !$0.hasSuffix("=X") }
            #expect(try alone.scrape(page) == together, "seed \(seed), step \(step)")
            #expect(alone.lastCounts.kept == bench.lastCounts.kept)
            if bench.hadLinksOfBefore { movedCount += 1 }
        }
        #expect(movedCount > 50)
    }

    @Test func convertedHistogramsKeepToTheBucketLimit() throws {
        var bench = bench(.text)
        bench.settings.histograms.convertsClassic = true
        bench.settings.bucketsMax = 3
        _ = try bench.scrape(Self.classic)
        _ = try bench.scrape(Self.classic)
        bench.settings.bucketsMax = 2
        let failure = #expect(throws: ScrapeFailure.self) { try bench.scrape(Self.classic) }
        #expect(failure?.message == "histogram bucket limit exceeded")
    }

    private func nativePage(_ buckets: Int, schema: Int8 = 3) -> [UInt8] {
        var family = PageFamily("h", .histogram)
        var metric = PageFamily.Metric()
        var native = Histogram(schema: schema, isFloat: false)
        native.positiveSpans = [.init(offset: 1, length: UInt32(buckets))]
        native.positiveBuckets = [Double](repeating: 1, count: buckets)
        native.count = Double(buckets)
        (metric.count, metric.native) = (native.count, native)
        family.metrics = [metric]
        return protobufPage([family])
    }

    @Test func nativeHistogramsAreAppendedAndEndWithMarkers() throws {
        var bench = bench(.protobuf)
        bench.settings.histograms.takesNative = true
        let page = nativePage(2)
        #expect(try bench.scrape(page, .protobuf).last?.hasPrefix("h={count:2, sum:0, (") == true)
        #expect(bench.lastCounts == (1, 1, 1))
        #expect(try bench.scrape(page, .protobuf).count == 2)
        #expect(bench.lastCounts == (1, 1, 0))
        #expect(try bench.scrape([], .protobuf) == ["up=1", "h=X"])
    }

    @Test func bucketsAreWidenedOrTheScrapeFails() throws {
        var bench = bench(.protobuf)
        bench.settings.histograms.takesNative = true
        bench.settings.bucketsMax = 5
        #expect(try bench.scrape(nativePage(16), .protobuf).last?.hasPrefix("h={count:16") == true)
        bench.settings.bucketsMax = 1
        // Both sides of 1 lie in buckets of their own whatever the schema.
        let failure = #expect(throws: ScrapeFailure.self) { try bench.scrape(nativePage(3000), .protobuf) }
        #expect(failure?.message == "histogram bucket limit exceeded")
    }
}
