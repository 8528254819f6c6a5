import Model

@testable import PromQL

/// What is not compared with Prometheus 3.5, and why: the language here is that of 3.14.
enum Exclusions {
    /// Functions that are not called.
    static let functions: [(name: String, reason: String)] = [
        ("start", "of 3.14"), ("end", "of 3.14"), ("step", "of 3.14"), ("range", "of 3.14"),
        ("min_of", "of 3.14"), ("max_of", "of 3.14"),
        ("histogram_quantiles", "of 3.14"),
        ("start_timestamp", "of 3.14"),
        ("first_over_time", "of 3.7"), ("ts_of_first_over_time", "of 3.7"), ("ts_of_last_over_time", "of 3.7"),
    ]

    /// Beginnings of annotations that are not compared.
    static let annotations: [(text: String, reason: String)] = [
        ("PromQL warning: sort is ineffective for range queries", "3.5 says so of no range query")
    ]

    /// An annotation as it is compared: nil where it is not. 3.5 also names metrics that have no name.
    static func comparable(annotation: String) -> String? {
        annotations.contains { annotation.hasPrefix($0.text) }
            ? nil : annotation.replacing(" for metric name \"\"", with: "")
    }

    /// An error as it is compared: which series it names depends in Prometheus on the order of a hash table.
    static func comparable(error: String) -> String { String(error.prefix { $0 != "{" }) }

    typealias Explanation = (reason: String, holds: @Sendable (Query, Difference, Peers) throws -> Bool)

    /// What explains a difference between the answers to a query that was made as small as possible.
    static let explanations: [Explanation] = [
        (
            "3.5 answers so too, when it is asked again: it goes through hash tables, and takes histograms up again",
            isUnsteady
        ),
        ("an operand differs in its last bits, so that what is computed from it may jump", isNoise),
        ("among equal values topk and bottomk choose by the order in which series were created", isTie),
        ("a part of which the answer does not depend is not evaluated, and has no annotations or errors", isUnneeded),
        ("3.5 forgets in comparisons of vectors that a name was to be dropped", isComparedName),
        ("3.5 counts only those matches of one series of which the operator leaves something", isMatchLeftOut),
        ("3.5 extends rates of native histograms to before they were zero (prometheus#15976)", isExtendedBelowZero),
        (
            "3.5 looks at the parameters of topk and its like only where there are series, and words it otherwise",
            isParameter
        ),
        ("3.5 forgets in last_over_time of a subquery that a name was to be dropped (prometheus#18409)", isLastName),
        (
            "3.5 has the first bucket of a classic histogram begin at -Inf, so that fractions in it are NaN",
            isFirstBucket
        ),
        ("3.5 refuses series that become the same without overlapping (prometheus#17678)", isRefusedMerge),
        ("info() was mended since 3.5 (prometheus#17135, #17817, #17898, #17932, #19266, #19413)", isInfo),
        ("3.5 keeps only the last annotation of an operator between vectors", isLastRemark),
        ("3.5 trusts what a histogram says of the one before it, which may be another one by now", isStaleHint),
        ("a variance is as exact as the mean is, which has the last bits of much larger numbers", isVariance),
        ("3.5 sees no resets of histograms of which it reads counts and sums alone", isUnseenReset),
        ("Prometheus's natural order is none where one text begins with the other, as with no text", isUnsorted),
        ("3.5 takes a negated histogram for a counter", isNegated),
        ("3.5 panics over the text of a histogram with custom buckets that was divided by zero", isCustomZeroBucket),
        ("limitk takes series in the order of a hash table unless it takes them of the store", isUnordered),
        (
            "Prometheus's chunks give a histogram the others' empty buckets, of which a NaN or a change comes",
            isEmptyBucket
        ),
    ]
}

/// Whether the operands of `query` are the same but for their last bits.
@Sendable private func isNoise(_ query: Query, _ difference: Difference, _ peers: Peers) throws -> Bool {
    guard difference.isOfChoice else { return false }
    for child in query.expr.children where child.type != .string {
        let queries = child.type == .matrix ? query.instants : [query.time]
        for time in queries {
            let one = Query(expr: child.named, time: time)
            let (ours, theirs) = (try peers.ours(one), try peers.theirs(one))
            if ours.difference(from: theirs) == nil, ours.difference(from: theirs, tolerance: 0) != nil { return true }
        }
    }
    return false
}

/// Whether Prometheus, asked again, answers as this engine does.
@Sendable private func isUnsteady(_ query: Query, _: Difference, _ peers: Peers) throws -> Bool {
    for _ in 0..<10 where try peers.difference(query) == nil { return true }
    return false
}

