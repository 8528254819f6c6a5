import Glibc
import Model
import PromQL
import TestSupport
import Testing

/// A `tsdb serve` that completes what it has from another server.
@Suite(.serialized) struct RemoteReadClientTests {
    private static let start: Int64 = 1_700_000_100_000
    private static let step: Int64 = 15_000
    private static let count = 400
    /// Ours begin here; before, and in some others, theirs are.
    private static let border = 200

    private static func series(_ range: Range<Int>, cluster: String? = nil) -> [WrittenSeries] {
        var all: [WrittenSeries] = []
        for gpu in 0..<3 {
            let samples = range.map { (start + Int64($0) * step, WrittenSample.float(Double($0 * (gpu + 1) % 97))) }
            all.append(WrittenSeries(["__name__": "load", "gpu": "\(gpu)"], samples))
        }
        let histograms = range.map { index in
            let grown = Double(index)
            let histogram = Histogram(
                isFloat: false, count: grown, sum: grown / 2, positiveSpans: [.init(offset: 0, length: 1)],
                positiveBuckets: [grown])
            return (start + Int64(index) * step, WrittenSample.histogram(histogram))
        }
        all.append(WrittenSeries(["__name__": "delay"], histograms))
        guard let cluster else { return all }
        return all.map { one in
            var builder = LabelsBuilder(one.labels)
            builder.set("cluster", cluster)
            return WrittenSeries(builder.labels(), one.samples)
        }
    }

    private static let queries = [
        "load", "sum(rate(load[5m]))", "delay", "rate(delay[5m])", "max_over_time(load{gpu=\"1\"}[1h])", "count(load)",
    ]

    private func answer(_ port: Int, _ query: String) throws -> HTTPAnswer {
        let end = Self.start + Int64(Self.count) * Self.step
        return try HTTPConnection(port: port, receiveTimeoutSeconds: 60).request(
            "GET",
            "/api/v1/query_range?query=\(percentEncoded(query))&start=\(Self.start / 1000)&end=\(end / 1000)&step=60")
    }

    private static let receives = ["--web.enable-remote-write-receiver"]

    /// Asks one that has the newer half, and reads the older from `port`, and compares with one that has all.
    private func check(readingFrom port: Int, _ settings: String = "", external: String = "{}") throws {
        let whole = try TestServer(config: "{}", flags: Self.receives)
        defer { whole.process.finish(SIGKILL) }
        try remoteWrite(Self.series(0..<Self.count), toPort: whole.port)
        let part = try TestServer(
            config: """
                global: {external_labels: \(external)}
                remote_read: [{url: "http://127.0.0.1:\(port)/api/v1/read"\(settings)}]

                """, flags: Self.receives)
        defer { part.process.finish(SIGKILL) }
        try remoteWrite(Self.series(Self.border..<Self.count), toPort: part.port)
        for query in Self.queries {
            let (read, held) = (try answer(part.port, query), try answer(whole.port, query))
            let isSame = read.body == held.body
            #expect(isSame && held.status == 200, "\(query): \(read.text.prefix(500))\n\(held.text.prefix(500))")
        }
    }

    @Test(.enabled(if: RealPrometheus.path != nil, "no Prometheus 3 on the PATH"))
    func olderSamplesComeFromPrometheus() throws {
        let directory = TemporaryDirectory(.disk)
        let remote = try RealPrometheus(data: directory.path)
        defer { remote.process.finish(SIGKILL) }
        // More than is asked for: what both have counts once.
        try remote.write(Self.series(0..<300, cluster: "home") + Self.series(0..<300, cluster: "other"))
        try check(readingFrom: remote.port, external: "{cluster: home}")
        try check(readingFrom: remote.port, ", read_recent: true", external: "{cluster: home}")
    }

    @Test func olderSamplesComeFromAnotherOfOurs() throws {
        let remote = try TestServer(config: "global: {external_labels: {cluster: home}}\n", flags: Self.receives)
        defer { remote.process.finish(SIGKILL) }
        try remoteWrite(Self.series(0..<300), toPort: remote.port)
        try check(readingFrom: remote.port, external: "{cluster: home}")
    }

    /// Neither where only recent samples are wanted, nor for selectors without what is required.
    @Test func othersAreAskedForNothingThatIsHere() throws {
        let remote = try ScriptedServer { _, _ in ScriptedServer.page("not now", status: "503 Service Unavailable") }
        defer { remote.close() }
        let server = try TestServer(
            config: """
                remote_read: [{url: "http://127.0.0.1:\(remote.port)/api/v1/read", required_matchers: {gpu: "1"}}]

                """, flags: Self.receives)
        defer { server.process.finish(SIGKILL) }
        try remoteWrite(Self.series(0..<Self.count), toPort: server.port)
        func status(_ query: String, at index: Int) throws -> HTTPAnswer {
            let time = (Self.start + Int64(index) * Self.step) / 1000
            return try HTTPConnection(port: server.port).request(
                "GET", "/api/v1/query?query=\(percentEncoded(query))&time=\(time)")
        }
        #expect(try status("load{gpu=\"1\"}", at: 300).status == 200)
        #expect(try status("load{gpu=\"0\"}", at: 5).status == 200)
        #expect(remote.requests.isEmpty)
        let failed = try status("load{gpu=\"1\"}", at: 5)
        #expect(failed.status == 500 && failed.text.contains("HTTP status 503: not now"), "\(failed.text)")
    }
}
