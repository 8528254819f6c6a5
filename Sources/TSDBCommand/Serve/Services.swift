import Logging
import Model
import QueryAPI
import Scraper
import ServiceLifecycle
import TSDB
import UnixSignals

/// Scrapes from when the server listens until it is told to stop.
struct ScrapeService: Service {
    let parts: ConfiguredParts
    let configuration: ConfigurationFile
    /// The addresses, once they are listened on: a server that cannot listen shall not have begun to scrape.
    let listening: AsyncStream<[ListenAddress]>
    /// Whether a password or a certificate is asked of every client.
    let isClosed: Bool
    let serve: Serve

    func run() async throws {
        let logger = Logger(label: "tsdb")
        for await addresses in listening.cancelOnGracefulShutdown() {
            let places = addresses.map {
                "\($0.host.isEmpty ? "all addresses of this machine" : $0.host), port \($0.port)"
            }
            if !isClosed, !addresses.allSatisfy(\.isLoopback) {
                logger.warning(
                    "whoever reaches this machine can read and ask everything; --web.config.file asks for a password")
            }
            logger.info(
                "ready",
                metadata: [
                    "listening": "\(places.joined(separator: "; "))",
                    "store": "\(serve.storagePath)/\(Database.fileName)",
                    "retention": "\(serve.retentionText)",
                ])
            try await configuration.apply(to: parts)
            releaseProgramPages()
        }
        await parts.scraping.stop()
    }
}

/// Reads the configuration again at every SIGHUP.
struct ReloadOnHangup: Service {
    let configuration: ConfigurationFile
    let parts: ConfiguredParts
    let logger: Logger

    func run() async throws {
        for await _ in await UnixSignalsSequence(trapping: .sighup).cancelOnGracefulShutdown() {
            // What is wrong with the file has been logged; the configuration before it stays.
            try? await configuration.reload(into: parts)
        }
    }
}

/// Reads the configuration again whenever its file has changed.
struct AutoReload: Service {
    let configuration: ConfigurationFile
    let parts: ConfiguredParts
    /// How often the file is looked at; nil: never.
    let intervalMs: Int64?

    func run() async throws {
        try? await cancelWhenGracefulShutdown {
            while true {
                try await Task.sleep(for: .milliseconds(intervalMs ?? 86_400_000))
                guard intervalMs != nil, configuration.hasChanged() else { continue }
                // What is wrong with the file has been logged; the configuration before it stays.
                try? await configuration.reload(into: parts)
            }
        }
    }
}

/// Logs what goes wrong in the store, once each.
struct ProblemLog: Service {
    let database: Database
    let logger: Logger

    func run() async throws {
        try? await cancelWhenGracefulShutdown {
            while true {
                for problem in database.takeProblems() { logger.error("\(problem)") }
                try await Task.sleep(for: .seconds(1))
            }
        }
    }
}

/// Ends, and with it the whole server, at a request to `/-/quit`.
struct QuitService: Service {
    let requests: AsyncStream<Void>

    func run() async throws {
        for await _ in requests.cancelOnGracefulShutdown() { return }
    }
}
