import Model
import NIOPosix
import PromQL
import Synchronization

/// Everything that handlers share.
final class API: Sendable {
    let dependencies: APIDependencies
    let options: APIOptions
    /// The only threads that evaluate queries.
    let queryThreads: QueryThreads
    /// Threads for everything else that may wait for the disk: names, series, writes.
    let storageThreads: NIOThreadPool
    let queryMetrics: QueryMetrics
    let readGate: Gate
    let writeReceiver: RemoteWriteReceiver?
    let otlpReceiver: OTLPReceiver?

    let federationErrors: Counter

    init(_ dependencies: APIDependencies, _ options: APIOptions) {
        self.dependencies = dependencies
        self.options = options
        queryThreads = QueryThreads(count: max(1, options.queryConcurrencyMax))
        storageThreads = NIOThreadPool(numberOfThreads: 4)
        readGate = Gate(count: options.readConcurrencyMax)
        queryMetrics = QueryMetrics(registry: dependencies.registry, concurrencyMax: options.queryConcurrencyMax)
        federationErrors = dependencies.registry.counter(
            "prometheus_web_federation_errors_total",
            "Total number of errors that occurred while sending federation responses.")
        dependencies.notifications.register(in: dependencies.registry)
        let isReady = dependencies.isReady
        dependencies.registry.gauge("prometheus_ready", "Whether startup is complete and queries are answered.") {
            isReady() ? 1 : 0
        }
        writeReceiver =
            options.enableRemoteWriteReceiver
            ? dependencies.appendable.map { RemoteWriteReceiver($0, registry: dependencies.registry) } : nil
        otlpReceiver =
            options.enableOTLPReceiver
            ? dependencies.appendable.map {
                OTLPReceiver(
                    $0, dependencies.otlpSettings, lookbackMs: dependencies.engine.options.lookbackDeltaMs)
            } : nil
    }

    /// Runs `body`, which may block, on a thread that may be blocked.
    func onStorageThread<Value: Sendable>(
        _ body: @escaping @Sendable () throws(StorageError) -> Value
    ) async throws(APIError) -> Value {
        let result: Result<Value, StorageError>
        do {
            result = try await storageThreads.runIfActive {
                do throws(StorageError) { return .success(try body()) } catch { return .failure(error) }
            }
        } catch {
            throw APIError(.unavailable, "the server is shutting down")
        }
        switch result {
        case .success(let value): return value
        case .failure(let error): throw APIError(error)
        }
    }
}
