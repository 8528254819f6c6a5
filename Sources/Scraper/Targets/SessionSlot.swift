/// Where a target's session lies between scrapes, and what becomes of it when the target is no longer wanted.
///
/// A scrape takes the session out and gives it back: a target has one scrape at a time, and nobody else can touch
/// what the scrape works on.
struct SessionSlot: Sendable {
    private enum State {
        /// `session` is nil while a scrape has it.
        case current(session: ScrapeSession?)
        /// The target was replaced or removed while a scrape had the session.
        case leaving(successor: Target?)
        case gone
    }

    enum Action: Sendable {
        case none
        /// The session now belongs to this target.
        case handOver(ScrapeSession, to: Target)
        /// The session's series end.
        case end(ScrapeSession)
    }

    private var state: State

    /// A slot with a fresh session.
    init() { state = .current(session: ScrapeSession()) }

    /// A slot that waits for the session of a predecessor.
    static func awaitingSession() -> SessionSlot {
        var slot = SessionSlot()
        slot.state = .current(session: nil)
        return slot
    }

    /// The session for a scrape, or nil where one is under way or the target is no longer wanted.
    mutating func take() -> ScrapeSession? {
        guard case .current(let session?) = state else { return nil }
        state = .current(session: nil)
        return session
    }

    /// Takes a session back from a scrape, or from a predecessor.
    mutating func giveBack(_ session: ScrapeSession) -> Action {
        switch state {
        case .current:
            state = .current(session: session)
            return .none
        case .leaving(let successor?):
            state = .gone
            return .handOver(session, to: successor)
        case .leaving(nil), .gone:
            state = .gone
            return .end(session)
        }
    }

    /// Whether nobody takes the session over that a scrape of a target has that is no longer wanted.
    var isLeavingAlone: Bool {
        if case .leaving(nil) = state { true } else { false }
    }

    /// Gives such a session to a target that writes the same series; false where there is none, or no longer.
    mutating func adopt(_ successor: Target) -> Bool {
        guard isLeavingAlone else { return false }
        state = .leaving(successor: successor)
        return true
    }

    /// The target is no longer wanted; `successor` is who writes its series from now on, if anyone.
    mutating func leave(successor: Target?) -> Action {
        guard case .current(let session) = state else { return .none }
        guard let session else {
            state = .leaving(successor: successor)
            return .none
        }
        state = .gone
        return successor.map { .handOver(session, to: $0) } ?? .end(session)
    }
}
