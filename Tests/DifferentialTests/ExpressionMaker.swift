import Model
import TestSupport

@testable import PromQL

/// Makes random valid expressions that select something of the generated series, and mostly mean something: functions
/// get the kind of metric that they are for more often than not.
struct ExpressionMaker {
    var random: SeededGenerator
    /// The metrics that selectors choose from.
    private(set) var metrics = ExpressionMaker.floats
    let nowhere = SourceRange(0, 0)

    static let gauges = ["temperature", "pressure", "up", "odd", "dotted.name"]
    static let counters = ["requests_total", "errors_total", "latency_count", "latency_sum"]
    static let infos = ["target_info", "build_info"]
    static let natives = ["size", "size_float", "size_custom", "size_gauge", "size_mixed"]
    static let floats = gauges + gauges + counters + counters + infos + ["latency_bucket"]
    static let all = floats + natives + ["nothing"]

    init(seed: UInt64) { random = SeededGenerator(seed: seed) }

    mutating func query() -> Query {
        metrics = random.pick([Self.floats, Self.floats, Self.natives, Self.all])
        let depth = 1 + random.number(4)
        let isInstant = random.chance(40)
        let expr: Expr =
            switch random.number(100) {
            case 0 where isInstant: .string("text", nowhere)
            case 1...3 where isInstant: matrix(depth: depth)
            case 4...10: scalar(depth: depth)
            default: vector(depth: depth)
            }
        return Query(expr: expr, time: isInstant ? .instant(moment()) : timeRange())
    }

    /// A time among the samples or a little beside, mostly one at which there are some.
    mutating func moment() -> Int64 {
        let span = Int(GeneratedData.end - GeneratedData.start) / 5000
        let time = GeneratedData.start + Int64(random.number(span + 40) - 10) * 5000
        return random.chance(20) ? time + Int64(random.number(5000)) : time
    }

    private mutating func timeRange() -> Query.Time {
        let start = moment()
        let step: Int64 = random.pick([1_000, 5_000, 15_000, 30_000, 47_000, 60_000, 61_001, 300_000])
        return .range(start: start, end: start + step * Int64(random.number(24)) + Int64(random.number(2)), step: step)
    }

    /// Does `body` with selectors choosing from `some`, mostly.
    mutating func preferring<Value>(
        _ some: [String], _ body: (inout ExpressionMaker) -> Value
    ) -> Value {
        let before = metrics
        if random.chance(80) { metrics = some }
        defer { metrics = before }
        return body(&self)
    }

    // MARK: By type

    mutating func of(_ type: ValueType, depth: Int) -> Expr {
        switch type {
        case .scalar: scalar(depth: depth)
        case .string: .string(random.pick(["a", "zone", "$1"]), nowhere)
        case .vector: vector(depth: depth)
        case .matrix: matrix(depth: depth)
        }
    }

    mutating func scalar(depth: Int) -> Expr {
        guard depth > 0, random.chance(35) else { return plainNumber() }
        switch random.number(5) {
        case 0: return .paren(scalar(depth: depth - 1), nowhere)
        case 1: return .unary(UnaryExpr(isNegation: true, operand: simple(scalar(depth: depth - 1)), range: nowhere))
        case 2: return call(random.pick(Self.functions.filter { $0.returns == .scalar }), depth: depth)
        default:
            let op = random.pick(BinaryOperator.allCases.filter { !$0.isSet && !$0.isTrim })
            return .binary(
                BinaryExpr(
                    op: op, lhs: simple(scalar(depth: depth - 1)), rhs: simple(scalar(depth: depth - 1)),
                    returnsBool: op.isComparison, matching: nil, range: nowhere))
        }
    }

    private mutating func plainNumber() -> Expr {
        if random.chance(5) { return .duration(Double(random.pick([1, 60, 330])), nowhere) }
        let usual: [Double] = [0, 1, 2, 3, 0.5, 10, 100, 20, -1]
        return .number(random.chance(90) ? random.pick(usual) : random.pick([.nan, .infinity, 1e21, 1e-9]), nowhere)
    }