/// Whether a part of `query` chooses among series of which some have the same value.
@Sendable private func isTie(_ query: Query, _ difference: Difference, _ peers: Peers) throws -> Bool {
    guard difference.isOfChoice else { return false }
    return try query.expr.contains { expr in
        guard case .aggregate(let e) = expr, [.topk, .bottomk].contains(e.op) else { return false }
        let operand = query.expr(e.operand).aggregated(.countValues, .string("value", SourceRange(0, 0)))
        guard case .success(let result) = try peers.ours(operand) else { return false }
        return result.series.contains { one in one.points.contains { $0.numbers[0] > 1 } }
    }
}

@Sendable private func isRefusedMerge(_ query: Query, _ difference: Difference, _ peers: Peers) throws -> Bool {
    guard case .range = query.time, difference.kind == .failure, case .success = try peers.ours(query) else {
        return false
    }
    return difference.description.contains("vector cannot contain metrics with the same labelset")
}

/// Whether this engine has to say about an operand alone what Prometheus says about all.
@Sendable private func isUnneeded(_ query: Query, _ difference: Difference, _ peers: Peers) throws -> Bool {
    let (ours, theirs) = (try peers.ours(query), try peers.theirs(query))
    guard [.failure, .annotations].contains(difference.kind), case .success(let result) = ours else { return false }
    var said = result.remarks
    for child in query.expr.children where child.type == .vector || child.type == .scalar {
        // Within an aggregation, so that there may be series that differ in their names alone.
        let part = query.expr(child).aggregated(.count, nil)
        let (mine, real) = (try peers.ours(part), try peers.theirs(part))
        switch (mine, real) {
        case (.failure, .failure): if case .failure = theirs { return true }
        case (.success(let mine), _): said.formUnion(mine.remarks)
        default: break
        }
    }
    guard case .success(let real) = theirs else { return false }
    return result.remarks.isSubset(of: real.remarks) && real.remarks.isSubset(of: said)
}

@Sendable private func isComparedName(_ query: Query, _ difference: Difference, _ peers: Peers) throws -> Bool {
    guard case .binary(let e) = query.expr, e.op.isComparison, e.matching != nil else { return false }
    return try isKeptName(query, difference, peers)
}

@Sendable private func isCustomZeroBucket(_ query: Query, _ difference: Difference, _ peers: Peers) throws -> Bool {
    difference.description.contains("theirs: execution: histograms with custom buckets have no zero bucket")
}

@Sendable private func isMatchLeftOut(_ query: Query, _ difference: Difference, _ peers: Peers) throws -> Bool {
    guard case .binary(let e) = query.expr, e.matching != nil, difference.kind == .failure else { return false }
    return difference.description.contains("many-to-one matching must be explicit")
}

@Sendable private func isLastName(_ query: Query, _ difference: Difference, _ peers: Peers) throws -> Bool {
    guard case .call(let call) = query.expr, call.function.name == "last_over_time",
        case .subquery = call.arguments[0]
    else { return false }
    return try isKeptName(query, difference, peers)
}

/// Whether the real answer has names that ours has not, or would not be one without them.
private func isKeptName(_ query: Query, _ difference: Difference, _ peers: Peers) throws -> Bool {
    if difference.kind == .failure, case .success = try peers.theirs(query) {
        return difference.description.contains("vector cannot contain metrics with the same labelset")
    }
    return try difference.kind == .series && isSameButForNames(query, peers)
}

/// Whether only ours tells of resets where Prometheus reads counts and sums alone.
@Sendable private func isUnseenReset(_ query: Query, _ difference: Difference, _ peers: Peers) throws -> Bool {
    guard case .call(let call) = query.expr,
        ["histogram_count", "histogram_sum", "histogram_avg"].contains(call.function.name),
        difference.kind == .annotations
    else { return false }
    return difference.description.split(separator: "\n").allSatisfy {
        $0.hasPrefix("only ours") && $0.contains("conflicting counter resets")
    }
}

/// Whether labels are sorted by that some series do not have.
@Sendable private func isUnsorted(_ query: Query, _ difference: Difference, _ peers: Peers) throws -> Bool {
    guard case .call(let call) = query.expr, difference.kind == .order, case .success(let ours) = try peers.ours(query)
    else { return false }
    return call.arguments.contains { argument in
        guard case .string(let name, _) = argument else { return false }
        return ours.series.contains { $0.labels[name] == nil }
    }
}

