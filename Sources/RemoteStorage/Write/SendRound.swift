import Logging
import Model
import Scraper
import Synchronization

/// Sends the requests of a unit: those of a shard one after the other, and shards beside each other. Used by one thread.
///
/// 1. Every shard that has nothing under way begins its next request, unless that one is to wait.
/// 2. The session works until something is answered, or a wait is over.
/// 3. What was taken is done with; what may be taken later is tried again; the rest is dropped and counted.
final class SendRound {
    private let sender: SenderEnvironment
    private var shards: [[OutgoingRequest]]
    private var isUnderWay: [Bool]
    private let isMetadata: Bool
    /// What the session has brought, by shard.
    private let replies = Replies()

    /// - Parameter isMetadata: of which each request is tried once, so that samples do not wait for it.
    init(_ shards: [[OutgoingRequest]], _ sender: SenderEnvironment, isMetadata: Bool = false) {
        self.isMetadata = isMetadata
        // The next one last.
        self.shards = shards.map { $0.reversed() }
        isUnderWay = shards.map { _ in false }
        self.sender = sender
    }

    /// Returns when all is sent, or the sender is to stop: then nothing that failed is tried again.
    /// - Returns: whether all was.
    func run() -> Bool {
        while shards.contains(where: { !$0.isEmpty }) {
            if sender.mustStopNow { sender.session.cancelAll() }
            let hasFailed = shards.contains { $0.last.map { $0.tries > 0 } ?? false }
            let isEnding = sender.mustStopNow || sender.isStopping && hasFailed
            if isEnding, sender.mustStopNow || !isUnderWay.contains(true) { return false }
            let now = monotonicNs()
            if !isEnding { for shard in shards.indices { begin(shard, now) } }
            sender.session.poll(timeoutMs: waitMs(now))
            for reply in replies.take() {
                finish(reply.shard, reply.result, reply.seconds)
            }
        }
        return true
    }

    private func begin(_ shard: Int, _ now: UInt64) {
        guard !isUnderWay[shard], let request = shards[shard].last, request.retryAt <= now else { return }
        isUnderWay[shard] = true
        sender.session.start(sender.post(request)) { [replies] result in
            let seconds = Double(monotonicNs() - now) / 1e9
            replies.add(shard, result, seconds)
        }
    }

    private func waitMs(_ now: UInt64) -> Int64 {
        let waits = shards.indices.filter { !isUnderWay[$0] }.compactMap { shards[$0].last?.retryAt }
        guard let next = waits.min() else { return 1000 }
        return next <= now ? 0 : min(1000, Int64((next - now) / 1_000_000) + 1)
    }

    private func finish(_ shard: Int, _ result: Result<HTTPReply, HTTPFailure>, _ seconds: Double) {
        isUnderWay[shard] = false
        guard var request = shards[shard].popLast() else { return }
        request.tries += 1
        sender.metrics.duration.observe(seconds)
        switch verdict(result, request) {
        case .taken:
            sender.metrics.sent(request)
            sender.log.succeeded()
        case .arrivedBefore(let reason): sender.log.arrivedBefore(reason)
        case .refused(let reason):
            sender.metrics.failed(request)
            sender.log.refused(request, reason)
        case .tryAgain(let reason, _) where isMetadata:
            sender.metrics.failed(request)
            sender.log.metadataLost(reason)
        case .tryAgain(let reason, let waitMs):
            sender.metrics.retried(request)
            sender.log.retrying(reason)
            if case .failure = result { request.mayHaveArrived = true }
            let queue = sender.configuration.queue
            request.backoffMs = min(max(2 * request.backoffMs, queue.backoffMinMs), queue.backoffMaxMs)
            request.retryAt = monotonicNs() + UInt64(waitMs ?? request.backoffMs) * 1_000_000
            shards[shard].append(request)
        }
        sender.metrics.pending.store(
            shards.reduce(0) { $0 + $1.reduce(0) { $0 + $1.samples + $1.histograms } }, ordering: .relaxed)
    }

    private enum Verdict {
        case taken
        /// It is refused for being there already, as far as can be told.
        case arrivedBefore(String)
        case refused(String)
        case tryAgain(String, waitMs: Int64?)
    }

    /// - Source: Prometheus 3.5, `storage/remote/client.go`: 5xx are tried again, 429 where that is asked for.
    private func verdict(_ result: Result<HTTPReply, HTTPFailure>, _ request: OutgoingRequest) -> Verdict {
        switch result {
        case .failure(let failure): return .tryAgain(failure.description, waitMs: nil)
        case .success(let reply):
            if reply.status / 100 == 2 { return .taken }
            let reason = "server returned HTTP status \(reply.status): \(firstLine(reply.body))"
            if reply.status / 100 == 5 || reply.status == 429 && sender.configuration.queue.retriesOn429 {
                return .tryAgain(reason, waitMs: SendRound.retryAfterMs(reply.retryAfter))
            }
            return request.mayHaveArrived && [400, 409].contains(reply.status)
                ? .arrivedBefore(reason) : .refused(reason)
        }
    }

    /// Seconds, at most what may be waited for; with a date, which is not understood, or none the usual wait is made.
    static func retryAfterMs(_ text: String) -> Int64? {
        guard let seconds = Int64(text), seconds > 0 else { return nil }
        return min(seconds, SendRound.retryAfterSecondsMax) * 1000
    }

    private static let retryAfterSecondsMax: Int64 = 3600
}

/// The first line of an answer, at most 256 characters, without control characters.
func firstLine(_ body: [UInt8]) -> String {
    let line = body.prefix(1024).prefix { $0 != UInt8(ascii: "\n") }
    return String(String(decoding: line, as: UTF8.self).filter { !$0.isNewline && $0 != "\0" }.prefix(256))
}

/// What a session brings to a round.
private final class Replies: Sendable {
    typealias Reply = (shard: Int, result: Result<HTTPReply, HTTPFailure>, seconds: Double)

    private let list = Mutex<[Reply]>([])

    func add(_ shard: Int, _ result: Result<HTTPReply, HTTPFailure>, _ seconds: Double) {
        list.withLock { $0.append((shard, result, seconds)) }
    }

    func take() -> [Reply] {
        list.withLock { list in
            defer { list = [] }
            return list
        }
    }
}
