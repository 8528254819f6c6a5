import Glibc
import Model
import TestSupport
import Testing

@testable import RemoteProtocol

/// A `tsdb serve` that sends what it gets to a real Prometheus.
@Suite(.serialized, .enabled(if: RealPrometheus.path != nil, "no Prometheus 3 on the PATH")) struct RemoteWriteTests {
    private static let start: Int64 = 1_700_000_100_000
    private static let step: Int64 = 15_000

    /// What one scrape of a few series brings.
    private func batch(_ index: Int) -> [WrittenSeries] {
        let time = Self.start + Int64(index) * Self.step
        var series = (0..<30).map { gpu in
            WrittenSeries(
                ["__name__": "load", "gpu": "\(gpu)"],
                [(time, .float(index % 50 == 49 ? StaleMarker.value : Double(index * 31 + gpu)))])
        }
        let count = Double(index % 7)
        // One series of each kind: of two kinds in a request Prometheus takes those of one first.
        for isFloat in [false, true] {
            let histogram = Histogram(
                isFloat: isFloat, counterReset: .gauge, count: count, sum: Double(index),
                positiveSpans: [.init(offset: 0, length: 1)], positiveBuckets: [count])
            series.append(WrittenSeries(["__name__": "level", "float": "\(isFloat)"], [(time, .histogram(histogram))]))
        }
        return series
    }

    private func config(_ port: Int, _ message: String, extra: String = "") -> String {
        """
        global: {external_labels: {cluster: home}}
        remote_write:
          - url: http://127.0.0.1:\(port)/api/v1/write
            protobuf_message: \(message)
            send_native_histograms: true
            send_exemplars: true
            queue_config: {batch_send_deadline: 100ms, max_samples_per_send: 100, capacity: 200, max_shards: 4,
              max_backoff: 200ms}
        \(extra)

        """
    }

    /// All series that a server gives by remote read, as they are sent; Prometheus has them in any order.
    private func everything(_ port: Int) throws -> Set<[UInt8]> {
        let query = ReadRequest.Query(
            startTime: Self.start, endTime: Self.start + 100_000_000,
            matchers: [try Matcher("__name__", .matches, "load|level")])
        let answer = try readSamples(port, ReadRequest(queries: [query], acceptedTypes: []))
        guard answer.status == 200 else { throw TestFailure("HTTP \(answer.status): \(answer.text)") }
        return try Set(seriesMessages(content(answer.body)))
    }

    private func metric(_ port: Int, _ name: String) throws -> Double {
        let page = try HTTPConnection(port: port).request("GET", "/metrics").text
        let values = page.split(separator: "\n").filter { $0.hasPrefix(name) }.compactMap { line in
            line.split(separator: " ").last.flatMap { Double($0) }
        }
        return values.reduce(0, +)
    }

    /// The receiver goes away and comes back, the sender is killed while it sends, and killed while the receiver is away.
    @Test(arguments: ["prometheus.WriteRequest", "io.prometheus.write.v2.Request"])
    func everySampleArrivesOnce(_ message: String) throws {
        let directory = TemporaryDirectory(.disk)
        let port = try freePort()
        let flags = ["--web.enable-remote-write-receiver"]
        func startReceiver() throws -> RealPrometheus {
            try RealPrometheus(data: directory.path + "/theirs", port: port, flags: ["--log.level=error"])
        }
        func startSender() throws -> TestServer {
            try TestServer(config: config(port, message), data: directory.path + "/ours", flags: flags)
        }
        var receiver = try startReceiver()
        defer { receiver.process.finish(SIGKILL) }
        var sender = try startSender()
        defer { sender.process.finish(SIGKILL) }
        for index in 0..<240 {
            switch index {
            case 40, 150: receiver.process.finish(SIGKILL)
            case 80, 200: receiver = try startReceiver()
            case 30, 81, 100, 120, 170, 201, 220:
                sender.process.finish(SIGKILL)
                sender = try startSender()
            case 60, 130:
                sender.process.finish(SIGTERM)
                sender = try startSender()
            default: break
            }
            try remoteWrite(batch(index), toPort: sender.port)
        }
        let sent = try everything(sender.port)
        let samples = Double(240 * 32)
        do {
            try eventually("everything has arrived", within: 60) { try everything(receiver.port) == sent ? () : nil }
        } catch {
            let arrived = try everything(receiver.port)
            let printed = "\(sender.process.printed.suffix(2000))\n\(receiver.process.printed.suffix(2000))"
            throw TestFailure("\(sent.intersection(arrived).count) of \(sent.count) series have arrived\n\(printed)")
        }
        #expect(try metric(receiver.port, "prometheus_tsdb_head_samples_appended_total") <= samples)
        #expect(try metric(sender.port, "prometheus_remote_storage_samples_failed_total") == 0)
        // Nothing is kept that was sent.
        try eventually("nothing is pending") {
            try metric(sender.port, "prometheus_remote_storage_samples_pending") == 0 ? () : nil
        }
    }

    private static let victoriaMetrics = findProgram("victoria-metrics")

    /// It has nothing against samples that come twice, and is told to count them once.
    @Test(.enabled(if: victoriaMetrics != nil, "no VictoriaMetrics on the PATH"))
    func everySampleArrivesAtVictoriaMetrics() throws {
        let directory = TemporaryDirectory(.disk)
        let port = try freePort()
        func startReceiver() throws -> ChildProcess {
            let process = try ChildProcess(
                Self.victoriaMetrics ?? "",
                [
                    "-storageDataPath=\(directory.path)/theirs", "-httpListenAddr=127.0.0.1:\(port)",
                    "-retentionPeriod=100y", "-dedup.minScrapeInterval=1ms", "-memory.allowedBytes=128MB",
                    "-search.latencyOffset=0s", "-search.disableCache",
                ])
            try eventually("VictoriaMetrics is ready") {
                (try? HTTPConnection(port: port).request("GET", "/health"))?.status == 200 ? () : nil
            }
            return process
        }
        func startSender() throws -> TestServer {
            try TestServer(
                config: config(port, "prometheus.WriteRequest"), data: directory.path + "/ours",
                flags: ["--web.enable-remote-write-receiver"])
        }
        var receiver = try startReceiver()
        defer { receiver.finish(SIGKILL) }
        var sender = try startSender()
        defer { sender.process.finish(SIGKILL) }
        for index in 0..<240 {
            switch index {
            case 50: receiver.finish(SIGTERM)
            case 100: receiver = try startReceiver()
            case 30, 70, 110, 180:
                sender.process.finish(SIGKILL)
                sender = try startSender()
            default: break
            }
            try remoteWrite(batch(index).filter { $0.labels["__name__"] == "load" }, toPort: sender.port)
        }
        let end = (Self.start + 240 * Self.step) / 1000
        func answer(_ port: Int, _ query: String) throws -> Double? {
            let text = try HTTPConnection(port: port, receiveTimeoutSeconds: 60).request(
                "GET", "/api/v1/query?query=\(percentEncoded(query))&time=\(end)"
            ).text
            let value = text.split(separator: "[").last?.split(separator: "\"").dropFirst().first
            return value.flatMap { Double($0) }
        }
        for function in ["count", "sum"] {
            let query = "sum(\(function)_over_time(load[2h]))"
            let held = try #require(try answer(sender.port, query))
            try eventually("everything has arrived") { try answer(port, query) == held ? () : nil }
        }
    }
}
