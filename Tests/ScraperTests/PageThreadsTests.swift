import Exposition
import Glibc
import Model
import Synchronization
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
}

private final class Gate: Sendable {
    let isOpen = Mutex(false)
}
