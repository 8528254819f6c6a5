import Glibc
import Synchronization

/// One GPU, or instance of one, as the page shows it.
struct EntityState: Sendable {
    var reading: GPUReading
    var history: EntityHistory
}

/// Reads one lane at its interval, and says what it read last.
final class LaneReader: Sendable {
    fileprivate struct State {
        /// Kept when a reading fails, because totals go on when the next one succeeds.
        var entities: [EntityState] = []
        var isUsable = false
        var problem: String?
        /// How many readings have ended, and when the one under way began.
        var endedCount = 0
        var begunNs: UInt64?
        var isStopped = false
    }

    private let lane: any GPULane
    private let intervalNs: UInt64
    private let windows: EntityHistory.Windows
    private let createdNs = monotonicNs()
    /// Never held while the lane is read.
    private let state = Mutex(State())

    init(_ lane: any GPULane, intervalNs: UInt64, windows: EntityHistory.Windows) {
        self.lane = lane
        self.intervalNs = intervalNs
        self.windows = windows
    }

    /// Reads until stopped. Readings begin at whole intervals from the first; one that takes longer skips what it missed.
    func run() {
        var dueNs = monotonicNs()
        while !state.withLock({ $0.isStopped }) {
            readOnce()
            let nowNs = monotonicNs()
            dueNs += intervalNs
            if dueNs <= nowNs { dueNs += (nowNs - dueNs) / intervalNs * intervalNs + intervalNs }
            sleep(untilNs: dueNs)
        }
    }

    private func sleep(untilNs: UInt64) {
        while !state.withLock({ $0.isStopped }) {
            let nowNs = monotonicNs()
            guard nowNs < untilNs else { return }
            // `usleep` takes less than a second.
            usleep(useconds_t(min((untilNs - nowNs) / 1000 + 1, 999_999)))
        }
    }

    func stop() {
        state.withLock { $0.isStopped = true }
    }

    func readOnce() {
        state.withLock { $0.begunNs = monotonicNs() }
        do {
            let readings = try lane.read()
            let nowNs = monotonicNs()
            state.withLock { $0.enter(readings, nowNs, windows) }
        } catch {
            state.withLock { $0.fail(error.description) }
        }
    }

    /// Whether so many readings have ended, or taken too long.
    func isReady(nowNs: UInt64, readings: Int = 1) -> Bool {
        nowNs &- createdNs > defaultHangNs || state.withLock { $0.endedCount >= readings }
    }

    /// What was read last; nothing, and why, where that is too old or failed.
    func current(nowNs: UInt64) -> (entities: [EntityState], problem: String?) {
        state.withLock { state in
            let begunNs = state.begunNs ?? (state.endedCount == 0 ? createdNs : nil)
            if let begunNs, nowNs > begunNs, nowNs - begunNs > lane.hangNs {
                let gpu = lane.gpus.first.map { "GPU \($0.index)" } ?? "the lane"
                let what = lane.gpus.count == 1 ? gpu : "the GPU driver"
                return ([], "\(what) has not answered for \(lane.hangNs / 1_000_000_000) s")
            }
            return (state.isUsable ? state.entities : [], state.problem)
        }
    }
}

extension LaneReader.State {
    mutating func enter(_ readings: [GPUReading], _ nowNs: UInt64, _ windows: EntityHistory.Windows) {
        if entities.count != readings.count {
            entities = readings.map { EntityState(reading: $0, history: EntityHistory(windows)) }
        }
        for (place, reading) in readings.enumerated() {
            entities[place].reading = reading
            entities[place].history.add(reading, atNs: nowNs)
        }
        isUsable = true
        problem = readings.lazy.compactMap(\.problem).first
        endedCount += 1
        begunNs = nil
    }

    mutating func fail(_ reason: String) {
        isUsable = false
        problem = reason
        endedCount += 1
        begunNs = nil
    }
}
