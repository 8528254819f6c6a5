import Logging
import Model
import QueryAPI
import RemoteStorage
import Scraper
import Synchronization
import TSDB

/// What a configuration is for.
struct ConfiguredParts: Sendable {
    let scraping: ScrapeManager
    let database: Database
    let writing: RemoteWriting
    let reading: RemoteReading
}

/// The configuration file, as it was last read without a fault.
final class ConfigurationFile: Sendable {
    private static let failureNotification = "Configuration reload has failed."

    private struct State {
        var configuration: Configuration
        var status: ConfigurationStatus
        /// Of the files when they were last read.
        var content: ConfigurationContent
    }

    private let path: String
    private let logger: Logger
    private let notifications: Notifications
    private let state: Mutex<State>
    /// What was asked for last of what is done in turn.
    private let last = Mutex<Task<Void, any Error>?>(nil)

    /// - Throws: ``ConfigurationError`` with every fault of the file.
    init(path: String, logger: Logger, registry: MetricRegistry, notifications: Notifications) throws {
        self.path = path
        self.logger = logger
        self.notifications = notifications
        let (result, content) = Configuration.read(path: path)
        let configuration = try result.get()
        let status = ConfigurationStatus(yaml: configuration.yamlText, lastReloadMs: SystemClock().nowMs())
        state = Mutex(
            State(configuration: configuration, status: status, content: content))
        for warning in configuration.warnings { logger.warning("\(warning)") }
        registry.gauge("prometheus_config_last_reload_successful", "Whether the last reading of the file succeeded.") {
            [weak self] in self?.status.lastReloadSucceeded == true ? 1 : 0
        }
        registry.gauge(
            "prometheus_config_last_reload_success_timestamp_seconds", "When the file was last read without a fault."
        ) { [weak self] in Double(self?.status.lastReloadMs ?? 0) / 1000 }
    }

    /// What was read last without a fault.
    var current: Configuration { state.withLock { $0.configuration } }

    /// Whether the file can be read and is not what it was when it was last read, well or badly, or a further file that it
    /// names is not.
    func hasChanged() -> Bool {
        state.withLock { $0.content }.hasChanged(path: path)
    }

    var status: ConfigurationStatus { state.withLock { $0.status } }

    /// Starts scraping what the file says, and storing and sending as it says.
    func apply(to parts: ConfiguredParts) async throws {
        try await inTurn { try await self.applyNow(self.current, to: parts) }
    }

    /// Reads the file again. Where it has a fault, that is logged and thrown, and what was read before stays in force.
    func reload(into parts: ConfiguredParts) async throws {
        try await inTurn { try await self.reloadNow(into: parts) }
    }

    /// Does one thing after another, since a configuration that is applied while the next is would partly stay in force.
    private func inTurn(_ work: @escaping @Sendable () async throws -> Void) async throws {
        let task = last.withLock { last in
            let task = Task { [last] in
                _ = await last?.result
                try await work()
            }
            last = task
            return task
        }
        try await task.value
    }

    private func applyNow(_ configuration: Configuration, to parts: ConfiguredParts) async throws {
        // Before the first sample: what comes is kept for those it is sent to. All else cannot fail.
        try await parts.writing.apply(configuration)
        parts.database.setOutOfOrderWindow(ms: configuration.storage.outOfOrderMs)
        parts.reading.apply(configuration)
        parts.scraping.apply(configuration)
    }

    private func reloadNow(into parts: ConfiguredParts) async throws {
        do {
            let (result, content) = Configuration.read(path: path)
            state.withLock { $0.content = content }
            let configuration = try result.get()
            for warning in configuration.warnings { logger.warning("\(warning)") }
            try await applyNow(configuration, to: parts)
            state.withLock { state in
                state.configuration = configuration
                state.status = ConfigurationStatus(yaml: configuration.yamlText, lastReloadMs: SystemClock().nowMs())
            }
            notifications.remove(ConfigurationFile.failureNotification)
            logger.info("configuration reloaded", metadata: ["file": "\(path)"])
        } catch {
            state.withLock { $0.status.lastReloadSucceeded = false }
            notifications.add(ConfigurationFile.failureNotification)
            logger.error("configuration not reloaded, the one before stays", metadata: ["error": "\(error)"])
            throw error
        }
    }
}
