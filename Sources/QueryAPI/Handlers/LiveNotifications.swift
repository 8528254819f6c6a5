import HTTPTypes
import NIOCore

extension API {
    /// `/api/v1/notifications`: what the server has to tell.
    func notifications(_ call: Call) async throws(APIError) -> Answer {
        let active = dependencies.notifications.active
        return .data { out in out.appendJSONArray(active) { $0.append($1) } }
    }

    /// `/api/v1/notifications/live`: the same and what comes later, as server-sent events; 204 where there are as many
    /// readers as there may be.
    /// - Source: https://html.spec.whatwg.org/multipage/server-sent-events.html
    func liveNotifications(_ call: Call) async throws(APIError) -> Answer {
        let notifications = dependencies.notifications
        guard let (id, stream) = notifications.subscribe(max: options.notificationSubscribersMax) else {
            return .noContent()
        }
        Connection.current?.onLeave { notifications.unsubscribe(id) }
        return Answer(
            contentType: "text/event-stream", headers: [(.cacheControl, "no-cache")],
            body: .events(EventBody(stream: stream) { notifications.unsubscribe(id) }))
    }
}

/// A body that goes on as long as there is something to tell.
struct EventBody: Sendable {
    let stream: AsyncStream<Notifications.Notification>
    /// Called once when nobody reads it any more.
    let onEnd: @Sendable () -> Void

    static func encode(_ notification: Notifications.Notification) -> ByteBuffer {
        var out: [UInt8] = []
        out.append("data: ")
        out.append(notification)
        out.append("\n\n")
        return ByteBuffer(bytes: out)
    }
}

extension [UInt8] {
    fileprivate mutating func append(_ notification: Notifications.Notification) {
        append("{\"text\":")
        appendJSONString(notification.text)
        append(",\"date\":")
        appendJSONString(CivilTime.format(notification.timeMs))
        append(",\"active\":")
        append(contentsOf: (notification.isActive ? "true" : "false").utf8)
        append("}")
    }
}
