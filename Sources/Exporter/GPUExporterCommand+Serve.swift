import Glibc
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import ServiceLifecycle
import Synchronization
import WebConfig

/// Connections at once: a Prometheus or two keep one each, people's browsers a few.
private let connectionsMax = 256
/// Idle connections are closed after this; longer than any usual scrape interval, so that each keeps its connection.
private let idleTimeout = TimeAmount.seconds(180)

/// Opens the source, says what it is, and answers until SIGINT or SIGTERM.
///
/// - Throws: `SourceError` where there is nothing to read or the address cannot be listened on.
func serve(_ settings: Settings, logger: Logger) async throws {
    for warning in settings.warnings { logger.warning("\(warning)") }
    // The service takes them over when it runs. Until then a driver that hangs is not to keep it alive, which the first
    // process of a container is without handlers.
    signal(SIGTERM, endAtOnce)
    signal(SIGINT, endAtOnce)
    let access = try settings.webConfigFile.map { path throws(SourceError) in try openWebConfig(path, logger) }
    let source = try openSource(settings.source, settings.request)
    logger.notice("\(sourceLine(source))")
    for warning in source.warnings { logger.warning("\(warning)") }
    let collector = Collector(source: source, settings: settings, logger: logger)
    try collector.start()
    defer { collector.stop() }
    // The first scrape is to find a page, and a GPU that hangs is not to keep it from the others.
    while !collector.isReady { try await Task.sleep(for: .milliseconds(5)) }
    let isListening = Mutex(false)
    // The framework's own notices would only repeat ours.
    var quiet = logger
    quiet.logLevel = .error
    let application = Application(
        responder: WebDoor(inner: exporterRouter(collector).buildResponder(), access: access),
        server: HTTPServerBuilder {
            WebChannel(
                http: HTTP1Channel(responder: $0, configuration: .init(idleTimeout: idleTimeout)), access: access)
        },
        configuration: .init(
            address: .hostname(settings.address.bindHost, port: settings.address.port), serverName: "gpu-exporter",
            availableConnectionsDelegate: MaximumAvailableConnections(connectionsMax)),
        onServerRunning: { _ in
            isListening.withLock { $0 = true }
            logger.notice("listening on \(listeningText(settings.address)), metrics at /metrics")
        },
        logger: quiet)
    access?.start()
    do {
        try await application.runService()
        await access?.shutDown()
    } catch {
        await access?.shutDown()
        if isListening.withLock({ $0 }) { throw error }
        throw SourceError("cannot listen on \(settings.address): \(bindReason(error))")
    }
}

private func endAtOnce(_ signal: Int32) { _exit(128 + signal) }

/// `NVML 570.86.10: 8 GPUs: 8 × NVIDIA H100 80GB HBM3`: which source, how many GPUs, which.
func sourceLine(_ source: any GPUSource) -> String {
    var counts: [(name: String, count: Int)] = []
    for gpu in source.gpus {
        if let known = counts.firstIndex(where: { $0.name == gpu.modelName }) {
            counts[known].count += 1
        } else {
            counts.append((gpu.modelName, 1))
        }
    }
    let models = counts.map { "\($0.count) × \($0.name)" }.joined(separator: ", ")
    let total = source.gpus.count
    return "source \(source.name), driver \(source.driverVersion), \(total) GPU\(total == 1 ? "" : "s"): \(models)"
        .printable
}

private func listeningText(_ address: ListenAddress) -> String {
    address.host.isEmpty ? "port \(address.port) of all addresses" : address.description
}

/// Why an address could not be listened on, in the system's words.
private func bindReason(_ error: any Error) -> String {
    switch error {
    case let error as IOError: String(cString: strerror(error.errnoCode))
    case let error as SocketAddressError.UnknownHost: "the name \(error.host) does not resolve"
    default: "\(error)"
    }
}
