import Logging
import Model
import Synchronization
import TestSupport
import Testing

@testable import RemoteStorage
@testable import Scraper

@Suite struct RemoteWritingTests {
    private let log = SteadyLog()
    private let registry = MetricRegistry()

    private func writing() -> RemoteWriting {
        RemoteWriting(
            log: log, metadata: LongMetadata(), clock: SystemClock(), logger: quietLogger, registry: registry,
            newestTime: { 1 })
    }

    /// A receiver that is sent each sample by itself.
    private func configuration(_ server: ScriptedServer, _ path: String = "write") -> Configuration {
        var receiver = RemoteWriteConfiguration()
        receiver.url = "http://127.0.0.1:\(server.port)/\(path)"
        (receiver.queue.samplesPerSendMax, receiver.queue.capacity, receiver.queue.shardsMax) = (1, 1, 1)
        var configuration = Configuration()
        configuration.remoteWrite = [receiver]
        return configuration
    }

    /// The sum of a metric's values.
    private func value(_ name: String) -> Double? {
        let points = registry.collect().first { $0.name == "prometheus_remote_storage_\(name)" }?.points
        return points.map { $0.reduce(0) { $0 + $1.value } }
    }

    private func waitForSamples(more count: Double = 20) throws {
        let before = value("samples_total") ?? 0
        try eventually("samples are sent") { (value("samples_total") ?? 0) >= before + count ? () : nil }
    }

    private static func contentLength(_ request: String) -> Int {
        let line = request.lowercased().split(whereSeparator: \.isNewline).first { $0.hasPrefix("content-length:") }
        return line.flatMap { Int($0.dropFirst(15).filter { $0 != " " }) } ?? 0
    }

    @Test func samplesDoNotWaitForMetadataThatIsNotTaken() async throws {
        let server = try ScriptedServer { request, _ in
            ScriptedServer.page("", status: Self.contentLength(request) > 1000 ? "503 No" : "204 Yes")
        }
        defer { server.close() }
        let writing = writing()
        try await writing.apply(configuration(server))
        try waitForSamples()
        #expect(value("metadata_failed_total") ?? 0 > 0)
        #expect(value("samples_failed_total") == 0)
        await writing.stop()
    }

    @Test func metadataIsSentWhereSamplesAlwaysWait() async throws {
        let server = try ScriptedServer { _, _ in ScriptedServer.page("", status: "204 Yes") }
        defer { server.close() }
        let writing = writing()
        try await writing.apply(configuration(server))
        try eventually("metadata is sent") { value("metadata_total") ?? 0 > 0 ? () : nil }
        await writing.stop()
    }

    @Test func whereReceiversCannotBeStoredTheOldOnesStay() async throws {
        let server = try ScriptedServer { _, _ in ScriptedServer.page("", status: "204 Yes") }
        defer { server.close() }
        let writing = writing()
        try await writing.apply(configuration(server))
        try waitForSamples()
        log.isFull.store(true, ordering: .releasing)
        await #expect(throws: StorageError.self) { try await writing.apply(configuration(server, "other")) }
        try waitForSamples()
        #expect(!server.requests.contains { $0.contains("/other") })
        log.isFull.store(false, ordering: .releasing)
        try await writing.apply(configuration(server, "other"))
        try eventually("the other one is sent to") {
            server.requests.contains { $0.contains("/other") } ? () : nil
        }
        await writing.stop()
    }

    @Test func whatIsReadAtOnceIsBounded() {
        var queue = RemoteWriteConfiguration.Queue()
        #expect(SendLoop.unitSizes(queue, shards: 3) == (6000, 30_000))
        (queue.capacity, queue.samplesPerSendMax) = (1_000_000, 100_000)
        for shards in [1, 10, 11, 1000] {
            let (wanted, most) = SendLoop.unitSizes(queue, shards: shards)
            #expect(wanted <= most && most <= SendLoop.unitSamplesMax)
        }
    }

    @Test(arguments: [("0", nil), ("-1", nil), ("x", nil), ("", nil), ("2", 2000), ("999999", 3_600_000)])
    func onlyAWaitThatIsOneIsKept(_ text: String, _ waitMs: Int64?) {
        #expect(SendRound.retryAfterMs(text) == waitMs)
    }

    @Test func anyFlushDeadlineIsTaken() {
        let environment = SenderEnvironment(RemoteWriteConfiguration(), userAgent: "t", logger: quietLogger)
        environment.stop(within: .max)
        #expect(environment.isStopping && !environment.mustStopNow)
        environment.stop(within: .min)
        #expect(environment.mustStopNow)
    }
}

/// Says nothing.
let quietLogger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
