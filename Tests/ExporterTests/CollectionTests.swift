import Glibc
import Logging
import NIOCore
import Synchronization
import TestSupport
import Testing

@testable import Exporter

@Suite struct CollectorTests {
    private func collector(_ lanes: [ScriptedLane]) -> Collector {
        var settings = Settings()
        settings.collectIntervalMs = 10
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        return Collector(source: ScriptedSource(lanes: lanes), settings: settings, logger: logger)
    }

    private func text(_ outcome: PageOutcome) -> String {
        switch outcome {
        case .page(let buffer): String(buffer: buffer)
        case .failure(let reason): reason
        }
    }

    @Test func readsWhetherAnybodyAsksOrNot() throws {
        let lane = ScriptedLane(index: 0)
        let collector = collector([lane])
        try collector.start()
        defer { collector.stop() }
        try eventually("ten readings without a scrape") { lane.readCount >= 10 ? true : nil }
        #expect(collector.isReady)
        #expect(text(collector.page()).contains("DCGM_FI_DEV_SM_CLOCK{gpu=\"0\""))
    }

    @Test func stoppedCollectorReadsNoMore() throws {
        let lane = ScriptedLane(index: 0)
        let collector = collector([lane])
        try collector.start()
        try eventually("a reading") { lane.readCount > 0 ? true : nil }
        collector.stop()
        try eventually("the thread has ended") {
            let before = lane.readCount
            usleep(100_000)
            return lane.readCount == before ? true : nil
        }
    }

    @Test func oneFailureLeavesTheOtherGPUs() throws {
        let (good, bad) = (ScriptedLane(index: 0), ScriptedLane(index: 1))
        bad.fail("cannot read GPU 1: lost")
        let collector = collector([good, bad])
        try collector.start()
        defer { collector.stop() }
        try eventually("both were read") { collector.isReady ? true : nil }
        let page = text(collector.page())
        #expect(page.contains("gpu=\"0\""))
        #expect(!page.contains("gpu=\"1\""))
        #expect(collector.health() == (["cannot read GPU 1: lost"], true))
        bad.fail(nil)
        try eventually("the GPU is back") { text(collector.page()).contains("gpu=\"1\"") ? true : nil }
        #expect(collector.health() == ([], true))
    }

    @Test func whereNoGPUCanBeReadThereIsNoPage() throws {
        let lane = ScriptedLane(index: 0)
        lane.fail("the GPU has fallen off the bus")
        let collector = collector([lane])
        try collector.start()
        defer { collector.stop() }
        try eventually("the failure") { collector.isReady ? true : nil }
        #expect(collector.page() == .failure("the GPU has fallen off the bus"))
        #expect(collector.health() == (["the GPU has fallen off the bus"], false))
    }
}

@Suite struct LaneReaderTests {
    private func reader(_ lane: ScriptedLane, intervalNs: UInt64 = 10_000_000) -> LaneReader {
        LaneReader(lane, intervalNs: intervalNs, windows: .init())
    }

    @Test func readingThatDoesNotEndIsNamedAfterFiveSeconds() throws {
        let lane = ScriptedLane(index: 3)
        let reader = reader(lane)
        reader.readOnce()
        lane.hold()
        let thread = TestThread { reader.readOnce() }
        defer {
            lane.release()
            thread.join()
        }
        try eventually("the reading has begun") { lane.readCount == 2 ? true : nil }
        let nowNs = monotonicNs()
        #expect(reader.current(nowNs: nowNs).entities.count == 1)
        let later = reader.current(nowNs: nowNs + 6_000_000_000)
        #expect(later.entities.isEmpty)
        #expect(later.problem == "GPU 3 has not answered for 5 s")
    }

    @Test func totalsSurviveAFailure() {
        let lane = ScriptedLane(index: 0)
        let reader = reader(lane)
        lane.xid = 31
        reader.readOnce()
        lane.fail("lost")
        reader.readOnce()
        #expect(reader.current(nowNs: monotonicNs()).entities.isEmpty)
        lane.fail(nil)
        reader.readOnce()
        #expect(reader.current(nowNs: monotonicNs()).entities.first?.history.xidTotals == [31: 2])
    }

    @Test func laneThatWasNeverReadSaysSoInTheEnd() {
        // However seldom it is read.
        let reader = reader(ScriptedLane(index: 0), intervalNs: 30_000_000_000)
        #expect(!reader.isReady(nowNs: monotonicNs()))
        #expect(reader.isReady(nowNs: monotonicNs() + 6_000_000_000))
        #expect(reader.current(nowNs: monotonicNs() + 6_000_000_000).problem == "GPU 0 has not answered for 5 s")
    }
}

/// A lane that counts its readings, and fails or waits when told to.
private final class ScriptedLane: GPULane {
    private struct State {
        var count = 0
        var failure: String?
        var isHeld = false
        var xid: Int64?
    }

    let gpus: [GPUIdentity]
    private let state = Mutex(State())

    init(index: Int) {
        gpus = [GPUIdentity(index: index, uuid: "GPU-\(index)", pciBusID: "0", modelName: "m")]
    }

    var readCount: Int { state.withLock { $0.count } }

    var xid: Int64? {
        get { state.withLock { $0.xid } }
        set { state.withLock { $0.xid = newValue } }
    }

    func fail(_ reason: String?) { state.withLock { $0.failure = reason } }
    func hold() { state.withLock { $0.isHeld = true } }
    func release() { state.withLock { $0.isHeld = false } }

    func read() throws(SourceError) -> [GPUReading] {
        state.withLock { $0.count += 1 }
        while state.withLock({ $0.isHeld }) { usleep(1000) }
        let (count, failure, xid) = state.withLock { ($0.count, $0.failure, $0.xid) }
        if let failure { throw SourceError(failure) }
        var reading = GPUReading()
        reading.set(.smClock, count)
        reading.xidEvents = xid.map { [$0] } ?? []
        return [reading]
    }
}

private struct ScriptedSource: GPUSource {
    let name = "scripted"
    let driverVersion = "1"
    let lanes: [any GPULane]
}
