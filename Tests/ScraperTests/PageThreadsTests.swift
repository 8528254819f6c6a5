import Exposition
import Glibc
import Model
import Synchronization
import TestSupport
import Testing

@testable import Scraper

@Suite struct PageThreadsTests {
    /// More pages are being read than there are threads for tasks, and none ends before a task has run.
    @Test func pagesThatTakeLongHoldUpNoTask() async {
        let gate = Gate()
        let threads = PageThreads()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<64 {
                group.addTask { await threads.run { while !gate.isOpen.withLock({ $0 }) { usleep(1000) } } }
            }
            for _ in 0..<64 { group.addTask { await Task.yield() } }
            group.addTask { gate.isOpen.withLock { $0 = true } }
        }
        #expect(await threads.run { 7 } == 7)
    }

    @Test func readingEndsWhenItsTimeIsOver() {
        var settings = PageSettings()
        settings.endNs = 0
        let page = (0..<5000).map { "a{n=\"\($0)\"} 1\n" }.joined()
        #expect(
            readAlone(Array(page.utf8), .text, settings).message
                == "the page could not be read in time: 1024 lines are not as before")
        #expect(readAlone(Array("a 1\n".utf8), .text, settings).message == nil)
    }

    @Test func pagesThatTakeLongAreDroppedWhenTheServerStops() async throws {
        let threads = PageThreads()
        var settings = PageSettings()
        settings.threads = threads
        let page = Array((0..<5000).map { "a{n=\"\($0)\"} 1\n" }.joined().utf8)
        #expect(readAlone(page, .text, settings).message == nil)
        threads.end(withinMs: 100_000)
        #expect(!threads.isOver && readAlone(page, .text, settings).message == nil)
        threads.end(withinMs: 0)
        #expect(readAlone(page, .text, settings).message == "the server stops")
    }

    @Test func pagesThatWaitAreDroppedWhenTheServerStops() async throws {
        let server = try ScriptedServer { _, _ in ScriptedServer.page("a 1\n") }
        defer { server.close() }
        let harness = Harness()
        let threads = harness.manager.environment.pageThreads
        let gate = Gate()
        for _ in 0..<threads.count {
            Task { await threads.run { while !gate.isOpen.withLock({ $0 }) { usleep(1000) } } }
        }
        try harness.scrape(port: server.port, interval: "1s", timeout: "1s")
        try await harness.wait("the page") { threads.pagesWaiting > 0 }
        threads.end(withinMs: 0)
        gate.isOpen.withLock { $0 = true }
        await harness.manager.stop(readingMs: 0)
        #expect(harness.manager.pending.withLock { $0 } == 0)
        #expect(harness.store.state.withLock { $0.batches.isEmpty })
        #expect(harness.target?.health == .unknown)
    }
}

private final class Gate: Sendable {
    let isOpen = Mutex(false)
}