    mutating func vector(depth: Int) -> Expr {
        guard depth > 0 else { return .vectorSelector(selector()) }
        switch random.number(100) {
        case ..<8: return .vectorSelector(selector())
        case ..<30: return aggregate(depth: depth)
        case ..<52:
            return call(random.pick(Self.functions.filter { $0.parameters.contains(.matrix) }), depth: depth)
        case ..<72:
            let others = Self.functions.filter { $0.returns == .vector && !$0.parameters.contains(.matrix) }
            return call(random.pick(others), depth: depth)
        case ..<74: return .paren(vector(depth: depth - 1), nowhere)
        case ..<77:
            let operand = simple(vector(depth: depth - 1))
            return .unary(UnaryExpr(isNegation: random.chance(80), operand: operand, range: nowhere))
        case ..<87: return withScalar(depth: depth)
        default: return vectors(depth: depth)
        }
    }

    mutating func matrix(depth: Int) -> Expr {
        if depth == 0 || random.chance(65) {
            let ranges: [Int64] = [1_000, 15_000, 30_000, 60_000, 150_000, 300_000, 420_000, 1_200_000]
            return .matrixSelector(
                MatrixSelector(selector: selector(), rangeMs: random.pick(ranges), range: nowhere))
        }
        var subquery = SubqueryExpr(
            operand: simple(vector(depth: depth - 1)), rangeMs: random.pick([30_000, 60_000, 300_000, 600_000]),
            stepMs: random.pick([nil, 15_000, 30_000, 47_000, 60_000]), offsetMs: 0, at: at(), range: nowhere)
        if random.chance(12) { subquery.offsetMs = offset() }
        return .subquery(subquery)
    }

    // MARK: Selectors

    mutating func selector() -> VectorSelector {
        let name = random.pick(metrics)
        // A name with a dot stands among the matchers.
        var result = VectorSelector(
            name: name.contains(".") ? nil : name, matchers: [Matcher(Labels.metricNameLabel, equals: name)],
            offsetMs: 0, at: at(), rangeExtension: nil, range: nowhere)
        if random.chance(3), let matcher = try? Matcher(Labels.metricNameLabel, .matches, "temperature|pressure|size") {
            (result.name, result.matchers) = (nil, [matcher])
        }
        for _ in 0..<random.pick([0, 0, 0, 1, 1, 2]) { result.matchers.append(matcher()) }
        if random.chance(12) { result.offsetMs = offset() }
        return result
    }

    private mutating func matcher() -> Matcher {
        let choices: [(String, Matcher.Operator, String)] = [
            ("job", .equal, "api"), ("job", .notEqual, "db"), ("job", .matches, "api|db|web"), ("zone", .equal, "1"),
            ("instance", .matches, "x.*"), ("instance", .equal, "y:2"), ("code", .notMatches, "[45].."),
            ("code", .notEqual, "200"), ("le", .matches, "0.5|1|[+]Inf"), ("zone", .equal, ""), ("missing", .equal, ""),
            ("net.zone", .matches, ".+"), ("version", .notEqual, "v1"), ("instance", .notEqual, ""),
        ]
        let (name, op, value) = random.pick(choices)
        // All of them compile.
        return (try? Matcher(name, op, value)) ?? Matcher(name, equals: value)
    }

    private mutating func offset() -> Int64 { random.pick([15_000, 30_000, -60_000, 300_000, 427_000, 1, -15_000]) }

    private mutating func at() -> AtModifier? {
        guard random.chance(8) else { return nil }
        return random.pick([.start, .end, .timestamp(moment()), .timestamp(moment())])
    }

    /// `expr`, in parentheses where it has parts.
    func simple(_ expr: Expr) -> Expr {
        switch expr {
        case .number, .duration, .string, .paren, .vectorSelector, .call: expr
        default: .paren(expr, nowhere)
        }
    }
}
