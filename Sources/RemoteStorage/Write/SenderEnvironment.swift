import Logging
import Model
import RemoteProtocol
import Scraper
import Synchronization

/// What the parts of a sender share.
final class SenderEnvironment: @unchecked Sendable {
    // SAFETY: `session` and `log` are used by the sender's thread alone, but for the session's `wake`, which any may
    // call; the rest is immutable or guarded by itself.

    let configuration: RemoteWriteConfiguration
    let userAgent: String
    let session = HTTPSession()
    let metrics = SenderMetrics()
    let log: SenderLog
    /// When what is under way is given up, in monotonic nanoseconds; `.max` while the sender is to go on.
    private let stopAt = Atomic<UInt64>(.max)

    /// The most of an answer that is read: it is only told.
    private static let replyBytesMax = 64 << 10
    /// Ten years: as good as for ever, and no overflow.
    private static let stopMsMax: Int64 = 10 * 365 * 86_400_000

    init(_ configuration: RemoteWriteConfiguration, userAgent: String, logger: Logger) {
        self.configuration = configuration
        self.userAgent = userAgent
        log = SenderLog(logger)
    }

    var isStopping: Bool { stopAt.load(ordering: .acquiring) != .max }
    var mustStopNow: Bool { stopAt.load(ordering: .acquiring) <= monotonicNs() }

    /// Asks the sender to end: what is under way has `milliseconds` left.
    func stop(within milliseconds: Int64) {
        let waitMs = min(max(0, milliseconds), SenderEnvironment.stopMsMax)
        stopAt.store(monotonicNs() + UInt64(waitMs) * 1_000_000, ordering: .releasing)
        session.wake()
    }

    func post(_ request: OutgoingRequest) -> HTTPPost {
        let isVersion2 = configuration.message == .v2 && request.metadata == 0
        var headers: [(name: String, value: String)] = [
            ("Content-Encoding", "snappy"),
            (
                "Content-Type",
                isVersion2
                    ? "application/x-protobuf;proto=\(RemoteWriteConfiguration.Message.v2.rawValue)"
                    : "application/x-protobuf"
            ),
            ("X-Prometheus-Remote-Write-Version", isVersion2 ? "2.0.0" : "0.1.0"),
        ]
        if request.tries > 0 { headers.append(("Retry-Attempt", "\(request.tries)")) }
        headers += configuration.headers.flatMap { header in header.values.map { (header.name, $0) } }
        return HTTPPost(
            url: configuration.url, timeoutMs: configuration.timeoutMs, userAgent: userAgent, http: configuration.http,
            headers: headers, body: request.body, replyBytesMax: SenderEnvironment.replyBytesMax)
    }
}