@Sendable private func isParameter(_ query: Query, _ difference: Difference, _ peers: Peers) throws -> Bool {
    guard case .aggregate(let e) = query.expr, e.op.selectsSeries, case .failure(let text) = try peers.ours(query)
    else {
        return false
    }
    return ["value is NaN", "overflows int64", "underflows int64"].contains { text.contains($0) }
}

@Sendable private func isFirstBucket(_ query: Query, _ difference: Difference, _ peers: Peers) throws -> Bool {
    guard case .call(let call) = query.expr, call.function.name == "histogram_fraction", difference.kind == .points,
        case .success(let theirs) = try peers.theirs(query)
    else { return false }
    return theirs.series.contains { one in one.points.contains { $0.numbers[0].isNaN } }
}

/// Whether `info` lends labels otherwise, to series that are those of its operand but for these.
@Sendable private func isInfo(_ query: Query, _ difference: Difference, _ peers: Peers) throws -> Bool {
    var query = query
    if case .subquery(let subquery) = query.expr { query = query.expr(subquery.operand) }
    guard case .call(let call) = query.expr, call.function.name == "info", difference.kind != .order,
        case .success(let ours) = try peers.ours(query),
        case .success(let operand) = try peers.ours(query.expr(call.arguments[0]))
    else { return false }
    return ours.series.allSatisfy { one in
        operand.series.contains { base in
            base.labels.allSatisfy { one.labels[$0.name] == $0.value }
                && one.points.allSatisfy { point in base.points.contains { $0.isClose(point, 0) } }
        }
    }
}

@Sendable private func isLastRemark(_ query: Query, _ difference: Difference, _ peers: Peers) throws -> Bool {
    guard case .binary(let e) = query.expr, e.matching != nil, difference.kind == .annotations,
        case .success(let ours) = try peers.ours(query), case .success(let theirs) = try peers.theirs(query)
    else { return false }
    return !theirs.remarks.isEmpty && theirs.remarks.isSubset(of: ours.remarks)
}

/// Whether changes of histograms are those of a subquery, or only ours knows all resets.
@Sendable private func isStaleHint(_ query: Query, _ difference: Difference, _ peers: Peers) throws -> Bool {
    guard case .call(let call) = query.expr, ["rate", "increase", "irate", "resets"].contains(call.function.name),
        difference.kind == .points, case .success(let ours) = try peers.ours(query),
        case .success(let theirs) = try peers.theirs(query)
    else { return false }
    if case .subquery(let subquery) = call.arguments[0] {
        guard case .success(let result) = try peers.ours(query.expr(subquery.operand)) else { return false }
        return result.series.contains { one in one.points.contains { $0.numbers.count > 1 } }
    }
    let total = { (result: Answer.Result) in result.series.flatMap(\.points).reduce(0) { $0 + $1.numbers[0] } }
    return call.function.name == "resets" && total(theirs) < total(ours)
}

@Sendable private func isNegated(_ query: Query, _ difference: Difference, _: Peers) -> Bool {
    guard difference.kind == .annotations else { return false }
    return difference.description.split(separator: "\n").allSatisfy {
        $0.hasPrefix("only ours") && $0.contains("this native histogram metric is not a counter")
    }
}

@Sendable private func isUnordered(_ query: Query, _ difference: Difference, _: Peers) -> Bool {
    difference.isOfChoice
        && query.expr.contains { expr in
            guard case .aggregate(let e) = expr, e.op == .limitk else { return false }
            if case .vectorSelector = e.operand { return false }
            return true
        }
}

/// Whether variances differ by no more than what rounding the mean of such values does to them.
@Sendable private func isVariance(_ query: Query, _ difference: Difference, _ peers: Peers) throws -> Bool {
    let extremes: [Query]
    switch query.expr {
    case .aggregate(let e) where [.stddev, .stdvar].contains(e.op):
        extremes = [.max, .min].map { query.expr(e.operand).aggregated($0, nil) }
    case .call(let e) where ["stddev_over_time", "stdvar_over_time"].contains(e.function.name):
        extremes = ["max_over_time", "min_over_time"].compactMap { FunctionSignature.named($0) }.map {
            query.expr(.call(CallExpr(function: $0, arguments: e.arguments, range: e.range)))
        }
    default: return false
    }
    var largest = 0.0
    for extreme in extremes {
        guard case .success(let result) = try peers.ours(extreme) else { return false }
        for value in result.series.flatMap(\.points).flatMap(\.numbers) { largest = max(largest, value.magnitude) }
    }
    guard difference.kind == .points, case .success(let ours) = try peers.ours(query),
        case .success(let theirs) = try peers.theirs(query)
    else { return false }
    let others = Dictionary(theirs.series.map { ($0.labels, $0.points) }) { first, _ in first }
    return ours.series.allSatisfy { one in
        zip(one.points, others[one.labels] ?? []).allSatisfy { mine, real in
            let (x, y) = (mine.numbers[0], real.numbers[0])
            return mine.isClose(real, Answer.tolerance)
                || (x - y).magnitude <= 1e-14 * largest * (1 + max(x, y).squareRoot())
        }
    }
}

