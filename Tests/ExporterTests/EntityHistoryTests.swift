import Testing

@testable import Exporter

@Suite struct EntityHistoryTests {
    private let second: UInt64 = 1_000_000_000

    private func reading(power: Double? = nil, mask: Int64? = nil, xids: [Int64] = []) -> GPUReading {
        var reading = GPUReading()
        reading[.powerUsage] = power.map { .real($0) }
        reading.set(.clockEventReasons, mask)
        reading.xidEvents = xids
        return reading
    }

    /// A spike of one second that a scrape every fifteen would miss.
    @Test func spikeIsInTheGreatestAndLeavesWithTheWindow() {
        var history = EntityHistory(.init(statisticsNs: 15 * second))
        for place in 0..<15 { history.add(reading(power: place == 3 ? 700 : 100), atNs: UInt64(place) * second) }
        #expect(history.statistic(.powerUsage, .min) == 100)
        #expect(history.statistic(.powerUsage, .max) == 700)
        #expect(history.statistic(.powerUsage, .avg) == 140)
        history.add(reading(power: 100), atNs: 19 * second)
        #expect(history.statistic(.powerUsage, .max) == 100)
    }

    @Test func valuesThatAreMissingAreNotZero() {
        var history = EntityHistory(.init(statisticsNs: 15 * second))
        #expect(history.statistic(.powerUsage, .min) == nil)
        history.add(reading(), atNs: 1)
        #expect(history.statistic(.powerUsage, .avg) == nil)
        history.add(reading(power: 5), atNs: 2)
        #expect(history.statistic(.powerUsage, .avg) == 5)
        #expect(history.statistic(.smClock, .avg) == nil)
    }

    @Test func statisticsAreOffUnlessAskedFor() {
        var history = EntityHistory(.init())
        history.add(reading(power: 5), atNs: 2)
        #expect(history.statistic(.powerUsage, .max) == nil)
    }

    @Test func xidsAreCountedByCodeWithinTheWindow() {
        var history = EntityHistory(.init(xidNs: 10 * second))
        history.add(reading(xids: [31, 31, 79]), atNs: 0)
        history.add(reading(xids: [31]), atNs: 8 * second)
        #expect(history.xidCounts(nowNs: 9 * second).map { "\($0.code):\($0.count)" } == ["31:3", "79:1"])
        // Without any new reading too, as of a GPU that has been lost.
        #expect(history.xidCounts(nowNs: 12 * second).map { "\($0.code):\($0.count)" } == ["31:1"])
        #expect(history.xidTotals == [31: 3, 79: 1])
    }

    @Test func clockEventsAreCountedByReadingAndByBeginning() {
        var history = EntityHistory(.init(clockEventsNs: 10 * second))
        // 4 is the power cap, 64 hardware heat: the cap held before the first reading, heat begins twice.
        for (place, mask) in [4, 4, 68, 0, 64].enumerated() {
            history.add(reading(mask: Int64(mask)), atNs: UInt64(place) * second)
        }
        #expect(history.clockEventCounts == [0, 0, 3, 0, 0, 0, 2, 0, 0])
        #expect(history.clockEventTotals == [0, 0, 0, 0, 0, 0, 2, 0, 0])
        history.add(reading(mask: 0), atNs: 13 * second)
        #expect(history.clockEventCounts == [0, 0, 0, 0, 0, 0, 1, 0, 0])
    }

    @Test func windowsAreBounded() {
        var history = EntityHistory(.init(statisticsNs: .max, xidNs: .max, clockEventsNs: .max))
        for place in 0..<(EntityHistory.entriesMax + 100) {
            history.add(reading(power: 1, mask: 4, xids: [13]), atNs: UInt64(place))
        }
        #expect(history.clockEventCounts[2] == EntityHistory.entriesMax)
        #expect(history.xidCounts(nowNs: .max).map(\.count) == [EntityHistory.entriesMax])
        #expect(history.xidTotals == [13: EntityHistory.entriesMax + 100])
    }
}
