import CCurl
import Model
import Synchronization

/// The one thread on which all pages are fetched: libcurl's multi interface, and a schedule that says when.
///
/// 1. Take what others left in the inbox: another schedule, or the wish to stop.
/// 2. Start the transfers that are due.
/// 3. Let libcurl work; hand finished transfers to their completion handlers.
/// 4. Sleep until a socket is ready, the next transfer is due, or somebody leaves something in the inbox.
final class FetchThread: Sendable {
    struct Inbox {
        var targets: [Target]?
        var isStopping = false
    }

    private let inbox = Mutex(Inbox())
    private let hasEnded = Mutex(false)
    // SAFETY: a multi handle, used by the thread only but for `curl_multi_wakeup`, which any thread may call, and freed
    // in `deinit`, when the thread has ended: it holds a reference to this object while it runs.
    nonisolated(unsafe) private let multi: UnsafeMutableRawPointer?
    private let clock: any WallClock
    /// Makes the request of a target that is due, and what is to be done with the answer; nil to leave the scrape out.
    private let begin: @Sendable (Target, _ dueMs: Int64, _ missed: Int) -> Fetch?

    init(clock: any WallClock, begin: @escaping @Sendable (Target, _ dueMs: Int64, _ missed: Int) -> Fetch?) {
        // Not thread-safe in old versions of libcurl; a lazily initialised global runs once.
        _ = curlIsReady
        multi = curl_multi_init()
        self.clock = clock
        self.begin = begin
    }

    deinit {
        if let multi { curl_multi_cleanup(multi) }
    }

    func start() {
        if !startThread({ [self] in run() }) { hasEnded.withLock { $0 = true } }
    }

    /// Replaces all targets.
    func schedule(_ targets: [Target]) {
        inbox.withLock { $0.targets = targets }
        wake()
    }

    /// Ends the thread; transfers under way are dropped. Returns at once.
    func stop() {
        inbox.withLock { $0.isStopping = true }
        wake()
    }

    var isEnded: Bool { hasEnded.withLock { $0 } }

    private func wake() {
        if let multi { curl_multi_wakeup(multi) }
    }

    private func run() {
        defer { hasEnded.withLock { $0 = true } }
        guard let multi else { return }
        var transfers = Transfers(multi: multi)
        defer { transfers.removeAll() }
        var schedule = ScrapeSchedule<Target>()
        while true {
            let letter = inbox.withLock { inbox in
                defer { inbox.targets = nil }
                return inbox
            }
            if letter.isStopping { return }
            if let targets = letter.targets {
                schedule.set(
                    targets.map { ($0, $0.description.intervalMs, $0.description.offsetMs) }, nowMs: clock.nowMs())
                transfers.expect(targets.count)
            }
            while let due = schedule.popDue(nowMs: clock.nowMs()) {
                if let fetch = begin(due.id, due.dueMs, due.missed) { transfers.start(fetch) }
            }
            transfers.perform()
            let waitMs = schedule.nextDueMs.map { min(max($0 - clock.nowMs(), 0), FetchThread.waitMsMax) }
            transfers.poll(timeoutMs: waitMs ?? FetchThread.waitMsMax)
        }
    }

    /// The longest sleep: how long a clock that was set may go unnoticed.
    private static let waitMsMax: Int64 = 1000
}

/// Whether libcurl could be initialised.
let curlIsReady: Bool = curl_global_init(Int(CURL_GLOBAL_SSL | CURL_GLOBAL_WIN32)) == CURLE_OK
