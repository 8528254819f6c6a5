import Glibc
import Hummingbird
import Logging
import Synchronization

/// Answers scrapes from a source, one collection at a time, each on a thread of its own: a driver call may take long or
/// never return, and must not hold a thread of the concurrency runtime.
final class Collector: Sendable {
    private struct State {
        var gate: CollectionGate
        var waiters: [UInt64: CheckedContinuation<CollectionOutcome, Never>] = [:]
        var nextWaiter: UInt64 = 0
        var lastComplaint: String?
    }

    private let source: any GPUSource
    private let writer: PageWriter
    private let logger: Logger
    /// Never held while a source is read or a waiter resumed.
    private let state: Mutex<State>

    init(source: any GPUSource, settings: Settings, logger: Logger) {
        self.source = source
        self.logger = logger
        writer = PageWriter(gpus: source.gpus, driverVersion: source.driverVersion, settings: settings)
        state = Mutex(State(gate: CollectionGate(intervalNs: UInt64(settings.collectIntervalMs) * 1_000_000)))
    }

    /// The page: read now, or the last one where that is younger than the collection interval.
    func page() async -> CollectionOutcome {
        await withCheckedContinuation { continuation in
            let (arrival, waiter) = arrive(continuation)
            switch arrival {
            case .answer(let outcome): continuation.resume(returning: outcome)
            case .refuse(let reason): continuation.resume(returning: .failure(reason))
            case .wait: limitWait(of: waiter)
            case .begin:
                limitWait(of: waiter)
                begin()
            }
        }
    }

    /// What is wrong, or nil: for `/health`.
    func complaint() -> String? {
        state.withLock { $0.gate.complaint(nowNs: monotonicNs()) }
    }

    /// Asks the gate, and registers who has to wait in the same breath: a collection may end at any moment.
    private func arrive(
        _ continuation: CheckedContinuation<CollectionOutcome, Never>
    ) -> (CollectionGate.Arrival, waiter: UInt64) {
        state.withLock { state in
            let arrival = state.gate.arrive(nowNs: monotonicNs())
            if arrival == .wait || arrival == .begin {
                state.nextWaiter &+= 1
                state.waiters[state.nextWaiter] = continuation
            }
            return (arrival, state.nextWaiter)
        }
    }

    private func begin() {
        guard !detachThread({ self.collect() }) else { return }
        finish(.failure("cannot start a thread to read the GPUs: \(String(cString: strerror(errno)))"))
    }

    private func limitWait(of waiter: UInt64) {
        Task {
            try? await Task.sleep(nanoseconds: CollectionGate.hangNs)
            self.giveUp(waiter)
        }
    }

    private func collect() {
        do {
            finish(.page(ByteBuffer(bytes: writer.page(try source.read()))))
        } catch {
            finish(.failure(error.description))
        }
    }

    private func finish(_ outcome: CollectionOutcome) {
        let (waiters, changed) = state.withLock { state in
            state.gate.finish(outcome)
            defer { state.waiters.removeAll() }
            let complaint = state.gate.complaint(nowNs: 0)
            defer { state.lastComplaint = complaint }
            return (state.waiters, complaint != state.lastComplaint)
        }
        for waiter in waiters.values { waiter.resume(returning: outcome) }
        guard changed else { return }
        if case .failure(let reason) = outcome {
            logger.error("cannot read the GPUs: \(reason)")
        } else {
            logger.notice("the GPUs can be read again")
        }
    }

    private func giveUp(_ waiter: UInt64) {
        let continuation = state.withLock { state in
            let continuation = state.waiters.removeValue(forKey: waiter)
            if continuation != nil { state.gate.leave() }
            return continuation
        }
        continuation?.resume(
            returning: .failure("the GPU driver has not answered for \(CollectionGate.hangNs / 1_000_000_000) s"))
    }
}
