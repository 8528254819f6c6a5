import Model
import TestSupport

@testable import PromQL

extension ExpressionMaker {
    static let functions = FunctionSignature.all.filter { function in
        !Exclusions.functions.contains { $0.name == function.name }
    }

    // MARK: Binary operators

    /// A vector with a scalar.
    mutating func withScalar(depth: Int) -> Expr {
        let op = random.pick(BinaryOperator.allCases.filter { !$0.isSet && !$0.isTrim })
        let sides = [simple(vector(depth: depth - 1)), simple(scalar(depth: depth - 1))]
        let isFirst = random.chance(75)
        return .binary(
            BinaryExpr(
                op: op, lhs: sides[isFirst ? 0 : 1], rhs: sides[isFirst ? 1 : 0],
                returnsBool: op.isComparison && random.chance(40), matching: nil, range: nowhere))
    }

    /// Two vectors, often of the same metric so that many of their series have partners.
    mutating func vectors(depth: Int) -> Expr {
        let op = random.pick(BinaryOperator.allCases.filter { !$0.isTrim })
        var matching = VectorMatching()
        if op.isSet { matching.cardinality = .manyToMany }
        if random.chance(60) {
            matching.isOn = random.chance(60)
            matching.labels =
                matching.isOn
                ? random.pick([["job", "instance"], ["job", "instance"], ["instance"], ["job"], []])
                : random.pick([["zone"], ["code"], ["version"], ["le"], ["code", "zone", "version"]])
            if !op.isSet, random.chance(50) {
                matching.cardinality = random.pick([.manyToOne, .manyToOne, .oneToMany])
                matching.include = random.pick([[], [], ["version"], ["zone", "region"]])
            }
        }
        let some = random.pick([metrics, [random.pick(metrics)]])
        let left = preferring(some) { $0.vector(depth: depth - 1) }
        let right = preferring(random.pick([some, Self.infos, ["errors_total"]])) { $0.vector(depth: depth - 1) }
        return .binary(
            BinaryExpr(
                op: op, lhs: simple(left), rhs: simple(right), returnsBool: op.isComparison && random.chance(40),
                matching: matching, range: nowhere))
    }

    // MARK: Aggregations

    mutating func aggregate(depth: Int) -> Expr {
        let op = random.pick(Aggregator.allCases)
        let groupings = [
            [], [], ["job"], ["job", "instance"], ["zone"], ["code"], ["le", "job"], ["missing"], ["net.zone"],
            ["instance", "version"],
        ]
        return .aggregate(
            AggregateExpr(
                op: op, operand: vector(depth: depth - 1), parameter: parameter(op, depth: depth - 1),
                grouping: random.pick(groupings), isWithout: random.chance(25), range: nowhere))
    }

    private mutating func parameter(_ op: Aggregator, depth: Int) -> Expr? {
        guard let type = op.parameterType else { return nil }
        if type == .scalar, random.chance(10) { return scalar(depth: depth) }
        switch op {
        case .quantile: return quantile()
        case .countValues: return .string(random.pick(["value", "value", "job", "a.b"]), nowhere)
        case .limitRatio: return .number(random.pick([0, 0.1, 0.5, 0.9, 1, -0.1, -0.5, -1, 1.5]), nowhere)
        default: return .number(random.pick([0, 1, 1, 2, 2, 3, 5, -1]), nowhere)
        }
    }

    private mutating func quantile() -> Expr {
        .number(random.pick([0, 0.25, 0.5, 0.5, 0.9, 0.99, 1, -1, 2, .nan]), nowhere)
    }

    // MARK: Calls

    mutating func call(_ function: FunctionSignature, depth: Int) -> Expr {
        var arguments = arguments(function, depth: depth - 1)
        if function.variadic == 1, random.chance(50) { arguments.removeLast() }
        return .call(CallExpr(function: function, arguments: arguments, range: nowhere))
    }

