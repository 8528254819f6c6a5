import Model

@testable import PromQL

/// An expression and when it is evaluated.
struct Query: Sendable, CustomStringConvertible {
    enum Time: Sendable, Equatable {
        case instant(Int64)
        case range(start: Int64, end: Int64, step: Int64)
    }

    var expr: Expr
    var time: Time

    var text: String { expr.description }

    /// The HTTP API's endpoint and parameters.
    var request: (endpoint: String, parameters: [(String, String)]) {
        let parameters = [("query", text)]
        switch time {
        case .instant(let time): return ("query", parameters + [("time", seconds(time))])
        case .range(let start, let end, let step):
            let times = [("start", seconds(start)), ("end", seconds(end)), ("step", seconds(step))]
            return ("query_range", parameters + times)
        }
    }

    var description: String {
        switch time {
        case .instant(let time): "\(text)\n    at \(seconds(time))"
        case .range(let start, let end, let step):
            "\(text)\n    from \(seconds(start)) to \(seconds(end)) every \(seconds(step))"
        }
    }
}

private func seconds(_ milliseconds: Int64) -> String { formatFloat(Double(milliseconds) / 1000, .plain) }
