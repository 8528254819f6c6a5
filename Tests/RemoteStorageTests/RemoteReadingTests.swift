import Model
import RemoteProtocol
import TestSupport
import Testing

@testable import RemoteStorage
@testable import Scraper

@Suite struct RemoteReadingTests {
    private func reading(_ server: ScriptedServer) -> RemoteReading {
        var remote = RemoteReadConfiguration()
        remote.url = "http://127.0.0.1:\(server.port)/read"
        remote.timeoutMs = 600_000
        var configuration = Configuration()
        configuration.remoteRead = [remote]
        let reading = RemoteReading(EmptyStore(), samplesMax: 1000) { nil }
        reading.apply(configuration)
        return reading
    }

    /// It would wait for two minutes.
    @Test func aQueryThatIsOverDoesNotWait() throws {
        let server = try ScriptedServer { _, _ in [.sleep(milliseconds: 120_000)] }
        defer { server.close() }
        var hints = SelectHints(minTime: 0, maxTime: 1000)
        hints.isOver = { !server.requests.isEmpty }
        let view = try reading(server).querier(minTime: 0, maxTime: 1000)
        do {
            _ = try view.select([Matcher("__name__", equals: "x")], hints: hints)
            Issue.record("there is an answer")
        } catch {
            #expect("\(error)".contains("the query ended before"))
        }
    }

    @Test func oneConnectionServesManyQueries() throws {
        let nothing = String(decoding: snappyCompressed([]), as: UTF8.self)
        let server = try ScriptedServer { _, _ in
            ScriptedServer.page(nothing, contentType: "application/x-protobuf")
        }
        defer { server.close() }
        let reading = reading(server)
        for _ in 0..<5 {
            let view = try reading.querier(minTime: 0, maxTime: 1000)
            let set = try view.select([], hints: SelectHints(minTime: 0, maxTime: 1000))
            #expect(set.count == 0)
        }
        #expect(server.requests.count == 5)
        #expect(server.connections == 1)
    }
}

/// A store that has nothing.
private final class EmptyStore: Queryable, Querier, SeriesSet {
    let count = 0

    func querier(minTime: Int64, maxTime: Int64) throws(StorageError) -> any Querier { self }

    func select(_ matchers: [Matcher], hints: SelectHints) throws(StorageError) -> any SeriesSet { self }

    func labelNames(_ selectors: [[Matcher]], limit: Int) throws(StorageError) -> [String] { [] }

    func labelValues(_ name: String, _ selectors: [[Matcher]], limit: Int) throws(StorageError) -> [String] { [] }

    func series(_ selectors: [[Matcher]], limit: Int) throws(StorageError) -> [Labels] { [] }

    func close() {}

    func labels(_ index: Int) -> Labels { .empty }

    func read(_ index: Int, into buffer: SampleBuffer) throws(StorageError) {}
}
