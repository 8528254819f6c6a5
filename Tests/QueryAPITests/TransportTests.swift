import CZlib
import Glibc
import Model
import QueryAPI
import Synchronization
import TestSupport
import Testing

@Suite struct TransportTests {
    /// An answer of several chunks: 40 series of 2,000 points.
    static let bigStore: MemoryStore = {
        var all: [(labels: Labels, samples: [(timestamp: Int64, value: Double)])] = []
        for series in 0..<40 {
            var samples: [(timestamp: Int64, value: Double)] = []
            for point in 0..<2000 { samples.append((t0 + Int64(point) * 1000, Double(point * series) / 8)) }
            all.append((["__name__": "big", "n": String(1000 + series)], samples))
        }
        return MemoryStore(all)
    }()
    static let bigTarget = "/api/v1/query_range?query=big&start=1700000000&end=1700001999&step=1"

    private static let bigBody: String = {
        let series = (0..<40).map { (series: Int) -> String in
            let points = (0..<2000).map { (point: Int) -> String in
                let value = formatFloat(Double(point * series) / 8)
                return "[\(1_700_000_000 + point),\"\(value)\"]"
            }
            return
                #"{"metric":{"__name__":"big","n":"\#(1000 + series)"},"values":[\#(points.joined(separator: ","))]}"#
        }
        return #"{"status":"success","data":{"resultType":"matrix","result":[\#(series.joined(separator: ","))]}}"#
    }()

    @Test func largeAnswerIsStreamed() async throws {
        try await withServer(TransportTests.bigStore) { port in
            let client = try HTTPClient(port: port)
            for _ in 0..<2 {
                let answer = try await client.request("GET", TransportTests.bigTarget)
                #expect(answer.header("Transfer-Encoding") == "chunked")
                #expect(answer.header("Content-Length") == nil)
                #expect(answer.text == TransportTests.bigBody)
            }
        }
    }

    @Test func largeAnswerIsCompressed() async throws {
        try await withServer(TransportTests.bigStore) { port in
            let answer = try await ask(
                port, "GET", TransportTests.bigTarget, headers: [("Accept-Encoding", "deflate, gzip")])
            #expect(answer.header("Content-Encoding") == "gzip")
            #expect(answer.body.count < TransportTests.bigBody.utf8.count / 3)
            #expect(gunzip(answer.body) == Array(TransportTests.bigBody.utf8))
        }
    }

    @Test func wholeAnswerIsCompressedAboveASizeOnly() async throws {
        try await withServer { port in
            let gzip = [("Accept-Encoding", "gzip")]
            let small = try await ask(port, "GET", "/api/v1/query?query=1&time=1", headers: gzip)
            #expect(small.header("Content-Encoding") == nil)
            let target = "/api/v1/query_range?query=temp&start=1700000000&end=1700003600&step=10"
            let plain = try await ask(port, "GET", target)
            let large = try await ask(port, "GET", target, headers: gzip)
            #expect(large.header("Content-Encoding") == "gzip")
            #expect(large.header("Content-Length") == String(large.body.count))
            #expect(gunzip(large.body) == plain.body)
            for refused in ["gzip;q=0", "identity", "br", "gzip; q=0.0"] {
                let answer = try await ask(port, "GET", target, headers: [("Accept-Encoding", refused)])
                #expect(answer.header("Content-Encoding") == nil, "\(refused)")
            }
        }
    }

    @Test func requestsShareAConnection() async throws {
        try await withServer { port in
            let client = try HTTPClient(port: port)
            for number in 0..<50 {
                let answer = try await client.request("GET", "/api/v1/query?query=\(number)&time=1")
                #expect(answer.text.hasSuffix("[1,\"\(number)\"]}}"))
            }
        }
    }

    @Test func pipelinedRequestsAreAnsweredInOrder() async throws {
        try await withServer { port in
            let client = try HTTPClient(port: port)
            let requests = (0..<30).map { "GET /api/v1/query?query=\($0)&time=1 HTTP/1.1\r\nHost: x\r\n\r\n" }
            try await client.send(requests.joined())
            for number in 0..<30 {
                #expect(try await client.receive().text.hasSuffix("[1,\"\(number)\"]}}"))
            }
        }
    }

    @Test func connectionIsClosedWhenAsked() async throws {
        try await withServer { port in
            let client = try HTTPClient(port: port)
            let answer = try await client.request("GET", "/-/healthy", headers: [("Connection", "close")])
            #expect(answer.header("Connection") == "close")
            #expect(try await client.isClosedByServer())
        }
    }

