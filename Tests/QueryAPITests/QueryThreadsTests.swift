import Glibc
import NIOPosix
import PromQL
import Synchronization
import TestSupport
import Testing

@testable import QueryAPI

@Suite struct QueryThreadsTests {
    private final class Counter: Sendable {
        let value = Atomic<Int>(0)
    }

    @Test func longQueriesLeaveTheOthersTheirTurn() async throws {
        let threads = QueryThreads(count: 12)
        threads.start()
        let loop = MultiThreadedEventLoopGroup.singleton.any()
        let (begun, released) = (Counter(), Counter())
        let long = (0..<11).map { number in
            Task {
                await threads.run(timeoutMs: 600_000, on: loop) { () throws(QueryError) in
                    begun.value.add(1, ordering: .relaxed)
                    while released.value.load(ordering: .acquiring) == 0 { usleep(1000) }
                    return number
                }
            }
        }
        // More than there are cores, each of which waits for its end; one thread of twelve is left.
        for number in 0..<100 {
            let result = await threads.run(timeoutMs: 600_000, on: loop) { () throws(QueryError) in number }
            #expect(try result.get() == number)
        }
        while begun.value.load(ordering: .relaxed) < 11 { try await Task.sleep(for: .milliseconds(1)) }
        released.value.store(1, ordering: .releasing)
        for (number, task) in long.enumerated() { #expect(try await task.value.get() == number) }
        await threads.shutDown()
    }

    @Test func everyQueryIsAnsweredOnce() async throws {
        let threads = QueryThreads(count: 4)
        threads.start()
        let answered = Counter()
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<2000 {
                let loop = MultiThreadedEventLoopGroup.singleton.any()
                group.addTask {
                    let result = await threads.run(timeoutMs: 600_000, on: loop) { () throws(QueryError) in number }
                    if (try? result.get()) == number { answered.value.add(1, ordering: .relaxed) }
                }
            }
        }
        #expect(answered.value.load(ordering: .relaxed) == 2000)
        await threads.shutDown()
    }

    @Test func queriesThatWaitAreGivenUpAtTheEnd() async throws {
        let threads = QueryThreads(count: 1)
        threads.start()
        let loop = MultiThreadedEventLoopGroup.singleton.any()
        let (begun, released) = (Counter(), Counter())
        let first = Task {
            await threads.run(timeoutMs: 600_000, on: loop) { () throws(QueryError) in
                begun.value.store(1, ordering: .releasing)
                while released.value.load(ordering: .acquiring) == 0 { usleep(1000) }
                return 1
            }
        }
        while begun.value.load(ordering: .acquiring) == 0 { try await Task.sleep(for: .milliseconds(1)) }
        let second = await threads.run(timeoutMs: 20, on: loop) { () throws(QueryError) in 2 }
        #expect(throws: QueryError.self) { try second.get() }
        released.value.store(1, ordering: .releasing)
        #expect(try await first.value.get() == 1)
        await threads.shutDown()
        let late = await threads.run(timeoutMs: 600_000, on: loop) { () throws(QueryError) in 3 }
        #expect(throws: QueryError.self) { try late.get() }
    }
}
