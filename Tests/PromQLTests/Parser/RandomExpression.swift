import Model
import TestSupport

@testable import PromQL

/// Makes random well-typed expressions: as trees, put between parentheses wherever an operand is not simple.
struct ExpressionGenerator {
    var random: SeededGenerator
    private let nowhere = SourceRange(0, 0)

    init(seed: UInt64) { random = SeededGenerator(seed: seed) }

    mutating func expression(depth: Int) -> Expr {
        switch number(10) {
        case 0: .string(pick(["", "a", "\"", "\\", "é\n\u{1}", "\u{FFFD}", "$1"]), nowhere)
        case 1: matrix(depth: depth)
        case 2, 3: scalar(depth: depth)
        default: vector(depth: depth)
        }
    }

    private mutating func number(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &random) }
    private mutating func pick<T>(_ values: [T]) -> T { values[number(values.count)] }
    private mutating func chance() -> Bool { Bool.random(using: &random) }

    // MARK: By type

    private mutating func of(_ type: ValueType, depth: Int) -> Expr {
        switch type {
        case .scalar: scalar(depth: depth)
        case .string: .string(pick(["a", "b\"c", "(.*)"]), nowhere)
        case .vector: vector(depth: depth)
        case .matrix: matrix(depth: depth)
        }
    }

    private mutating func scalar(depth: Int) -> Expr {
        let values = [0, 1, 0.5, 1e21, 1e-9, 300, .infinity, .nan, 123_456.789]
        guard depth > 0 else {
            // Of 125 ms, as of others Prometheus prints one too few at times.
            return chance() ? .duration(Double(number(8000)) / 8, nowhere) : .number(pick(values), nowhere)
        }
        switch number(4) {
        case 0: return .number(pick(values), nowhere)
        case 1: return call(pick(FunctionSignature.all.filter { $0.returns == .scalar }), depth: depth)
        case 2: return .paren(scalar(depth: depth - 1), nowhere)
        default: return binary(scalar(depth: depth - 1), scalar(depth: depth - 1), isVector: false)
        }
    }

    private mutating func vector(depth: Int) -> Expr {
        guard depth > 0 else { return .vectorSelector(selector()) }
        switch number(7) {
        case 0: return .vectorSelector(selector())
        case 1: return aggregate(depth: depth)
        case 2: return call(pick(FunctionSignature.all.filter { $0.returns == .vector }), depth: depth)
        case 3: return .paren(vector(depth: depth - 1), nowhere)
        case 4:
            let operand = Expr.paren(vector(depth: depth - 1), nowhere)
            return .unary(UnaryExpr(isNegation: chance(), operand: operand, range: nowhere))
        case 5: return binary(vector(depth: depth - 1), scalar(depth: depth - 1), isVector: false)
        default: return binary(vector(depth: depth - 1), vector(depth: depth - 1), isVector: true)
        }
    }

    private mutating func matrix(depth: Int) -> Expr {
        if depth == 0 || chance() {
            var inner = selector()
            if chance() { inner.rangeExtension = pick([.anchored, .smoothed]) }
            let range = duration()
            return .matrixSelector(
                MatrixSelector(selector: inner, rangeMs: range.ms, range: nowhere, rangeExpression: range.expression))
        }
        var subquery = SubqueryExpr(
            operand: simple(vector(depth: depth - 1)), rangeMs: Int64(1 + number(1_000_000)), stepMs: nil, offsetMs: 0,
            at: at(), range: nowhere)
        if chance() { subquery.stepMs = Int64(1 + number(100_000)) }
        if chance() { subquery.offsetMs = Int64(number(2_000_000)) - 1_000_000 }
        return .subquery(subquery)
    }

    // MARK: Parts

    private mutating func selector() -> VectorSelector {
        let name: String? = chance() ? pick(["foo", "a:b", "sum", "offset", "start", "by", "and", "smoothed"]) : nil
        var matchers: [Matcher] = []
        for _ in 0..<number(3) {
            let value = pick(["", "x", "a\"b", "é", "\u{FFFD}"])
            matchers.append(Matcher(pick(["a", "b", "by", "x.y", "é"]), equals: value))
        }
        if name == nil { matchers.append(Matcher(Labels.metricNameLabel, equals: pick(["foo", "x.y"]))) }
        if let name { matchers.append(Matcher(Labels.metricNameLabel, equals: name)) }
        var result = VectorSelector(
            name: name, matchers: matchers, offsetMs: 0, at: at(), rangeExtension: nil, range: nowhere)
        if chance() { result.offsetMs = Int64(number(2_000_000)) - 1_000_000 }
        return result
    }

    private mutating func at() -> AtModifier? {
        pick([nil, nil, .start, .end, .timestamp(0), .timestamp(-1), .timestamp(1_700_000_000_123)])
    }

    private mutating func duration() -> (ms: Int64, expression: DurationExpr?) {
        switch number(3) {
        case 0: (0, pick([.step, .range, .minimum(.step, .number(5)), .paren(.binary(.add, .step, .duration(60)))]))
        case 1: (1_209_600_000, nil)
        default: (Int64(1 + number(100_000_000)), nil)
        }
    }

    private mutating func binary(_ lhs: Expr, _ rhs: Expr, isVector: Bool) -> Expr {
        let isScalar = lhs.type == .scalar && rhs.type == .scalar
        let op = pick(BinaryOperator.allCases.filter { isVector || !$0.isSet })
        let returnsBool = op.isComparison && (isScalar || chance())
        var result = BinaryExpr(
            op: op, lhs: simple(lhs), rhs: simple(rhs), returnsBool: returnsBool, matching: nil, range: nowhere)
        if isVector { result.matching = matching(op) }
        return .binary(result)
    }

    private mutating func matching(_ op: BinaryOperator) -> VectorMatching {
        var matching = VectorMatching()
        if op.isSet { matching.cardinality = .manyToMany }
        matching.isOn = chance()
        if chance() { matching.labels = ["a", "x.y"] }
        if !op.isSet, chance() {
            matching.cardinality = pick([.manyToOne, .oneToMany])
            matching.include = pick([[], ["b"], ["b", "é"]])
        }
        if !op.isSet, chance() { matching.fillLeft = pick([0, -1.5, .infinity]) }
        if !op.isSet, chance() { matching.fillRight = pick([0, -1.5, .infinity]) }
        return matching
    }

    private mutating func aggregate(depth: Int) -> Expr {
        let op = pick(Aggregator.allCases)
        return .aggregate(
            AggregateExpr(
                op: op, operand: vector(depth: depth - 1),
                parameter: op.parameterType.map { of($0, depth: depth - 1) },
                grouping: pick([[], ["a"], ["a", "x.y", "by"]]), isWithout: chance(), range: nowhere))
    }

    private mutating func call(_ function: FunctionSignature, depth: Int) -> Expr {
        var arguments: [Expr] = []
        for (index, type) in function.parameters.enumerated() {
            if function.name == "info", index == 1 {
                var labels = selector()
                (labels.name, labels.matchers) = (nil, [Matcher("a", equals: "b")])
                arguments.append(.vectorSelector(labels))
            } else {
                arguments.append(of(type, depth: depth - 1))
            }
        }
        if function.variadic != 0, chance() { arguments.removeLast() }
        return .call(CallExpr(function: function, arguments: arguments, range: nowhere))
    }

    /// `expr`, in parentheses where it has parts.
    private func simple(_ expr: Expr) -> Expr {
        switch expr {
        case .number, .duration, .string, .paren, .vectorSelector, .call: expr
        default: .paren(expr, nowhere)
        }
    }
}