    @Test func originsAreAllowedByExpression() async throws {
        try await withServer {
            $0.options.corsOrigin = "https?://good\\..*"
        } _: { port in
            let good = try await ask(port, "GET", "/api/v1/query?query=1", headers: [("Origin", "http://good.example")])
            #expect(good.header("Access-Control-Allow-Origin") == "http://good.example")
            #expect(good.header("Access-Control-Allow-Headers") == "Accept, Authorization, Content-Type, Origin")
            #expect(good.header("Access-Control-Allow-Methods") == "GET, POST, OPTIONS")
            #expect(good.header("Access-Control-Expose-Headers") == "Date")
            let bad = try await ask(port, "OPTIONS", "/api/v1/query", headers: [("Origin", "http://bad.example")])
            #expect(bad.status == 204)
            #expect(bad.header("Access-Control-Allow-Origin") == nil)
            #expect(bad.header("Vary") == "Origin")
        }
    }

    @Test func bodyOverTheLimitIsRefused() async throws {
        try await withServer { port in
            let client = try HTTPClient(port: port)
            try await client.send(
                "POST /api/v1/query HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
                    + "Content-Length: 99999999999\r\n\r\nquery=1")
            let answer = try await client.receive()
            #expect(answer.status == 400)
            #expect(answer.text.contains("request body too large"))
            #expect(try await client.isClosedByServer())
        }
    }

    @Test func chunkedBodyOverTheLimitIsRefused() async throws {
        try await withServer { port in
            let client = try HTTPClient(port: port)
            try await client.send(
                "POST /api/v1/query HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
                    + "Transfer-Encoding: chunked\r\n\r\n")
            let mebibyte = "100000\r\n" + String(repeating: "a", count: 1 << 20) + "\r\n"
            // What the server does not take once it has answered is its business.
            for _ in 0..<12 { try? await client.send(mebibyte) }
            let answer = try await client.receive()
            #expect(answer.status == 400)
            #expect(answer.text.contains("at most 10485760 bytes"))
        }
    }

    @Test func tooManyParametersAreRefused() async throws {
        try await withServer { port in
            let body = Array(String(repeating: "a=1&", count: 10_001).utf8)
            let headers = [("Content-Type", "application/x-www-form-urlencoded")]
            let answer = try await ask(port, "POST", "/api/v1/labels", headers: headers, body: body)
            #expect(answer.status == 400)
            #expect(answer.text.contains("more than 10000 parameters"))
        }
    }

