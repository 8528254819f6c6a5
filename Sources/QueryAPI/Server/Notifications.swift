import Model
import Synchronization

/// What the server has to tell whoever looks at it, such as that its configuration could not be read again.
///
/// Thread-safe.
public final class Notifications: Sendable {
    /// Something to tell, or the end of it.
    struct Notification: Sendable, Equatable {
        var text: String
        /// Milliseconds since the Unix epoch.
        var timeMs: Int64
        var isActive = true
    }

    private struct State {
        var active: [Notification] = []
        var subscribers: [Int: AsyncStream<Notification>.Continuation] = [:]
        var nextID = 0
        var isClosed = false
        var sentCount = 0
        var droppedCount = 0

        /// Gives `notification` to everybody, as far as they take any more.
        mutating func send(_ notification: Notification) {
            for subscriber in subscribers.values {
                switch subscriber.yield(notification) {
                case .enqueued: sentCount += 1
                default: droppedCount += 1
                }
            }
        }
    }

    private let state = Mutex(State())

    public init() {}

    /// Begins to tell `text`, unless that is told already.
    public func add(_ text: String) {
        state.withLock { state in
            guard !state.active.contains(where: { $0.text == text }) else { return }
            let notification = Notification(text: text, timeMs: SystemClock().nowMs())
            state.active.append(notification)
            state.send(notification)
        }
    }

    /// Ends to tell `text`.
    public func remove(_ text: String) {
        state.withLock { state in
            guard let index = state.active.firstIndex(where: { $0.text == text }) else { return }
            var notification = state.active.remove(at: index)
            notification.isActive = false
            state.send(notification)
        }
    }

    var active: [Notification] { state.withLock { $0.active } }

    /// What is told now and from now on, as long as the stream is not ended with ``unsubscribe(_:)``; nil where there are
    /// as many subscribers as there may be.
    func subscribe(max: Int) -> (id: Int, stream: AsyncStream<Notification>)? {
        state.withLock { state in
            guard state.subscribers.count < max, !state.isClosed else { return nil }
            let (stream, continuation) = AsyncStream.makeStream(
                of: Notification.self, bufferingPolicy: .bufferingNewest(64))
            for notification in state.active { continuation.yield(notification) }
            let id = state.nextID
            state.nextID += 1
            state.subscribers[id] = continuation
            return (id, stream)
        }
    }

    func unsubscribe(_ id: Int) {
        state.withLock { $0.subscribers.removeValue(forKey: id) }?.finish()
    }

    /// Lists who listens, and what they were told.
    func register(in registry: MetricRegistry) {
        registry.register { [weak self] in
            guard let self else { return [] }
            let (subscribers, sent, dropped) = state.withLock { ($0.subscribers.count, $0.sentCount, $0.droppedCount) }
            let metrics: [(String, String, MetricMetadata.MetricType, Int)] = [
                ("active_subscribers", "The current number of active notification subscribers.", .gauge, subscribers),
                ("updates_sent_total", "Total number of notification updates sent.", .counter, sent),
                ("updates_dropped_total", "Total number of notification updates dropped.", .counter, dropped),
            ]
            return metrics.map { name, help, type, value in
                MetricFamily(
                    "prometheus_api_notification_" + name, help, type,
                    [MetricPoint(labels: .empty, value: Double(value))])
            }
        }
    }

    /// Ends all streams: the server stops.
    func close() {
        let subscribers = state.withLock { state in
            state.isClosed = true
            return state.subscribers
        }
        for id in subscribers.keys { unsubscribe(id) }
    }
}
