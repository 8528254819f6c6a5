import Synchronization

/// Lets so many in at a time; others wait, in the order in which they came. There are as many as connections, at most.
final class Gate: Sendable {
    private struct State {
        var free: Int
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state: Mutex<State>
    private let isOpen: Bool

    /// - Parameter count: 0 lets all in.
    init(count: Int) {
        isOpen = count <= 0
        state = Mutex(State(free: count))
    }

    /// Returns when the caller may go on. It has left when the pass is freed.
    func enter() async -> Pass {
        if !isOpen { await waitForTurn() }
        return Pass(gate: self)
    }

    private func waitForTurn() async {
        await withCheckedContinuation { continuation in
            let mayEnter = state.withLock { state in
                if state.free > 0 {
                    state.free -= 1
                    return true
                }
                state.waiting.append(continuation)
                return false
            }
            if mayEnter { continuation.resume() }
        }
    }

    private func leave() {
        if isOpen { return }
        let next = state.withLock { state -> CheckedContinuation<Void, Never>? in
            if state.waiting.isEmpty {
                state.free += 1
                return nil
            }
            return state.waiting.removeFirst()
        }
        next?.resume()
    }

    /// Somebody's being inside.
    final class Pass: Sendable {
        private let gate: Gate

        fileprivate init(gate: Gate) { self.gate = gate }

        deinit { gate.leave() }
    }
}
