import Model

@testable import PromQL

/// Makes a query smaller for as long as something stays true of it.
struct Shrinker {
    /// What must stay true.
    let holds: (Query) throws -> Bool

    func shrink(_ query: Query) throws -> Query {
        var query = query
        // Each round takes something away; the bound is for the mistakes of this code.
        for _ in 0..<300 {
            guard let smaller = try query.smaller.first(where: holds) else { break }
            query = smaller
        }
        return query
    }
}

extension Query {
    /// Queries with a little less each, those with much less first.
    var smaller: [Query] { hoisted + earlier + expr.smaller.map { Query(expr: $0, time: time) } }

    /// Parts of the expression in its place.
    private var hoisted: [Query] {
        var result: [Query] = []
        for child in expr.children {
            switch child {
            case .matrixSelector, .string: continue
            case .subquery(let subquery):
                guard case .instant(var time) = time else { continue }
                if case .timestamp(let fixed) = subquery.at { time = fixed }
                let step = subquery.stepMs ?? 60_000
                let end = time - subquery.offsetMs
                let start = ((end - subquery.rangeMs) / step + 1) * step
                if start <= end {
                    result.append(
                        Query(expr: subquery.operand, time: .range(start: start, end: end / step * step, step: step)))
                }
            default: result.append(Query(expr: child, time: time))
            }
        }
        return result
    }

    /// One step of a range, or half of them.
    private var earlier: [Query] {
        guard case .range(let start, let end, let step) = time, end > start else {
            if case .range(let start, _, _) = time { return [Query(expr: expr, time: .instant(start))] }
            return []
        }
        let last = (end - start) / step
        let instants = (0...last).map { Time.instant(start + $0 * step) }
        let halves: [Time] = [
            .range(start: start, end: start + last / 2 * step, step: step),
            .range(start: start + (last + 1) / 2 * step, end: end, step: step),
        ]
        return (instants + (last > 0 ? halves : [])).map { Query(expr: expr, time: $0) }
    }
}

extension Expr {
    /// The expressions that this one is made of.
    var children: [Expr] {
        switch self {
        case .number, .duration, .string, .vectorSelector, .matrixSelector: []
        case .paren(let inner, _): [inner]
        case .unary(let e): [e.operand]
        case .binary(let e): [e.lhs, e.rhs]
        case .aggregate(let e): [e.operand] + (e.parameter.map { [$0] } ?? [])
        case .call(let e): e.arguments
        case .subquery(let e): [e.operand]
        }
    }

    /// Whether something is true of the expression or of a part of it.
    func contains(_ holds: (Expr) throws -> Bool) rethrows -> Bool {
        try holds(self) || children.contains { try $0.contains(holds) }
    }

    private func replacing(_ index: Int, with child: Expr) -> Expr {
        switch self {
        case .number, .duration, .string, .vectorSelector, .matrixSelector: return self
        case .paren(_, let range): return .paren(child, range)
        case .unary(var e):
            e.operand = child
            return .unary(e)
        case .binary(var e):
            if index == 0 { e.lhs = child } else { e.rhs = child }
            return .binary(e)
        case .aggregate(var e):
            if index == 0 { e.operand = child } else { e.parameter = child }
            return .aggregate(e)
        case .call(var e):
            e.arguments[index] = child
            return .call(e)
        case .subquery(var e):
            e.operand = child
            return .subquery(e)
        }
    }

    /// Expressions of the same type with something less each.
    fileprivate var smaller: [Expr] {
        var result = children.filter { $0.type == type } + own
        for (index, child) in children.enumerated() {
            // Operands keep their parentheses.
            if case .paren(let inner, let range) = child {
                result += inner.smaller.map { replacing(index, with: $0.isSimple ? $0 : .paren($0, range)) }
                if inner.isSimple { result.append(replacing(index, with: inner)) }
            } else {
                result += child.smaller.map {
                    replacing(index, with: $0.isSimple ? $0 : .paren($0, SourceRange(0, 0)))
                }
            }
        }
        return result
    }

    private var isSimple: Bool {
        switch self {
        case .unary, .binary: false
        default: true
        }
    }

    /// This expression with fewer modifiers.
    private var own: [Expr] {
        switch self {
        case .binary(let e): e.plainer.map { .binary($0) }
        case .aggregate(let e): e.plainer.map { .aggregate($0) }
        case .vectorSelector(let e): e.plainer.map { .vectorSelector($0) }
        case .matrixSelector(let e):
            e.selector.plainer.map {
                .matrixSelector(MatrixSelector(selector: $0, rangeMs: e.rangeMs, range: e.range))
            }
        case .subquery(let e): e.plainer.map { .subquery($0) }
        default: type == .scalar && !children.isEmpty ? [.number(1, SourceRange(0, 0))] : []
        }
    }
}

extension BinaryExpr {
    fileprivate var plainer: [BinaryExpr] {
        var result: [BinaryExpr] = []
        if var matching, matching.cardinality != .manyToMany {
            var changed = self
            if !matching.include.isEmpty {
                matching.include = []
                changed.matching = matching
                result.append(changed)
            }
            if matching.cardinality != .oneToOne {
                matching.cardinality = .oneToOne
                changed.matching = matching
                result.append(changed)
            }
        }
        if returnsBool, lhs.type == .vector || rhs.type == .vector {
            var changed = self
            changed.returnsBool = false
            result.append(changed)
        }
        return result
    }
}

extension AggregateExpr {
    fileprivate var plainer: [AggregateExpr] {
        grouping.indices.map { index in
            var changed = self
            changed.grouping.remove(at: index)
            return changed
        }
    }
}

extension VectorSelector {
    fileprivate var plainer: [VectorSelector] {
        var result: [VectorSelector] = []
        for index in matchers.indices where matchers[index].name != Labels.metricNameLabel {
            result.append(self)
            result[result.count - 1].matchers.remove(at: index)
        }
        if offsetMs != 0 {
            result.append(self)
            result[result.count - 1].offsetMs = 0
        }
        if at != nil {
            result.append(self)
            result[result.count - 1].at = nil
        }
        return result
    }
}

extension SubqueryExpr {
    fileprivate var plainer: [SubqueryExpr] {
        var result: [SubqueryExpr] = []
        if offsetMs != 0 {
            result.append(self)
            result[result.count - 1].offsetMs = 0
        }
        if at != nil {
            result.append(self)
            result[result.count - 1].at = nil
        }
        return result
    }
}
