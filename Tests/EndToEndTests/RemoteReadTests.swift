import Glibc
import Model
import Protobuf
import TestSupport
import Testing

@testable import RemoteProtocol

/// A real Prometheus that has no samples of its own, and reads those of a `tsdb serve`.
@Suite(.enabled(if: RealPrometheus.path != nil, "no Prometheus 3 on the PATH")) struct RemoteReadTests {
    private static let start: Int64 = 1_700_000_100_000
    private static let step: Int64 = 15_000
    private static let count = 400

    private static let series: [WrittenSeries] = {
        func samples(_ value: (Int) -> WrittenSample) -> [(time: Int64, sample: WrittenSample)] {
            (0..<count).map { (start + Int64($0) * step, value($0)) }
        }
        var all: [WrittenSeries] = []
        for gpu in 0..<3 {
            all.append(
                WrittenSeries(
                    ["__name__": "load", "gpu": "\(gpu)"],
                    samples { $0 == 200 ? .float(StaleMarker.value) : .float(Double($0 * (gpu + 1) % 97) / 4) }))
        }
        all.append(WrittenSeries(["__name__": "total", "cluster": "own"], samples { .float(Double($0 % 150)) }))
        for isFloat in [false, true] {
            all.append(
                WrittenSeries(
                    ["__name__": "delay", "kind": isFloat ? "float" : "whole"],
                    samples { index in
                        let grown = Double(index % 170)
                        return .histogram(
                            Histogram(
                                schema: 2, isFloat: isFloat, zeroThreshold: 0.001, zeroCount: 1, count: 3 * grown + 1,
                                sum: grown / 4, positiveSpans: [.init(offset: -2, length: 2)],
                                negativeSpans: [.init(offset: 1, length: 1)], positiveBuckets: [grown, grown],
                                negativeBuckets: [grown]))
                    }))
        }
        all.append(
            WrittenSeries(
                ["__name__": "level"],
                samples {
                    .histogram(
                        Histogram(
                            isFloat: false, counterReset: .gauge, count: Double($0 % 7), sum: Double($0),
                            positiveSpans: [.init(offset: 0, length: 1)], positiveBuckets: [Double($0 % 7)]))
                }))
        return all
    }()

    /// Where two answers begin to differ.
    private func difference(_ a: String, _ b: String) -> String {
        let length = zip(a, b).prefix { $0 == $1 }.count
        let start = max(0, length - 100)
        return "\(a.dropFirst(start).prefix(300))\n\(b.dropFirst(start).prefix(300))"
    }

    private static let queries = [
        "load", "sum by (gpu) (rate(load[5m]))", "delay", "histogram_quantile(0.9, rate(delay[5m]))", "total",
        "increase(total[10m])", #"load{cluster="home",gpu=~"1|2"}"#,
        #"count_over_time({__name__=~".+"}[10m])"#, "histogram_count(level)",
    ]

    private func ours() throws -> TestServer {
        let server = try TestServer(
            config: "global: {external_labels: {cluster: home, replica: a}}\n",
            flags: ["--web.enable-remote-write-receiver"])
        try remoteWrite(Self.series, toPort: server.port)
        return server
    }

    private func answer(_ port: Int, _ query: String) throws -> String {
        let end = Self.start + Int64(Self.count) * Self.step
        return try HTTPConnection(port: port, receiveTimeoutSeconds: 60).request(
            "POST", "/api/v1/query_range", headers: [("Content-Type", "application/x-www-form-urlencoded")],
            body: Array(
                "query=\(percentEncoded(query))&start=\(Self.start / 1000)&end=\(end / 1000)&step=60".utf8)
        ).text
    }

    /// As Prometheus asks, which is for chunks.
    @Test func prometheusAnswersFromOurSamples() throws {
        let server = try ours()
        defer { server.process.finish(SIGKILL) }
        let directory = TemporaryDirectory(.disk)
        let reader = try RealPrometheus(
            data: directory.path,
            config: "remote_read: [{url: '\(server.url)/api/v1/read', read_recent: true}]\n")
        defer { reader.process.finish(SIGKILL) }
        // Its own answers when it holds what ours does, with the labels that series have outside.
        let other = TemporaryDirectory(.disk)
        let holder = try RealPrometheus(data: other.path)
        defer { holder.process.finish(SIGKILL) }
        try holder.write(
            Self.series.map { one in
                var builder = LabelsBuilder(["cluster": "home", "replica": "a"])
                for label in one.labels { builder.set(label.name, label.value) }
                return WrittenSeries(builder.labels(), one.samples)
            })
        for query in Self.queries {
            let (read, held) = (try answer(reader.port, query), try answer(holder.port, query))
            let isSame = read == held
            #expect(isSame, "\(query): \(difference(read, held))")
        }
        #expect(try answer(reader.port, "load").contains(#""cluster":"home""#))
    }

    /// What is asked for as samples is, byte by byte, what Prometheus would answer.
    @Test func samplesAreThoseOfPrometheus() throws {
        let server = try ours()
        defer { server.process.finish(SIGKILL) }
        let directory = TemporaryDirectory(.disk)
        let holder = try RealPrometheus(
            data: directory.path, config: "global: {external_labels: {cluster: home, replica: a}}\n")
        defer { holder.process.finish(SIGKILL) }
        try holder.write(Self.series)
        for matchers in [
            [try Matcher("__name__", .matches, "load|total")], [Matcher("__name__", equals: "level")],
            [Matcher("__name__", equals: "load"), Matcher("cluster", equals: "home")],
            [Matcher("__name__", equals: "load"), Matcher("cluster", equals: "none")],
        ] {
            let query = ReadRequest.Query(
                startTime: Self.start + 100_000, endTime: Self.start + 900_000, matchers: matchers)
            for types in [[ReadRequest.ResponseType.samples], []] {
                let request = ReadRequest(queries: [query, query], acceptedTypes: types)
                let (mine, theirs) = (try readSamples(server.port, request), try readSamples(holder.port, request))
                try #require(mine.status == 200 && theirs.status == 200, "\(mine.text) \(theirs.text)")
                #expect(mine.header("Content-Type") == theirs.header("Content-Type"))
                #expect(mine.header("Content-Encoding") == theirs.header("Content-Encoding"))
                // Which Prometheus has in any order.
                let (a, b) = try (content(mine.body), content(theirs.body))
                let isSame = try Set(seriesMessages(a)) == Set(seriesMessages(b)) && a.count == b.count
                #expect(isSame && !a.isEmpty, "\(matchers): \(a.count) and \(b.count) bytes")
            }
        }
    }

}

/// Asks a server for samples by remote read.
func readSamples(_ port: Int, _ request: ReadRequest) throws -> HTTPAnswer {
    try HTTPConnection(port: port, receiveTimeoutSeconds: 60).request(
        "POST", "/api/v1/read",
        headers: [("Content-Type", "application/x-protobuf"), ("Content-Encoding", "snappy")],
        body: snappyCompressed(request.encoded()))
}

/// What a body in snappy's format holds.
func content(_ body: [UInt8]) throws -> [UInt8] {
    try body.withUnsafeBytes { try snappyDecompressed($0, bytesMax: 64 << 20) }
}

/// The series of the results of a ReadResponse.
func seriesMessages(_ response: [UInt8]) throws -> [[UInt8]] {
    var series: [[UInt8]] = []
    try response.withUnsafeBytes { bytes in
        var results = ProtobufReader(bytes)
        while let (_, value) = try results.next() {
            guard case .bytes(let result) = value else { continue }
            var reader = ProtobufReader(result)
            while let (_, value) = try reader.next() {
                if case .bytes(let one) = value { series.append(Array(one)) }
            }
        }
    }
    return series
}