    private mutating func arguments(_ function: FunctionSignature, depth: Int) -> [Expr] {
        switch function.name {
        case "label_replace": [vector(depth: depth)] + replacement()
        case "label_join":
            [vector(depth: depth)] + strings([random.pick(["job", "new", "le"]), random.pick(["-", ""])]) + labels()
        case "sort_by_label", "sort_by_label_desc": [vector(depth: depth)] + labels()
        case "histogram_quantile": [quantile(), histogram(depth: depth)]
        case "histogram_fraction":
            [.number(random.pick([0, -1, 0.3]), nowhere), .number(random.pick([0.7, 1, 4, .infinity]), nowhere)]
                + [histogram(depth: depth)]
        case let name where name.hasPrefix("histogram_"):
            [preferring(Self.natives) { $0.random.chance(50) ? $0.vector(depth: 0) : $0.vector(depth: depth) }]
        case "quantile_over_time": [quantile(), matrix(depth: depth)]
        case "predict_linear": [matrix(depth: depth), .number(random.pick([60, 300, -30, 0]), nowhere)]
        case "double_exponential_smoothing":
            [matrix(depth: depth)] + [0, 1].map { _ in .number(random.pick([0.1, 0.5, 0.9, 0.5, 1, 2]), nowhere) }
        case "round": [vector(depth: depth), .number(random.pick([1, 0.5, 0.25, 10, 7, -1, 0]), nowhere)]
        case "rate", "increase", "irate", "resets":
            [preferring(Self.counters + Self.natives) { $0.matrix(depth: depth) }]
        case "info": [vector(depth: depth), .vectorSelector(infoSelector())]
        default: function.parameters.map { of($0, depth: depth) }
        }
    }

    private func strings(_ values: [String]) -> [Expr] { values.map { .string($0, nowhere) } }

    private mutating func labels() -> [Expr] {
        strings(random.pick([["instance"], ["job"], ["zone", "code"], ["missing", "job"], ["le"], []]))
    }

    private mutating func replacement() -> [Expr] {
        strings(
            random.pick([
                ["new", "$1", "instance", "(.):.*"], ["job", "all", "", ""], ["zone", "", "zone", ".*"],
                ["__name__", "renamed", "job", "api"], ["new", "${1}-$2", "job", "(.)(.*)"],
                ["le", "$1", "code", "(.+)"],
                ["__name__", "$1_$0", "__name__", "(.{4}).*"], ["instance", "x:1", "instance", "y:2"],
            ]))
    }

    private mutating func infoSelector() -> VectorSelector {
        let choices: [(String, Matcher.Operator, String)] = [
            ("version", .matches, ".+"), ("region", .equal, "north"), ("missing", .equal, ""),
            ("version", .equal, "v1"),
            ("__name__", .equal, "build_info"), ("__name__", .matches, ".*_info"),
        ]
        let (name, op, value) = random.pick(choices)
        let matcher = (try? Matcher(name, op, value)) ?? Matcher(name, equals: value)
        return VectorSelector(
            name: nil, matchers: [matcher], offsetMs: 0, at: nil, rangeExtension: nil, range: nowhere)
    }

    /// Something of which there are quantiles: classic buckets or native histograms, often as a rate and summed.
    private mutating func histogram(depth: Int) -> Expr {
        preferring(random.pick([["latency_bucket"], Self.natives])) { maker in
            guard maker.random.chance(70), let rate = FunctionSignature.named("rate") else {
                return maker.vector(depth: depth)
            }
            let inner =
                maker.random.chance(70)
                ? Expr.call(CallExpr(function: rate, arguments: [maker.matrix(depth: 0)], range: maker.nowhere))
                : maker.vector(depth: 0)
            guard maker.random.chance(50) else { return inner }
            return .aggregate(
                AggregateExpr(
                    op: .sum, operand: inner, parameter: nil,
                    grouping: maker.random.pick([["le"], ["le", "job"], ["zone"]]),
                    isWithout: maker.random.chance(10), range: maker.nowhere))
        }
    }
}
