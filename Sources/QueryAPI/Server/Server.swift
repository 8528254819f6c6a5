import Hummingbird
import HummingbirdCore
import Logging
import Model
import NIOCore
import NIOPosix
import ServiceLifecycle

/// The HTTP server, ready to run.
///
/// - Parameters:
///   - onListening: called once with the port that is listened on.
/// - Returns: a service that listens until it is told to shut down, and then ends when the requests at hand are
///   answered. Its `run` throws ``ListenError`` where it cannot listen.
/// - Throws: where the expression for origins does not compile.
public func makeServer(
    _ dependencies: APIDependencies, options: APIOptions,
    onListening: @escaping @Sendable (_ port: Int) async -> Void = { _ in }
) throws(RegularExpression.SyntaxError) -> some Service {
    let origins = options.corsOrigin.isEmpty ? nil : try RegularExpression(options.corsOrigin)
    return APIServer(dependencies, options, origins: origins, onListening: onListening)
}

/// Why the server cannot listen, and what to do.
public struct ListenError: Error, CustomStringConvertible {
    public let address: ListenAddress
    public let reason: String
    public var description: String { "cannot listen on \(address): \(reason)" }
}

private struct APIServer: Service {
    private let api: API
    private let responder: APIResponder
    private let onListening: @Sendable (Int) async -> Void

    init(
        _ dependencies: APIDependencies, _ options: APIOptions, origins: RegularExpression?,
        onListening: @escaping @Sendable (Int) async -> Void
    ) {
        api = API(dependencies, options)
        let metrics = HTTPMetrics(routes: RouteTable.all.routes.map(\.path), registry: dependencies.registry)
        responder = APIResponder(api: api, routes: .all, metrics: metrics, origins: origins)
        registerProcessMetrics(dependencies.registry, dependencies.build, startTimeMs: dependencies.startTimeMs)
        self.onListening = onListening
    }

    func run() async throws {
        api.queryThreads.start()
        api.storageThreads.start()
        let result: Result<Void, any Error>
        do {
            let notifications = api.dependencies.notifications
            // Streams that never end by themselves would keep the server from ending.
            result = .success(
                try await withGracefulShutdownHandler {
                    try await application().run()
                } onGracefulShutdown: {
                    notifications.close()
                })
        } catch let error as IOError {
            result = .failure(ListenError(address: api.options.address, reason: advice(error)))
        } catch let error as NIOConnectionError {
            result = .failure(ListenError(address: api.options.address, reason: "\(error)"))
        } catch {
            result = .failure(error)
        }
        await api.queryThreads.shutDown()
        try? await api.storageThreads.shutdownGracefully()
        try result.get()
    }

    private func application() -> some Service {
        let options = api.options
        let timeout = TimeAmount.seconds(options.readTimeoutSeconds)
        let onListening = onListening
        // Hummingbird's own messages are its business; what matters of them is said by whoever runs the server.
        var quiet = api.dependencies.logger
        quiet.logLevel = max(quiet.logLevel, .warning)
        return Application(
            responder: responder,
            server: HTTPServerBuilder { ConnectionChannel(responder: $0, timeout: timeout) },
            configuration: ApplicationConfiguration(
                address: .hostname(options.address.bindHost, port: options.address.port),
                availableConnectionsDelegate: MaximumAvailableConnections(options.connectionsMax, logger: quiet)),
            onServerRunning: { channel in await onListening(channel.localAddress?.port ?? options.address.port) },
            logger: quiet)
    }
}

private func advice(_ error: IOError) -> String {
    switch error.errnoCode {
    case EADDRINUSE:
        "address already in use; stop the other server or choose another port with --web.listen-address"
    case EACCES: "permission denied; ports below 1024 need privileges, choose another with --web.listen-address"
    case EADDRNOTAVAIL: "this machine has no such address; choose another with --web.listen-address"
    default: error.description
    }
}
