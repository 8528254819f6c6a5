import Hummingbird
import HummingbirdCore
import Logging
import Model
import NIOCore
import NIOPosix
import ServiceLifecycle
import Synchronization
import WebConfig

/// The HTTP server, ready to run.
///
/// - Parameters:
///   - onListening: called once with the addresses that are listened on, each with the port that it got.
/// - Returns: a service that listens until it is told to shut down, and then ends when the requests at hand are
///   answered. Its `run` throws ``ListenError`` where it cannot listen.
/// - Throws: where the expression for origins does not compile.
public func makeServer(
    _ dependencies: APIDependencies, options: APIOptions,
    onListening: @escaping @Sendable (_ addresses: [ListenAddress]) async -> Void = { _ in }
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
    private let onListening: @Sendable ([ListenAddress]) async -> Void

    init(
        _ dependencies: APIDependencies, _ options: APIOptions, origins: RegularExpression?,
        onListening: @escaping @Sendable ([ListenAddress]) async -> Void
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
        api.options.access?.start()
        let result: Result<Void, any Error>
        let notifications = api.dependencies.notifications
        do {
            // Streams that never end by themselves would keep the server from ending.
            try await withGracefulShutdownHandler {
                try await listen()
            } onGracefulShutdown: {
                notifications.close()
            }
            result = .success(())
        } catch {
            result = .failure(error)
        }
        await api.queryThreads.shutDown()
        try? await api.storageThreads.shutdownGracefully()
        await api.options.access?.shutDown()
        try result.get()
    }

    /// Listens on every address until told to stop. The end of one is the end of all.
    private func listen() async throws {
        let bound = BoundAddresses(api.options.addresses)
        let onListening = onListening
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, address) in api.options.addresses.enumerated() {
                group.addTask {
                    try await listen(on: address) { port in
                        if let all = bound.add(index, port) { await onListening(all) }
                    }
                }
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    private func listen(
        on address: ListenAddress, onBound: @escaping @Sendable (_ port: Int) async -> Void
    ) async throws {
        do {
            try await application(address, onBound).run()
        } catch let error as IOError {
            throw ListenError(address: address, reason: advice(error))
        } catch let error as NIOConnectionError {
            throw ListenError(address: address, reason: "\(error)")
        }
    }

    private func application(
        _ address: ListenAddress, _ onBound: @escaping @Sendable (_ port: Int) async -> Void
    ) -> some Service {
        let options = api.options
        let timeout = TimeAmount.seconds(options.readTimeoutSeconds)
        // Hummingbird's own messages are its business; what matters of them is said by whoever runs the server.
        var quiet = api.dependencies.logger
        quiet.logLevel = max(quiet.logLevel, .warning)
        return Application(
            responder: responder,
            server: HTTPServerBuilder {
                ConnectionChannel(responder: $0, timeout: timeout, access: options.access)
            },
            configuration: ApplicationConfiguration(
                address: .hostname(address.bindHost, port: address.port),
                availableConnectionsDelegate: MaximumAvailableConnections(options.connectionsMax, logger: quiet)),
            onServerRunning: { channel in await onBound(channel.localAddress?.port ?? address.port) },
            logger: quiet)
    }
}

/// The addresses of a server, as one after another is listened on.
private final class BoundAddresses: Sendable {
    private let state: Mutex<(addresses: [ListenAddress], missing: Set<Int>)>

    init(_ addresses: [ListenAddress]) { state = Mutex((addresses, Set(addresses.indices))) }

    /// Takes the port of one. Returns all when this is the last of them.
    func add(_ index: Int, _ port: Int) -> [ListenAddress]? {
        state.withLock { state in
            state.addresses[index].port = port
            state.missing.remove(index)
            return state.missing.isEmpty ? state.addresses : nil
        }
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
