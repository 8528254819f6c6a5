/// When each target is scraped: a pure state machine that is told the time.
///
/// A target is due at the times that are its offset plus a multiple of its interval since the Unix epoch, so that its
/// scrapes drift neither with their own duration nor over restarts.
struct ScrapeSchedule<ID> {
    private struct Entry {
        let id: ID
        let intervalMs: Int64
        let offsetMs: Int64
        var dueMs: Int64
    }

    /// A binary heap, the entry that is due first at its top.
    private var heap: [Entry] = []
    private var latestNowMs = Int64.min

    struct Due {
        let id: ID
        let dueMs: Int64
        /// How many scrapes between this one and the one before were not started in time to be made at all.
        let missed: Int
    }

    /// Replaces all targets.
    mutating func set(_ targets: [(id: ID, intervalMs: Int64, offsetMs: Int64)], nowMs: Int64) {
        latestNowMs = nowMs
        heap = []
        for target in targets {
            let dueMs = ScrapeSchedule.next(after: nowMs, target.intervalMs, target.offsetMs)
            heap.append(Entry(id: target.id, intervalMs: target.intervalMs, offsetMs: target.offsetMs, dueMs: dueMs))
        }
        heap.sort { $0.dueMs < $1.dueMs }
    }

    /// When the next target is due; nil where there is none.
    var nextDueMs: Int64? { heap.first?.dueMs }

    /// The next target that is due at `nowMs`, which is then scheduled anew; nil where none is.
    mutating func popDue(nowMs: Int64) -> Due? {
        if nowMs < latestNowMs { clockWentBack(nowMs) }
        latestNowMs = nowMs
        guard let entry = heap.first, entry.dueMs <= nowMs else { return nil }
        let nextMs = ScrapeSchedule.next(after: nowMs, entry.intervalMs, entry.offsetMs)
        let missed = (nextMs - entry.dueMs) / entry.intervalMs - 1
        heap[0].dueMs = nextMs
        siftDown()
        return Due(id: entry.id, dueMs: entry.dueMs, missed: Int(max(missed, 0)))
    }

    /// The first due time after `nowMs`.
    static func next(after nowMs: Int64, _ intervalMs: Int64, _ offsetMs: Int64) -> Int64 {
        let phase = (nowMs - offsetMs) % intervalMs
        return nowMs + intervalMs - (phase < 0 ? phase + intervalMs : phase)
    }

    /// The timestamp of a scrape: its due time where it was started at most 2 ms from it (1 % of the interval where
    /// that is less), so that timestamps are evenly spaced and compress well; otherwise the time of its start.
    ///
    /// - Source: Prometheus's `--scrape.timestamp-tolerance`.
    static func timestamp(startMs: Int64, dueMs: Int64, intervalMs: Int64) -> Int64 {
        let toleranceMs = min(2, intervalMs / 100)
        return startMs - dueMs <= toleranceMs && dueMs - startMs <= toleranceMs ? dueMs : startMs
    }

    /// Nobody should wait until the clock has caught up with due times that were computed before it was set back.
    private mutating func clockWentBack(_ nowMs: Int64) {
        for index in heap.indices where heap[index].dueMs - nowMs > heap[index].intervalMs {
            heap[index].dueMs = ScrapeSchedule.next(after: nowMs, heap[index].intervalMs, heap[index].offsetMs)
        }
        heap.sort { $0.dueMs < $1.dueMs }
    }

    private mutating func siftDown() {
        var parent = 0
        while true {
            var child = 2 * parent + 1
            guard child < heap.count else { return }
            if child + 1 < heap.count, heap[child + 1].dueMs < heap[child].dueMs { child += 1 }
            guard heap[child].dueMs < heap[parent].dueMs else { return }
            heap.swapAt(parent, child)
            parent = child
        }
    }
}
