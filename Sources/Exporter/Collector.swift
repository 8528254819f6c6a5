import Glibc
import Logging
import NIOCore
import Synchronization

/// What a scrape gets: a page, or a sentence saying why there is none.
enum PageOutcome: Equatable, Sendable {
    case page(ByteBuffer)
    case failure(String)
}

/// Reads every lane of a source again and again, each on a thread of its own, and makes pages from what was read last.
///
/// A scrape never waits for a driver: a GPU that hangs, or that cannot be read, is left out of the page, and the others
/// stay. Only where no GPU at all can be read is there no page.
final class Collector: Sendable {
    private let lanes: [LaneReader]
    private let writer: PageWriter
    private let source: any GPUSource
    private let logger: Logger
    /// What was wrong when last looked; for logging each change once.
    private let lastComplaints: Mutex<[String]> = Mutex([])

    init(source: any GPUSource, settings: Settings, logger: Logger) {
        self.source = source
        self.logger = logger
        writer = PageWriter(source: source, counters: settings.counters, settings: settings.page)
        let intervalMs = settings.collectIntervalMs ?? source.usualIntervalMs
        lanes = source.lanes.map {
            LaneReader($0, intervalNs: UInt64(intervalMs) * 1_000_000, windows: settings.windows)
        }
    }

    /// Begins to read.
    ///
    /// - Throws: `SourceError` where the system gives no thread.
    func start() throws(SourceError) {
        for lane in lanes {
            guard detachThread({ lane.run() }) else {
                throw SourceError("cannot start a thread to read the GPUs: \(String(cString: strerror(errno)))")
            }
        }
    }

    /// Ends the threads, each after the reading that it is in.
    func stop() {
        for lane in lanes { lane.stop() }
    }

    /// Whether each lane has ended its first reading, successful or not, or taken too long for it.
    var isReady: Bool {
        let nowNs = monotonicNs()
        return lanes.allSatisfy { $0.isReady(nowNs: nowNs) }
    }

    /// The page of what was read last.
    func page() -> PageOutcome {
        let nowNs = monotonicNs()
        let states = lanes.map { $0.current(nowNs: nowNs) }
        noteComplaints(states.compactMap(\.problem))
        if states.allSatisfy({ $0.entities.isEmpty }), let problem = states.lazy.compactMap(\.problem).first {
            return .failure(problem)
        }
        let entities = zip(states, source.lanes).flatMap { state, lane in
            state.entities.isEmpty ? lane.gpus.map { _ in nil } : state.entities.map { Optional($0) }
        }
        return .page(ByteBuffer(bytes: writer.page(entities, nowNs: nowNs)))
    }

    /// What is wrong with the GPUs that cannot be read, and whether any can: for `/health`.
    func health() -> (complaints: [String], isServing: Bool) {
        let nowNs = monotonicNs()
        let states = lanes.map { $0.current(nowNs: nowNs) }
        return (states.compactMap(\.problem), states.contains { $0.problem == nil })
    }

    private func noteComplaints(_ complaints: [String]) {
        let known = lastComplaints.withLock { known in
            defer { known = complaints }
            return known
        }
        for complaint in complaints where !known.contains(complaint) { logger.error("\(complaint)") }
        if complaints.isEmpty, !known.isEmpty { logger.notice("all GPUs can be read again") }
    }
}
