import Logging
import Model
import Synchronization

/// Whether the store takes what is scraped, so that a full disk costs one log line and not one per target and scrape.
final class StoreHealth: Sendable {
    private let lastError = Mutex<StorageError?>(nil)

    func failed(_ error: StorageError, _ logger: Logger) {
        let isNews = lastError.withLock { last in
            defer { last = error }
            return last != error
        }
        if isNews { logger.error("cannot store what is scraped", metadata: ["error": "\(error)"]) }
    }

    func recovered(_ logger: Logger) {
        let isNews = lastError.withLock { last in
            defer { last = nil }
            return last != nil
        }
        if isNews { logger.notice("what is scraped can be stored again") }
    }
}
