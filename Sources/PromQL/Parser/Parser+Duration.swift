import Glibc
import Model

/// A duration in milliseconds, and where it is more than a literal, its expression; the milliseconds of one that
/// depends on the query's time range are not known yet.
struct ParsedDuration {
    var ms: Int64 = 0
    var expression: DurationExpr?
}

extension Parser {
    /// A duration in brackets, which is positive. `place` and `expected` describe it in messages.
    mutating func parseBracketDuration(
        in place: String, expected: String
    ) throws(QueryError) -> ParsedDuration {
        let start = try peek().range.start
        let duration = try parseDuration(1, place, expected)
        return try value(duration, at: start, isPositive: true)
    }

    /// The duration after `offset`. Unless it begins with a parenthesis, it is a single literal or call, so that
    /// operators after it belong to the expression around it.
    mutating func parseOffsetDuration() throws(QueryError) -> ParsedDuration {
        let (place, expected) = ("offset", "number, duration, step(), or range()")
        let first = try peek()
        let isNegative = try take(.binary(.subtract))
        var isSigned = isNegative
        if !isSigned { isSigned = try take(.binary(.add)) }
        let next = try peek().kind
        var duration: DurationExpr
        if next == .binary(.add) || next == .binary(.subtract) {
            let calculation = try parseDuration(BinaryOperator.add.precedence, place, expected)
            // Printed after a single sign, it would end earlier.
            duration = calculation.isLiteral ? calculation : .paren(calculation)
        } else if next == .leftParen, !isSigned {
            duration = try parseDuration(BinaryOperator.add.precedence, place, expected)
        } else {
            duration = try parseDurationOperand(place, expected, start: first.range.start)
        }
        return try value(isNegative ? duration.negation : duration, at: first.range.start, isPositive: false)
    }

    private func value(
        _ duration: DurationExpr, at start: Int, isPositive: Bool
    ) throws(QueryError) -> ParsedDuration {
        guard duration.isConstant else { return ParsedDuration(expression: duration) }
        let (seconds, problem) = duration.evaluate(stepSeconds: 0, rangeSeconds: 0)
        guard let seconds else { throw failure(at: start, problem) }
        guard let ms = milliseconds(seconds) else { throw failure(at: start, "duration out of range") }
        guard !isPositive || seconds > 0 else { throw failure(at: start, "duration must be greater than 0") }
        return ParsedDuration(ms: ms, expression: duration.isLiteral ? nil : duration)
    }

    /// A calculation of operators that bind at least as tightly as `precedence`.
    private mutating func parseDuration(
        _ precedence: Int, _ place: String, _ expected: String
    ) throws(QueryError) -> DurationExpr {
        nesting += 1
        defer { nesting -= 1 }
        guard nesting <= ParserLimits.nestingMax else {
            throw failure(
                at: try peek().range.start,
                "duration is nested too deeply: more than \(ParserLimits.nestingMax) levels")
        }
        var lhs = try parseSignedDuration(place, expected)
        var depth = 1
        while case .binary(let op) = try peek().kind, op.isDurationOperator, op.precedence >= precedence {
            let sign = try take()
            let rhs = try parseDuration(op == .power ? op.precedence : op.precedence + 1, place, expected)
            if op == .divide || op == .modulo, rhs.constantValue == 0 {
                throw failure(at: sign.range.start, op == .divide ? "division by zero" : "modulo by zero")
            }
            lhs = .binary(op, lhs, rhs)
            depth += 1
            try checkDepth(depth, at: sign.range.start)
        }
        return lhs
    }

    private mutating func parseSignedDuration(_ place: String, _ expected: String) throws(QueryError) -> DurationExpr {
        if try take(.binary(.add)) { return try parseDuration(BinaryOperator.power.precedence, place, expected) }
        if try take(.binary(.subtract)) {
            return try parseDuration(BinaryOperator.power.precedence, place, expected).negation
        }
        return try parseDurationOperand(place, expected)
    }

    /// - Parameter start: where a literal begins, if not at its number but at the sign before.
    private mutating func parseDurationOperand(
        _ place: String, _ expected: String, start: Int? = nil
    ) throws(QueryError) -> DurationExpr {
        let token = try peek()
        switch token.kind {
        case .number, .duration:
            try take()
            let seconds = try literalValue(token)
            guard seconds.magnitude <= durationSecondsMax else {
                throw failure(at: start ?? token.range.start, "duration out of range")
            }
            return token.kind == .number ? .number(seconds) : .duration(seconds)
        case .preprocessor(.step), .preprocessor(.range):
            try take()
            guard try take(.leftParen), try take(.rightParen) else {
                throw unexpected(try peek(), in: place, expected: expected)
            }
            return token.kind == .preprocessor(.step) ? .step : .range
        case .leftParen:
            try take()
            let inner = try parseDuration(1, place, expected)
            guard try take(.rightParen) else { throw unexpected(try peek(), in: place, expected: expected) }
            return .paren(inner)
        case .identifier: return try parseDurationCall(place, expected)
        default: throw unexpected(token, in: place, expected: expected)
        }
    }

    /// `min_of` or `max_of`.
    private mutating func parseDurationCall(_ place: String, _ expected: String) throws(QueryError) -> DurationExpr {
        let name = text(try peek()).lowercased()
        guard name == "min_of" || name == "max_of" else { throw unexpected(try peek(), in: place, expected: expected) }
        try take()
        guard try take(.leftParen) else { throw unexpected(try peek(), in: place, expected: expected) }
        let a = try parseDuration(1, place, expected)
        guard try take(.comma) else { throw unexpected(try peek(), in: place, expected: expected) }
        let b = try parseDuration(1, place, expected)
        guard try take(.rightParen) else { throw unexpected(try peek(), in: place, expected: expected) }
        return name == "min_of" ? .minimum(a, b) : .maximum(a, b)
    }
}

extension BinaryOperator {
    var isDurationOperator: Bool {
        switch self {
        case .add, .subtract, .multiply, .divide, .modulo, .power: true
        default: false
        }
    }
}

/// An arithmetic operator on two numbers of seconds.
func arithmetic(_ op: BinaryOperator, _ x: Double, _ y: Double) -> Double {
    switch op {
    case .add: x + y
    case .subtract: x - y
    case .multiply: x * y
    case .divide: x / y
    case .modulo: x.truncatingRemainder(dividingBy: y)
    case .power: pow(x, y)
    default: .nan
    }
}
