import Model
import TestSupport
import Testing

@testable import Scraper

@Suite struct ScrapeScheduleTests {
    private static let dueTimes: [(Int64, Int64, Int64, Int64)] = [
        (1_000_000, 15_000, 0, 1_005_000), (1_005_000, 15_000, 0, 1_020_000), (1_004_999, 15_000, 0, 1_005_000),
        (1_000_000, 15_000, 14_999, 1_004_999), (0, 1000, 500, 500), (500, 1000, 500, 1500), (-1, 1000, 0, 0),
        (-1700, 1000, 500, -1500),
    ]

    @Test(arguments: dueTimes)
    func theNextDueTimeIsTheFirstAfterNow(now: Int64, interval: Int64, offset: Int64, expected: Int64) {
        #expect(ScrapeSchedule<Int>.next(after: now, interval, offset) == expected)
    }

    private static let snaps: [(Int64, Int64, Int64, Int64)] = [
        (1000, 1000, 15_000, 1000), (1002, 1000, 15_000, 1000), (1003, 1000, 15_000, 1003), (998, 1000, 15_000, 1000),
        (1001, 1000, 100, 1000), (1002, 1000, 100, 1002), (1001, 1000, 50, 1001), (1000, 1000, 1, 1000),
    ]

    @Test(arguments: snaps)
    func timestampsSnapToTheScheduleWithinTheTolerance(start: Int64, due: Int64, interval: Int64, expected: Int64) {
        #expect(ScrapeSchedule<Int>.timestamp(startMs: start, dueMs: due, intervalMs: interval) == expected)
    }

    @Test func targetsComeInTheOrderOfTheirTimes() {
        var schedule = ScrapeSchedule<String>()
        schedule.set([("a", 1000, 700), ("b", 1000, 200), ("c", 500, 100)], nowMs: 10_000)
        var order: [String] = []
        for now in stride(from: Int64(10_000), to: 12_000, by: 1) {
            while let due = schedule.popDue(nowMs: now) {
                #expect(due.dueMs == now && due.missed == 0)
                order.append("\(due.id)\(now - 10_000)")
            }
        }
        #expect(order == ["c100", "b200", "c600", "a700", "c1100", "b1200", "c1600", "a1700"])
    }

    @Test func aLateWakeUpScrapesOnceAndCountsWhatWasMissed() {
        var schedule = ScrapeSchedule<Int>()
        schedule.set([(1, 100, 0)], nowMs: 1000)
        let due = schedule.popDue(nowMs: 1350)
        #expect(due?.dueMs == 1100 && due?.missed == 2)
        #expect(schedule.popDue(nowMs: 1350) == nil)
        #expect(schedule.nextDueMs == 1400)
    }

    @Test func aClockSetBackDoesNotStopScraping() {
        var schedule = ScrapeSchedule<Int>()
        schedule.set([(1, 1000, 0)], nowMs: 1_000_000)
        #expect(schedule.popDue(nowMs: 500_000) == nil)
        #expect(schedule.nextDueMs == 501_000)
        #expect(schedule.popDue(nowMs: 501_000)?.dueMs == 501_000)
    }

    @Test func aClockSetForwardScrapesOnce() {
        var schedule = ScrapeSchedule<Int>()
        schedule.set([(1, 1000, 0)], nowMs: 1000)
        #expect(schedule.popDue(nowMs: 100_000_000)?.id == 1)
        #expect(schedule.popDue(nowMs: 100_000_000) == nil)
    }

    /// However targets and times fall, each target is due once per interval.
    @Test func everyTargetIsDueOncePerInterval() {
        let seed = makeSeed()
        var random = SeededGenerator(seed: seed)
        var schedule = ScrapeSchedule<Int>()
        let intervals: [Int64] = (0..<50).map { _ in Int64.random(in: 10...200, using: &random) }
        schedule.set(intervals.enumerated().map { ($0, $1, Int64.random(in: 0..<$1, using: &random)) }, nowMs: 0)
        var counts = Array(repeating: 0, count: intervals.count)
        for now in Int64(1)...10_000 {
            while let due = schedule.popDue(nowMs: now) { counts[due.id] += 1 }
        }
        for (interval, count) in zip(intervals, counts) {
            #expect(abs(Double(count) - 10_000 / Double(interval)) <= 1, "seed \(seed)")
        }
    }

    @Test func offsetsSpreadTargetsOverTheInterval() {
        var buckets = Array(repeating: 0, count: 10)
        for index in 0..<1000 {
            let labels: Labels = ["instance": "pod-\(index):9400", "job": "gpu"]
            let target = TargetDescription(
                discoveredLabels: labels, labels: labels, url: "http://pod-\(index):9400/metrics", intervalMs: 15_000,
                timeoutMs: 10_000)
            buckets[Int(target.offsetMs / 1500)] += 1
        }
        #expect(buckets.allSatisfy { $0 > 60 && $0 < 140 }, "\(buckets)")
    }
}
