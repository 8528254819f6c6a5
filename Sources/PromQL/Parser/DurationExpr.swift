import Model

/// A duration written as a calculation, in seconds.
public indirect enum DurationExpr: Sendable {
    case number(Double)
    /// A literal with units.
    case duration(Double)
    /// The query's resolution; 0 for an instant query.
    case step
    /// From the query's start to its end.
    case range
    case negated(DurationExpr)
    /// With a plus sign, which changes nothing but where an offset in parentheses ends.
    case positive(DurationExpr)
    case binary(BinaryOperator, DurationExpr, DurationExpr)
    case minimum(DurationExpr, DurationExpr)
    case maximum(DurationExpr, DurationExpr)
    case paren(DurationExpr)

    /// Whether it is the same for every query.
    var isConstant: Bool {
        switch self {
        case .number, .duration: true
        case .step, .range: false
        case .negated(let inner), .positive(let inner), .paren(let inner): inner.isConstant
        case .binary(_, let a, let b), .minimum(let a, let b), .maximum(let a, let b): a.isConstant && b.isConstant
        }
    }

    /// Whether it is a number or duration, perhaps with a sign, rather than a calculation.
    var isLiteral: Bool {
        switch self {
        case .number, .duration: true
        default: false
        }
    }

    /// Whether its text does.
    var beginsWithParenthesis: Bool {
        switch self {
        case .paren: true
        case .binary(_, let a, _): a.beginsWithParenthesis
        default: false
        }
    }

    /// The value of a calculation that is the same for every query; nil where there is none.
    var constantValue: Double? { isConstant ? evaluate(stepSeconds: 0, rangeSeconds: 0).seconds : nil }

    /// The opposite; of a literal, a literal.
    var negation: DurationExpr {
        switch self {
        case .number(let seconds): .number(-seconds)
        case .duration(let seconds): .duration(-seconds)
        default: .negated(self)
        }
    }

    /// Its value in seconds, or nil and why there is none.
    func evaluate(stepSeconds: Double, rangeSeconds: Double) -> (seconds: Double?, problem: String) {
        func value(_ e: DurationExpr) -> (Double?, String) {
            let result = e.evaluate(stepSeconds: stepSeconds, rangeSeconds: rangeSeconds)
            return (result.seconds, result.problem)
        }
        switch self {
        case .number(let seconds), .duration(let seconds): return (seconds, "")
        case .step: return (stepSeconds, "")
        case .range: return (rangeSeconds, "")
        case .positive(let inner), .paren(let inner): return value(inner)
        case .negated(let inner):
            let (seconds, problem) = value(inner)
            return (seconds.map { -$0 }, problem)
        case .minimum(let a, let b), .maximum(let a, let b), .binary(_, let a, let b):
            let (left, right) = (value(a), value(b))
            guard let x = left.0 else { return left }
            guard let y = right.0 else { return right }
            return combine(x, y)
        }
    }

    private func combine(_ x: Double, _ y: Double) -> (Double?, String) {
        switch self {
        case .minimum: return (Swift.min(x, y), "")
        case .maximum: return (Swift.max(x, y), "")
        case .binary(.divide, _, _) where y == 0: return (nil, "division by zero")
        case .binary(.modulo, _, _) where y == 0: return (nil, "modulo by zero")
        case .binary(let op, _, _): return (arithmetic(op, x, y), "")
        default: return (x, "")
        }
    }
}

extension DurationExpr: CustomStringConvertible {
    public var description: String {
        switch self {
        case .number(let seconds): formatFloat(seconds)
        case .duration(let seconds): durationText(milliseconds(seconds) ?? 0, seconds: seconds)
        case .step: "step()"
        case .range: "range()"
        case .negated(let inner): "-\(inner)"
        case .positive(let inner): "+\(inner)"
        case .binary(let op, let a, let b): "\(a) \(op.rawValue) \(b)"
        case .minimum(let a, let b): "min_of(\(a), \(b))"
        case .maximum(let a, let b): "max_of(\(a), \(b))"
        case .paren(let inner): "(\(inner))"
        }
    }
}

/// The most seconds a duration may have: those whose nanoseconds an Int64 holds.
let durationSecondsMax = 9_223_372_036.854_775

/// Seconds as whole milliseconds, cut off towards zero after rounding to nanoseconds; nil where out of range.
func milliseconds(_ seconds: Double) -> Int64? {
    guard seconds.magnitude <= durationSecondsMax else { return nil }
    let nanoseconds = (seconds * 1e9).rounded(.toNearestOrAwayFromZero)
    return (Int64(exactly: nanoseconds) ?? .max) / 1_000_000
}

/// The text of a duration in milliseconds; one below a millisecond is written as its seconds.
func durationText(_ milliseconds: Int64, seconds: Double? = nil) -> String {
    guard milliseconds == 0, let seconds, seconds != 0 else { return PrometheusDuration.format(milliseconds) }
    return formatFloat(seconds)
}
