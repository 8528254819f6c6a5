import Model
import PromQL

/// An expression as JSON: an object for each node, whose keys are sorted, as Go sorts them.
///
/// Durations are whole milliseconds; one that is not known before the query runs is 0.
///
/// - Source: Prometheus 3.14's `/api/v1/parse_query`.
extension [UInt8] {
    // Each kind has a function of its own, which keeps the frame of this one small: it is on the stack once a level.
    mutating func appendJSON(_ expr: Expr) {
        switch expr {
        case .number(let value, _), .duration(let value, _): appendNumber(value)
        case .string(let text, _): appendJSONObject([("type", "stringLiteral"), ("val", text)])
        case .paren(let inner, _): appendNode("parenExpr", inner)
        case .unary(let e): appendNode("unaryExpr", e.operand, op: e.isNegation ? "-" : "+")
        case .binary: appendChain(expr)
        case .aggregate(let e): append(e)
        case .call(let e): append(e)
        case .vectorSelector(let e): append(e, rangeMs: nil)
        case .matrixSelector(let e): append(e.selector, rangeMs: e.rangeMs)
        case .subquery(let e): append(e)
        }
    }

    private mutating func appendNumber(_ value: Double) {
        append("{\"type\":\"numberLiteral\",\"val\":\"")
        appendFloat(value, .plain)
        append("\"}")
    }

    private mutating func appendNode(_ type: StaticString, _ inner: Expr, op: StaticString? = nil) {
        append("{\"expr\":")
        appendJSON(inner)
        if let op {
            append(",\"op\":\"")
            append(op)
            append("\"")
        }
        append(",\"type\":\"")
        append(type)
        append("\"}")
    }

    /// A binary expression and those down its left side, without recursion: a chain of operators is as deep as it is long.
    private mutating func appendChain(_ expr: Expr) {
        var chain: [BinaryExpr] = []
        var rest = expr
        while case .binary(let e) = rest {
            append("{\"bool\":")
            append(e.returnsBool)
            append(",\"lhs\":")
            chain.append(e)
            rest = e.lhs
        }
        appendJSON(rest)
        for e in chain.reversed() {
            append(",\"matching\":")
            append(e.matching)
            append(",\"op\":")
            appendJSONString(e.op.rawValue)
            append(",\"rhs\":")
            appendJSON(e.rhs)
            append(",\"type\":\"binaryExpr\"}")
        }
    }

    private mutating func append(_ matching: VectorMatching?) {
        guard let matching else { return append("null") }
        append("{\"card\":")
        appendJSONString(matching.cardinality.rawValue)
        append(",\"fillValues\":{\"lhs\":")
        append(fill: matching.fillLeft)
        append(",\"rhs\":")
        append(fill: matching.fillRight)
        append("},\"include\":")
        append(matching.include)
        append(",\"labels\":")
        append(matching.labels)
        append(",\"on\":")
        append(matching.isOn)
        append("}")
    }

    /// A number, of which JSON has no infinities; those are left out, as what is not there.
    private mutating func append(fill value: Double?) {
        guard let value, value.isFinite else { return append("null") }
        appendFloat(value, .json)
    }

    private mutating func append(_ e: AggregateExpr) {
        append("{\"expr\":")
        appendJSON(e.operand)
        append(",\"grouping\":")
        append(e.grouping)
        append(",\"op\":")
        appendJSONString(e.op.rawValue)
        append(",\"param\":")
        if let parameter = e.parameter { appendJSON(parameter) } else { append("null") }
        append(",\"type\":\"aggregation\",\"without\":")
        append(e.isWithout)
        append("}")
    }

    private mutating func append(_ e: CallExpr) {
        append("{\"args\":")
        appendJSONArray(e.arguments) { $0.appendJSON($1) }
        append(",\"func\":{\"argTypes\":")
        append(e.function.parameters.map(\.rawValue))
        append(",\"name\":")
        appendJSONString(e.function.name)
        append(",\"returnType\":")
        appendJSONString(e.function.returns.rawValue)
        append(",\"variadic\":")
        appendDecimal(Int64(e.function.variadic))
        append("},\"type\":\"call\"}")
    }

    /// A selector of instant vectors, or with `rangeMs` of range vectors.
    private mutating func append(_ e: VectorSelector, rangeMs: Int64?) {
        append("{\"anchored\":")
        append(e.rangeExtension == .anchored)
        append(",\"matchers\":")
        appendJSONArray(e.matchers) { out, matcher in
            out.appendJSONObject([("name", matcher.name), ("type", matcher.op.rawValue), ("value", matcher.value)])
        }
        append(",\"name\":")
        appendJSONString(e.name ?? "")
        append(",\"offset\":")
        appendDecimal(e.offsetMs)
        if let rangeMs {
            append(",\"range\":")
            appendDecimal(rangeMs)
        }
        append(",\"smoothed\":")
        append(e.rangeExtension == .smoothed)
        append(e.at)
        append(rangeMs == nil ? ",\"type\":\"vectorSelector\"}" : ",\"type\":\"matrixSelector\"}")
    }

    private mutating func append(_ e: SubqueryExpr) {
        append("{\"expr\":")
        appendJSON(e.operand)
        append(",\"offset\":")
        appendDecimal(e.offsetMs)
        append(",\"range\":")
        appendDecimal(e.rangeMs)
        append(e.at, step: e.stepMs ?? 0)
        append(",\"type\":\"subquery\"}")
    }

    /// The two keys of an `@` modifier, and between them the step of a subquery.
    private mutating func append(_ at: AtModifier?, step: Int64? = nil) {
        append(",\"startOrEnd\":")
        switch at {
        case .start: append("\"start\"")
        case .end: append("\"end\"")
        case .timestamp, nil: append("null")
        }
        if let step {
            append(",\"step\":")
            appendDecimal(step)
        }
        append(",\"timestamp\":")
        if case .timestamp(let time) = at { appendDecimal(time) } else { append("null") }
    }

    private mutating func append(_ names: [String]) { appendJSONArray(names) { $0.appendJSONString($1) } }

    private mutating func append(_ flag: Bool) { append(flag ? "true" : "false") }
}
