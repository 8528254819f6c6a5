import Model
import NIOCore
import PromQL

extension API {
    /// `/api/v1/query`: a query at one time.
    func query(_ call: Call) async throws(APIError) -> Answer {
        let limit = try call.form.limit()
        let at = try call.form.time("time") ?? dependencies.clock.nowMs()
        let settings = try QuerySettings(call.form, dependencies.engine.options)
        let text = call.form["query"]
        let dependencies = dependencies
        return try await evaluate(call, settings, limit, start: at, step: 0) { (options) throws(QueryError) in
            try dependencies.engine.instant(
                try parse(text), text: text, on: dependencies.queryable, at: at, options: options)
        }
    }

    /// `/api/v1/query_range`: a query at evenly spaced times.
    func queryRange(_ call: Call) async throws(APIError) -> Answer {
        let limit = try call.form.limit()
        let start = try call.form.requiredTime("start")
        let end = try call.form.requiredTime("end")
        guard end >= start else { throw .invalidParameter("end", "end timestamp must not be before start time") }
        let step = try call.form.requiredDuration("step")
        guard step > 0 else {
            throw .invalidParameter(
                "step", "zero or negative query resolution step widths are not accepted. Try a positive integer")
        }
        guard (end - start) / step <= Limit.rangePoints else {
            throw .badData(
                "exceeded maximum resolution of 11,000 points per timeseries. "
                    + "Try decreasing the query resolution (?step=XX)")
        }
        let settings = try QuerySettings(call.form, dependencies.engine.options)
        let text = call.form["query"]
        let dependencies = dependencies
        return try await evaluate(call, settings, limit, start: start, step: step) { (options) throws(QueryError) in
            try dependencies.engine.range(
                try parseForRange(text), text: text, on: dependencies.queryable, start: start, end: end, step: step,
                options: options)
        }
    }

    /// Waits for a query thread, evaluates there, and makes the answer.
    /// - Parameter start: the query's first time, and `step` the distance of the others.
    private func evaluate(
        _ call: Call, _ settings: QuerySettings, _ limit: Int?, start: Int64, step: Int64,
        _ body: @escaping @Sendable (QueryOptions) throws(QueryError) -> QueryResult
    ) async throws(APIError) -> Answer {
        let arrived = monotonicNs()
        let cancellation = CancellationFlag()
        let connection = Connection.current
        connection?.begin(cancellation)
        queryMetrics.queryArrived()
        defer {
            connection?.endQuery()
            queryMetrics.queryEnded()
        }
        let outcome = await withTaskCancellationHandler {
            await queryThreads.run(timeoutMs: settings.timeoutMs, on: call.channel.eventLoop) { () throws(QueryError) in
                try evaluateNow(settings, arrived, cancellation, body)
            }
        } onCancel: {
            cancellation.cancel()
        }
        switch outcome {
        case .success(let timed):
            queryMetrics.record(
                queueSeconds: timed.queueSeconds, evaluationSeconds: timed.evaluationSeconds,
                samples: timed.result.stats.totalQueryableSamples)
            let stats = call.form["stats"].isEmpty ? [] : timed.statistics(start: start, step: step)
            let body = QueryAnswer(timed.result.limited(limit), stats: stats)
            return Answer(contentType: Answer.json, body: .chunks(body))
        case .failure(let error): throw APIError(error)
        }
    }
}

/// A range query's expression has a value of the same shape at each step.
private func parseForRange(_ text: String) throws(QueryError) -> Expr {
    let expression = try parse(text)
    if expression.type == .string || expression.type == .matrix {
        let type = quoted(expression.type.documented)
        throw .parse("invalid expression type \(type) for range query, must be Scalar or instant Vector")
    }
    return expression
}

private func evaluateNow(
    _ settings: QuerySettings, _ arrived: UInt64, _ cancellation: CancellationFlag,
    _ body: (QueryOptions) throws(QueryError) -> QueryResult
) throws(QueryError) -> TimedResult {
    let began = monotonicNs()
    let remainingMs = settings.timeoutMs - Int64((began - arrived) / 1_000_000)
    if cancellation.isCancelled { throw .canceled(queueCanceledMessage) }
    if remainingMs <= 0 { throw .timeout(queueTimeoutMessage) }
    var options = QueryOptions(
        lookbackDeltaMs: settings.lookbackDeltaMs, timeoutMs: remainingMs, cancellation: cancellation)
    options.countsSteps = settings.countsSteps
    let result = try body(options)
    return TimedResult(
        result: result, queueSeconds: Double(began - arrived) / 1e9,
        evaluationSeconds: Double(monotonicNs() - began) / 1e9)
}

/// What a request says about how its query is to be evaluated.
private struct QuerySettings: Sendable {
    let timeoutMs: Int64
    let lookbackDeltaMs: Int64?
    let countsSteps: Bool

    init(_ form: Form, _ options: EngineOptions) throws(APIError) {
        timeoutMs =
            form["timeout"].isEmpty
            ? options.timeoutMs : min(options.timeoutMs, try form.requiredDuration("timeout"))
        countsSteps = form["stats"] == "all"
        guard !form["lookback_delta"].isEmpty else {
            lookbackDeltaMs = nil
            return
        }
        switch parseDuration(form["lookback_delta"]) {
        // Zero or less means the engine's own, as it does for Prometheus.
        case .success(let milliseconds): lookbackDeltaMs = milliseconds > 0 ? milliseconds : nil
        case .failure(let error): throw .badData("error parsing lookback delta duration: \(error)")
        }
    }
}

extension QueryResult {
    /// At most `limit` series, with a warning where there were more.
    fileprivate func limited(_ limit: Int?) -> QueryResult {
        guard let limit else { return self }
        var copy = self
        switch value {
        case .vector(let samples) where samples.count > limit: copy.value = .vector(Array(samples.prefix(limit)))
        case .matrix(let series) where series.count > limit: copy.value = .matrix(Array(series.prefix(limit)))
        default: return self
        }
        copy.warnings.append(truncationWarning)
        return copy
    }
}

let truncationWarning = "results truncated due to limit"
