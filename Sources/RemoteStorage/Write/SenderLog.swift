import Logging
import Model

/// What a sender says about a receiver: that it does not answer, once in a while and not for each try; and that it does
/// again. Used by one thread.
final class SenderLog {
    private let logger: Logger
    private var failingSince: UInt64?
    private var saidAt: UInt64 = 0
    private var refusalsUnsaid = 0
    private var refusalSaidAt: UInt64 = 0
    private var metadataSaidAt: UInt64 = 0

    /// How long a message of one kind stands for those that follow.
    private static let quietNs: UInt64 = 60_000_000_000

    init(_ logger: Logger) { self.logger = logger }

    func retrying(_ reason: String) {
        let now = monotonicNs()
        guard failingSince == nil || now - saidAt >= SenderLog.quietNs else { return }
        failingSince = failingSince ?? now
        saidAt = now
        logger.warning("failed to send samples, trying again", metadata: ["error": "\(reason)"])
    }

    func succeeded() {
        guard let since = failingSince else { return }
        failingSince = nil
        let seconds = (monotonicNs() - since) / 1_000_000_000
        logger.notice("samples are sent again", metadata: ["after": "\(seconds)s"])
    }

    func refused(_ request: OutgoingRequest, _ reason: String) {
        failingSince = nil
        let now = monotonicNs()
        guard refusalSaidAt == 0 || now - refusalSaidAt >= SenderLog.quietNs else { return refusalsUnsaid += 1 }
        var metadata: Logger.Metadata = [
            "samples": "\(request.samples)", "histograms": "\(request.histograms)",
            "exemplars": "\(request.exemplars)", "error": "\(reason)",
        ]
        if refusalsUnsaid > 0 { metadata["more"] = "\(refusalsUnsaid) requests since the last message" }
        logger.error("the receiver refuses samples, they are dropped", metadata: metadata)
        (refusalSaidAt, refusalsUnsaid) = (now, 0)
    }

    func metadataLost(_ reason: String) {
        let now = monotonicNs()
        guard metadataSaidAt == 0 || now - metadataSaidAt >= SenderLog.quietNs else { return }
        metadataSaidAt = now
        logger.warning("failed to send metadata, it is sent at the next interval", metadata: ["error": "\(reason)"])
    }

    func arrivedBefore(_ reason: String) {
        logger.notice(
            "samples that were sent again are refused; they arrived the first time", metadata: ["error": "\(reason)"])
    }

    func overtaken() {
        logger.error(
            "retention has deleted samples before they were sent; sending goes on with the oldest that are kept")
    }

    func failed(_ what: String, _ error: StorageError) {
        let now = monotonicNs()
        guard now - saidAt >= SenderLog.quietNs || saidAt == 0 else { return }
        saidAt = now
        logger.error("\(what)", metadata: ["error": "\(error)"])
    }
}