/// Whether a histogram is not finite, or one has changed for Prometheus and not for us.
@Sendable private func isEmptyBucket(_ query: Query, _ difference: Difference, _ peers: Peers) throws -> Bool {
    guard difference.kind == .points, case .success(let ours) = try peers.ours(query),
        case .success(let theirs) = try peers.theirs(query)
    else { return false }
    let total = { (result: Answer.Result) in result.series.flatMap(\.points).reduce(0) { $0 + $1.numbers[0] } }
    if case .call(let call) = query.expr, call.function.name == "changes" { return total(theirs) > total(ours) }
    guard case .binary = query.expr else { return false }
    return ours.series.contains { one in one.points.contains { $0.numbers.count > 1 && !$0.numbers[0].isFinite } }
}

/// Whether only the real answer's series have names, and are otherwise ours.
private func isSameButForNames(_ query: Query, _ peers: Peers) throws -> Bool {
    guard case .success(let ours) = try peers.ours(query), case .success(let theirs) = try peers.theirs(query) else {
        return false
    }
    let stripped = theirs.series.map { one in
        var builder = LabelsBuilder(one.labels)
        builder.remove(Labels.metricNameLabel)
        return builder.labels()
    }
    return stripped.sorted() == ours.series.map(\.labels).sorted()
}

/// Whether all numbers of the histograms differ by one factor, ours being the smaller ones.
@Sendable private func isExtendedBelowZero(_ query: Query, _ difference: Difference, _ peers: Peers) throws -> Bool {
    guard case .call(let call) = query.expr, ["rate", "increase"].contains(call.function.name),
        difference.kind == .points, case .success(let ours) = try peers.ours(query),
        case .success(let theirs) = try peers.theirs(query)
    else { return false }
    let others = Dictionary(theirs.series.map { ($0.labels, $0.points) }) { first, _ in first }
    return ours.series.allSatisfy { one in
        zip(one.points, others[one.labels] ?? []).allSatisfy { mine, real in
            guard mine.numbers.count > 1, mine.numbers[0] <= real.numbers[0] else {
                return mine.isClose(real, Answer.tolerance)
            }
            let factor = mine.numbers[0] / real.numbers[0]
            return mine.numbers.indices.allSatisfy { index in
                // Bounds of buckets stay, and follow the sum in threes and a count.
                let isCount = index < 2 || (index - 2) % 4 == 3
                let expected = real.numbers[index] * (isCount ? factor : 1)
                return (mine.numbers[index] - expected).magnitude <= Answer.tolerance * expected.magnitude
                    || mine.numbers[index] == expected
            }
        }
    }
}

extension Expr {
    /// A vector with the name of each series as a label too, so that series stay apart whose names go; anything else as
    /// it is.
    fileprivate var named: Expr {
        guard type == .vector, let function = FunctionSignature.named("label_replace") else { return self }
        let texts = ["name", "$1", "__name__", "(.+)"].map { Expr.string($0, SourceRange(0, 0)) }
        return .call(CallExpr(function: function, arguments: [self] + texts, range: SourceRange(0, 0)))
    }
}

extension Query {
    /// Another expression at the same times.
    fileprivate func expr(_ expr: Expr) -> Query { Query(expr: expr, time: time) }

    /// A vector in an aggregation; anything else as it is.
    fileprivate func aggregated(_ op: Aggregator, _ parameter: Expr?) -> Query {
        guard expr.type == .vector else { return self }
        return self.expr(
            .aggregate(
                AggregateExpr(
                    op: op, operand: expr, parameter: parameter, grouping: [], isWithout: false,
                    range: SourceRange(0, 0))))
    }

    /// Each of the times at which it is evaluated.
    var instants: [Time] {
        guard case .range(let start, let end, let step) = time else { return [time] }
        return stride(from: start, through: end, by: Int(step)).map { .instant($0) }
    }
}
