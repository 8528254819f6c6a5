import Hummingbird

/// What a collection came to: a page, or a sentence saying why there is none.
enum CollectionOutcome: Equatable, Sendable {
    case page(ByteBuffer)
    case failure(String)
}

/// Decides, for each scrape, whether the last page will do, whether to wait for the collection under way, or whether to
/// begin one. No clock, thread or lock in here: the `Collector` holds the lock and does what is answered.
///
/// dcgm-exporter collects in the background, every 30 s as shipped, so that a scrape gets values up to 30 s old and
/// GPUs are read when no one asks. Here a scrape collects, at most once per `intervalNs`: values are fresh, an exporter
/// that nobody scrapes does nothing, and any number of scrapers costs as much as one.
struct CollectionGate {
    enum Arrival: Equatable {
        /// Fresh enough.
        case answer(CollectionOutcome)
        /// Wait for the collection under way.
        case wait
        /// Wait, and begin the collection.
        case begin
        /// Too many are waiting, or the driver hangs.
        case refuse(String)
    }

    /// Collections are at least this far apart, from begin to begin.
    let intervalNs: UInt64
    /// Scrapes that may wait at once: more mean that a driver hangs.
    static let waitersMax = 64
    /// After this the driver counts as hanging: Prometheus's scrape timeout is 10 s as shipped.
    static let hangNs: UInt64 = 10_000_000_000

    private var last: (outcome: CollectionOutcome, begunNs: UInt64)?
    private var beganNs: UInt64?
    private(set) var waiterCount = 0

    init(intervalNs: UInt64) {
        self.intervalNs = intervalNs
    }

    mutating func arrive(nowNs: UInt64) -> Arrival {
        if let beganNs {
            if nowNs &- beganNs > Self.hangNs { return .refuse(hangText(nowNs &- beganNs)) }
            if waiterCount >= Self.waitersMax {
                return .refuse("\(waiterCount) scrapes are waiting for the GPU driver")
            }
            waiterCount += 1
            return .wait
        }
        if let last, nowNs &- last.begunNs < intervalNs { return .answer(last.outcome) }
        beganNs = nowNs
        waiterCount += 1
        return .begin
    }

    /// One of the waiting gave up.
    mutating func leave() {
        waiterCount = max(0, waiterCount - 1)
    }

    /// The collection under way ended; everyone who waits has this answer.
    mutating func finish(_ outcome: CollectionOutcome) {
        last = (outcome, beganNs ?? 0)
        beganNs = nil
        waiterCount = 0
    }

    /// Nil where the last collection succeeded or none has been asked for; otherwise what is wrong.
    func complaint(nowNs: UInt64) -> String? {
        if let beganNs, nowNs &- beganNs > Self.hangNs { return hangText(nowNs &- beganNs) }
        guard case .failure(let reason)? = last?.outcome else { return nil }
        return reason
    }

    private func hangText(_ elapsedNs: UInt64) -> String {
        "the GPU driver has not answered for \(elapsedNs / 1_000_000_000) s"
    }
}
