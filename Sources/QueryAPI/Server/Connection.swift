import PromQL
import Synchronization

/// What is known of a client's connection outside its event loop: whether the client is still there, and which query
/// runs for it.
final class Connection: Sendable {
    private struct State {
        var isGone = false
        var query: CancellationFlag?
        /// What else its end ends.
        var onLeave: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())

    /// The connection whose request the current task answers.
    @TaskLocal static var current: Connection?

    /// Lets the client's leaving end a query, also where it left before.
    func begin(_ query: CancellationFlag) {
        let isGone = state.withLock { state in
            state.query = query
            return state.isGone
        }
        if isGone { query.cancel() }
    }

    func endQuery() {
        state.withLock { $0.query = nil }
    }

    /// Calls `body` when the client leaves, or at once where it has left.
    func onLeave(_ body: @escaping @Sendable () -> Void) {
        let isGone = state.withLock { state in
            state.onLeave = body
            return state.isGone
        }
        if isGone { body() }
    }

    /// The client has closed its side.
    func leave() {
        let (query, body) = state.withLock { state in
            state.isGone = true
            return (state.query, state.onLeave)
        }
        query?.cancel()
        body?()
    }
}
