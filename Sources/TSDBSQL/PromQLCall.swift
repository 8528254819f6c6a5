import Model
import PromQL

/// One call of `promql`: with a query alone at this moment, with one time at that time, with two at each step between them.
struct PromQLCall {
    private let query: String
    private let times: Times

    private enum Times {
        case at(Int64)
        case range(start: Int64, end: Int64, step: Int64)
    }

    /// Points of a range whose step is left out.
    private static let pointsAbout: Int64 = 240

    /// - Parameter now: milliseconds since the Unix epoch.
    init(_ arguments: [SQLValue], now: Int64) throws(SQLError) {
        guard case .text(let query) = arguments[0] else {
            throw SQLError("promql: expected the query as text, as in promql('up')")
        }
        self.query = query
        let start = try PromQLCall.time(arguments[1], "start", now: now)
        let end = try PromQLCall.time(arguments[2], "end", now: now)
        guard let start, let end else {
            times = .at(end ?? start ?? now)
            return
        }
        guard start <= end else { throw SQLError("promql: the end is before the start") }
        let step = try PromQLCall.step(arguments[3])
        let about = max(1000, (end - start) / PromQLCall.pointsAbout / 1000 * 1000)
        times = .range(start: start, end: end, step: step ?? about)
    }

    /// - Returns: sorted by labels; a scalar is a series without labels.
    func evaluate(_ snapshot: Snapshot) throws -> [MatrixSeries] {
        let value = try snapshot.activity.cancellable { flag in
            let options = QueryOptions(cancellation: flag)
            switch times {
            case .at(let time):
                return try Engine().instant(query, on: snapshot.database, at: time, options: options).value
            case .range(let start, let end, let step):
                return try Engine().range(
                    query, on: snapshot.database, start: start, end: end, step: step, options: options
                ).value
            }
        }
        switch value {
        case .matrix(let series): return series
        case .scalar(let time, let number):
            return [MatrixSeries(labels: .empty, timestamps: [time], values: [number])]
        case .vector(let samples):
            return samples.map { MatrixSeries(labels: $0.labels, timestamps: [$0.timestampMs], values: [$0.value]) }
        case .string: throw SQLError("promql: the query gives a string, which has no value")
        }
    }

    /// A time: seconds since the Unix epoch, a text as SQLite's date functions write it, `now`, or how long ago.
    private static func time(_ value: SQLValue, _ name: String, now: Int64) throws(SQLError) -> Int64? {
        switch value {
        case .null: return nil
        case .integer(let number):
            if number.magnitude < 1 << 43 { return number * 1000 }
        case .real(let number):
            if number.magnitude < 0x1p43 { return Int64((number * 1000).rounded()) }
        case .text("now"): return now
        case .text(let text):
            if let time = TimeText.parse(text) { return time }
            if let ago = PrometheusDuration.parse(text.hasPrefix("-") ? text.dropFirst() : text[...]) {
                return now - ago
            }
            if let number = Double(text), number.magnitude < 0x1p43 { return Int64((number * 1000).rounded()) }
        case .blob: break
        }
        throw SQLError(
            "promql: \(name) is no time: expected seconds since 1970, '2026-01-31 12:00:00' (UTC), 'now', or '1h' for an hour ago"
        )
    }

    private static func step(_ value: SQLValue) throws(SQLError) -> Int64? {
        let milliseconds: Int64?
        switch value {
        case .null: return nil
        case .integer(let number): milliseconds = number.magnitude < 1 << 43 ? number * 1000 : nil
        case .real(let number): milliseconds = number.magnitude < 0x1p43 ? Int64((number * 1000).rounded()) : nil
        case .text(let text): milliseconds = PrometheusDuration.parse(text)
        case .blob: milliseconds = nil
        }
        guard let milliseconds, milliseconds > 0 else {
            throw SQLError("promql: the step is no positive number of seconds, nor a duration such as '5m'")
        }
        return milliseconds
    }
}
