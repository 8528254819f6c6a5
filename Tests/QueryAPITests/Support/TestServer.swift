import Logging
import Model
import PromQL
import QueryAPI
import ServiceLifecycle
import Synchronization
import TestSupport

/// A clock that stands still.
struct FixedClock: WallClock {
    let ms: Int64

    func nowMs() -> Int64 { ms }
}

struct FixedTargets: TargetProvider {
    var targets: [TargetStatus] = []

    func activeTargets() -> [TargetStatus] { targets }
}

/// What a test changes of a server before it starts.
struct ServerSetup {
    var store: any Queryable & Appendable & MetadataProvider
    var options: APIOptions
    var dependencies: APIDependencies

    init(_ store: any Queryable & Appendable & MetadataProvider) {
        self.store = store
        options = APIOptions(address: ListenAddress(host: "127.0.0.1", port: 0))
        options.enableRemoteWriteReceiver = true
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        dependencies = APIDependencies(
            queryable: store, appendable: store, metadata: store, targets: FixedTargets(), engine: Engine(),
            registry: MetricRegistry(), logger: logger,
            build: BuildDescription(
                version: "3.14.0", revision: "r", branch: "b", buildUser: "u", buildDate: "d", compiler: "c"),
            startTimeMs: 1_700_000_000_000)
        dependencies.clock = FixedClock(ms: 1_700_000_000_000)
        dependencies.retention = "7d"
    }
}

/// Runs a server on a free port while `body` runs.
func withServer<Value>(
    _ store: any Queryable & Appendable & MetadataProvider = sampleStore(),
    _ change: (inout ServerSetup) -> Void = { _ in },
    _ body: (_ port: Int) async throws -> Value
) async throws -> Value {
    var setup = ServerSetup(store)
    change(&setup)
    let (ports, gotPort) = AsyncStream<Int>.makeStream()
    let server = try makeServer(setup.dependencies, options: setup.options) { gotPort.yield($0[0].port) }
    let group = ServiceGroup(services: [server], logger: setup.dependencies.logger)
    let run = Task {
        defer { gotPort.finish() }
        try await group.run()
    }
    var iterator = ports.makeAsyncIterator()
    guard let port = await iterator.next() else {
        try await run.value
        throw TestFailure("the server ended before it listened")
    }
    do {
        let value = try await body(port)
        run.cancel()
        try? await run.value
        return value
    } catch {
        run.cancel()
        try? await run.value
        throw error
    }
}

/// One request on a connection of its own.
func ask(
    _ port: Int, _ method: String, _ target: String, headers: [(String, String)] = [], body: [UInt8] = []
) async throws -> HTTPAnswer {
    try await HTTPClient(port: port).request(method, target, headers: headers, body: body)
}

/// A GET whose parameters are encoded.
func get(_ port: Int, _ path: String, _ parameters: [(String, String)] = []) async throws -> HTTPAnswer {
    try await ask(port, "GET", parameters.isEmpty ? path : path + "?" + form(parameters))
}

/// A POST of a form.
func post(_ port: Int, _ path: String, _ parameters: [(String, String)] = []) async throws -> HTTPAnswer {
    try await ask(
        port, "POST", path, headers: [("Content-Type", "application/x-www-form-urlencoded")],
        body: Array(form(parameters).utf8))
}