    @Test(arguments: [
        "GARBAGE\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "\u{0}\u{1}\u{2}\r\n\r\n", "GET /a b c HTTP/1.1\r\n\r\n",
        "POST /api/v1/query HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        "GET / HTTP/1.1\r\nA: " + String(repeating: "x", count: 2 << 20) + "\r\n\r\n",
        "GET /" + String(repeating: "x", count: 2 << 20) + " HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\n" + String(repeating: "A: b\r\n", count: 2000) + "\r\n",
    ])
    func malformedRequestsDoNotStopTheServer(_ request: String) async throws {
        try await withServer { port in
            let client = try HTTPClient(port: port)
            try? await client.send(request)
            client.finishSending()
            if let answer = try? await client.receive() { #expect(answer.status >= 400) }
            #expect(try await get(port, "/-/healthy").status == 200)
        }
    }

    @Test func slowRequestIsDropped() async throws {
        try await withServer {
            $0.options.readTimeoutSeconds = 1
        } _: { port in
            for start in [
                "", "GET /-/healthy HT",
                "POST /api/v1/labels HTTP/1.1\r\nContent-Length: 10\r\n"
                    + "Content-Type: application/x-www-form-urlencoded\r\n\r\nab",
            ] {
                let client = try HTTPClient(port: port, receiveTimeoutSeconds: 120)
                try await client.send(start)
                #expect(try await client.isClosedByServer(), "\(start)")
            }
        }
    }

    @Test func connectionsBeyondTheLimitWait() async throws {
        try await withServer {
            $0.options.connectionsMax = 2
        } _: { port in
            var clients = [try HTTPClient(port: port), try HTTPClient(port: port)]
            for client in clients { #expect(try await client.request("GET", "/-/healthy").status == 200) }
            let third = try HTTPClient(port: port)
            try await third.send("GET", "/-/healthy")
            clients.removeAll()
            #expect(try await third.receive().status == 200)
        }
    }

    /// A connection may be accepted at the moment in which the server ends.
    @Test func connectionsThatComeAtTheEndAreClosed() async throws {
        for _ in 0..<tries(10, slow: 100) {
            let threads = try await withServer { port in
                let threads = (0..<4).map { _ in
                    TestThread {
                        for _ in 0..<200 {
                            guard let client = try? HTTPConnection(port: port) else { return }
                            _ = client
                        }
                    }
                }
                try await Task.sleep(for: .milliseconds(3))
                return threads
            }
            for thread in threads { thread.join() }
        }
    }

    @Test func clientThatLeavesEndsItsQuery() async throws {
        let store = SlowStore()
        try await withServer(store) { port in
            do {
                let client = try HTTPClient(port: port)
                try await client.send("GET", "/api/v1/query?query=sum(slow)")
                await store.waitForRead()
            }
            // The engine looks at the flag at least once per batch of series; all of them would take many minutes.
            while try await get(port, "/metrics").text.contains("prometheus_engine_queries 1\n") {
                try await Task.sleep(for: .milliseconds(5))
            }
            #expect(store.reads.load(ordering: .relaxed) < 90_000)
        }
    }

    @Test func queriesBeyondTheLimitWaitAndTimeOut() async throws {
        let store = SlowStore()
        try await withServer(store) {
            $0.options.queryConcurrencyMax = 1
        } _: { port in
            let blocker = try HTTPClient(port: port)
            try await blocker.send("GET", "/api/v1/query?query=sum(slow)&timeout=100s")
            await store.waitForRead()
            let answer = try await get(port, "/api/v1/query", [("query", "1"), ("timeout", "20ms")])
            #expect(answer.status == 503)
            #expect(answer.text.contains("query timed out in query queue"))
            #expect(try await get(port, "/api/v1/labels").status == 200)
            // Hangs up, which ends its query.
            withExtendedLifetime(blocker) {}
        }
    }
}

/// A hundred thousand series, each of which takes ten milliseconds to read.
private final class SlowStore: Queryable, Appendable, MetadataProvider {
    let reads = Atomic<Int>(0)

    func waitForRead() async {
        while reads.load(ordering: .relaxed) == 0 { try? await Task.sleep(for: .milliseconds(1)) }
    }

    func querier(minTime: Int64, maxTime: Int64) -> any Querier { SlowQuerier(store: self) }

    func resolve(_ labels: [Labels]) -> [SeriesRef] { labels.map { _ in SeriesRef(id: 0) } }

    func append(_ batch: SampleBatch) async -> AppendResult { AppendResult(appended: batch.refs.count) }

    func setMetadata(_ metadata: [MetricMetadata]) async {}

    func metadata(metric: String?) -> [String: [MetricMetadata]] { [:] }
}

private final class SlowQuerier: Querier {
    let store: SlowStore

    init(store: SlowStore) { self.store = store }

    func select(_ matchers: [Matcher], hints: SelectHints) -> any SeriesSet { SlowSet(store: store) }

    func labelNames(_ selectors: [[Matcher]], limit: Int) -> [String] { [] }

    func labelValues(_ name: String, _ selectors: [[Matcher]], limit: Int) -> [String] { [] }

    func series(_ selectors: [[Matcher]], limit: Int) -> [Labels] { [] }

    func close() {}
}

private struct SlowSet: SeriesSet {
    let store: SlowStore
    let count = 100_000

    func labels(_ index: Int) -> Labels { ["__name__": "slow", "n": String(100_000 + index)] }

    func read(_ index: Int, into buffer: SampleBuffer) {
        store.reads.add(1, ordering: .relaxed)
        usleep(10_000)
        buffer.append(t0, 1)
    }
}

private func gunzip(_ bytes: [UInt8]) -> [UInt8]? {
    var stream = z_stream()
    guard inflateInit2_(&stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else { return nil }
    defer { inflateEnd(&stream) }
    var input = bytes
    var output = [UInt8](repeating: 0, count: 64 << 20)
    return input.withUnsafeMutableBufferPointer { input in
        output.withUnsafeMutableBufferPointer { output in
            stream.next_in = input.baseAddress
            stream.avail_in = UInt32(input.count)
            stream.next_out = output.baseAddress
            stream.avail_out = UInt32(output.count)
            guard inflate(&stream, Z_FINISH) == Z_STREAM_END, stream.avail_in == 0 else { return nil }
            return Array(output[..<Int(stream.total_out)])
        }
    }
}
