import Glibc
import Hummingbird
import Logging
import Synchronization
import Testing

@testable import Exporter

@Suite struct CollectionGateTests {
    private let page = CollectionOutcome.page(ByteBuffer(string: "page"))
    private let second: UInt64 = 1_000_000_000

    @Test func oneScrapeBeginsAndOthersWait() {
        var gate = CollectionGate(intervalNs: second)
        #expect(gate.arrive(nowNs: 5) == .begin)
        #expect(gate.arrive(nowNs: 6) == .wait)
        #expect(gate.waiterCount == 2)
        gate.finish(page)
        #expect(gate.waiterCount == 0)
        #expect(gate.arrive(nowNs: 7) == .answer(page))
    }

    @Test func pageIsReadAnewAfterTheInterval() {
        var gate = CollectionGate(intervalNs: second)
        _ = gate.arrive(nowNs: 0)
        gate.finish(page)
        #expect(gate.arrive(nowNs: second - 1) == .answer(page))
        #expect(gate.arrive(nowNs: second) == .begin)
    }

    @Test func failureIsAnsweredUntilTheNextCollection() {
        var gate = CollectionGate(intervalNs: second)
        _ = gate.arrive(nowNs: 0)
        gate.finish(.failure("lost"))
        #expect(gate.arrive(nowNs: 1) == .answer(.failure("lost")))
        #expect(gate.complaint(nowNs: 1) == "lost")
        #expect(gate.arrive(nowNs: second) == .begin)
        gate.finish(page)
        #expect(gate.complaint(nowNs: second + 1) == nil)
    }

    @Test func hangingDriverRefusesScrapesAndComplains() {
        var gate = CollectionGate(intervalNs: second)
        _ = gate.arrive(nowNs: 0)
        #expect(gate.complaint(nowNs: 10 * second) == nil)
        #expect(gate.arrive(nowNs: 12 * second) == .refuse("the GPU driver has not answered for 12 s"))
        #expect(gate.complaint(nowNs: 12 * second) == "the GPU driver has not answered for 12 s")
        gate.finish(page)
        #expect(gate.complaint(nowNs: 12 * second) == nil)
    }

    @Test func waitersAreBounded() {
        var gate = CollectionGate(intervalNs: second)
        _ = gate.arrive(nowNs: 0)
        for _ in 1..<CollectionGate.waitersMax { #expect(gate.arrive(nowNs: 1) == .wait) }
        #expect(gate.arrive(nowNs: 1) == .refuse("64 scrapes are waiting for the GPU driver"))
        gate.leave()
        #expect(gate.arrive(nowNs: 1) == .wait)
    }
}

@Suite struct CollectorTests {
    private func collector(_ source: ScriptedSource, intervalMs: Int) -> Collector {
        var settings = Settings()
        settings.collectIntervalMs = intervalMs
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        return Collector(source: source, settings: settings, logger: logger)
    }

    @Test func manyScrapesAtOnceReadTheGPUsOnce() async {
        let source = ScriptedSource()
        let collector = collector(source, intervalMs: 60_000)
        let outcomes = await withTaskGroup(of: CollectionOutcome.self) { group in
            for _ in 0..<50 { group.addTask { await collector.page() } }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(source.readCount == 1)
        #expect(outcomes.count == 50)
        #expect(outcomes.allSatisfy { $0 == outcomes[0] })
    }

    @Test func failureReachesTheScrapeAndHealthAndPasses() async {
        let source = ScriptedSource()
        let collector = collector(source, intervalMs: 1)
        source.fail("the GPU has fallen off the bus")
        #expect(await collector.page() == .failure("the GPU has fallen off the bus"))
        #expect(collector.complaint() == "the GPU has fallen off the bus")
        source.fail(nil)
        // Past the one millisecond for which a failure is repeated.
        usleep(2000)
        guard case .page = await collector.page() else {
            Issue.record("no page although the source works again")
            return
        }
        #expect(collector.complaint() == nil)
    }
}

/// A source that counts its readings and fails when told to.
private final class ScriptedSource: GPUSource {
    let name = "scripted"
    let driverVersion = "1"
    let gpus = [GPUIdentity(index: 0, uuid: "GPU-0", pciBusID: "0", modelName: "m")]
    private let state = Mutex((count: 0, failure: String?.none))

    var readCount: Int { state.withLock { $0.count } }

    func fail(_ reason: String?) {
        state.withLock { $0.failure = reason }
    }

    func read() throws(SourceError) -> [GPUReading] {
        let (count, failure) = state.withLock { state in
            state.count += 1
            return (state.count, state.failure)
        }
        if let failure { throw SourceError(failure) }
        var reading = GPUReading()
        reading.set(.smClock, count)
        return [reading]
    }
}
