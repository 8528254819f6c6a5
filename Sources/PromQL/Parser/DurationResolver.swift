import Model

extension Expr {
    /// The same expression with every duration that depends on the query's time range replaced by its value.
    ///
    /// - Parameters:
    ///   - stepMs: the query's resolution in milliseconds; 0 for an instant query.
    ///   - rangeMs: from the query's start to its end, in milliseconds.
    /// - Throws: ``QueryError/parse(_:)`` where a duration comes out as zero, negative or too large.
    public func resolved(stepMs: Int64, rangeMs: Int64) throws(QueryError) -> Expr {
        try DurationResolver(stepSeconds: Double(stepMs) / 1000, rangeSeconds: Double(rangeMs) / 1000).resolve(self)
    }
}

private struct DurationResolver {
    let stepSeconds: Double
    let rangeSeconds: Double

    func resolve(_ expr: Expr) throws(QueryError) -> Expr {
        switch expr {
        case .number, .duration, .string: return expr
        case .binary: return try resolveChain(expr)
        case .paren, .unary, .aggregate, .call: return try resolveParts(expr)
        case .vectorSelector, .matrixSelector, .subquery: return try resolveSelector(expr)
        }
    }

    /// Goes down the left sides of operators without recursion: a chain of them is as deep as it is long.
    private func resolveChain(_ expr: Expr) throws(QueryError) -> Expr {
        var chain: [BinaryExpr] = []
        var rest = expr
        while case .binary(let e) = rest {
            chain.append(e)
            rest = e.lhs
        }
        var result = try resolve(rest)
        while var e = chain.popLast() {
            e.lhs = result
            e.rhs = try resolve(e.rhs)
            result = .binary(e)
        }
        return result
    }

    private func resolveParts(_ expr: Expr) throws(QueryError) -> Expr {
        switch expr {
        case .paren(let inner, let range): return .paren(try resolve(inner), range)
        case .unary(var e):
            e.operand = try resolve(e.operand)
            return .unary(e)
        case .aggregate(var e):
            e.operand = try resolve(e.operand)
            if let parameter = e.parameter { e.parameter = try resolve(parameter) }
            return .aggregate(e)
        case .call(var e):
            for index in e.arguments.indices { e.arguments[index] = try resolve(e.arguments[index]) }
            return .call(e)
        default: return expr
        }
    }

    private func resolveSelector(_ expr: Expr) throws(QueryError) -> Expr {
        switch expr {
        case .vectorSelector(let e): return .vectorSelector(try resolve(e))
        case .matrixSelector(var e):
            e.selector = try resolve(e.selector)
            if let range = e.rangeExpression { e.rangeMs = try value(range, isPositive: true) }
            e.rangeExpression = nil
            return .matrixSelector(e)
        case .subquery(let e): return .subquery(try resolve(e))
        default: return expr
        }
    }

    private func resolve(_ selector: VectorSelector) throws(QueryError) -> VectorSelector {
        var selector = selector
        if let offset = selector.offsetExpression { selector.offsetMs = try value(offset, isPositive: false) }
        selector.offsetExpression = nil
        return selector
    }

    private func resolve(_ subquery: SubqueryExpr) throws(QueryError) -> SubqueryExpr {
        var subquery = subquery
        subquery.operand = try resolve(subquery.operand)
        if let range = subquery.rangeExpression { subquery.rangeMs = try value(range, isPositive: true) }
        if let step = subquery.stepExpression { subquery.stepMs = try value(step, isPositive: true) }
        if let offset = subquery.offsetExpression { subquery.offsetMs = try value(offset, isPositive: false) }
        (subquery.rangeExpression, subquery.stepExpression, subquery.offsetExpression) = (nil, nil, nil)
        return subquery
    }

    private func value(_ duration: DurationExpr, isPositive: Bool) throws(QueryError) -> Int64 {
        let (seconds, problem) = duration.evaluate(stepSeconds: stepSeconds, rangeSeconds: rangeSeconds)
        guard let seconds else { throw .parse("parse error: \(problem) in duration \(duration)") }
        guard !isPositive || seconds > 0 else {
            throw .parse("parse error: duration must be greater than 0, and \(duration) is \(formatFloat(seconds))s")
        }
        guard let result = milliseconds(seconds) else {
            throw .parse("parse error: duration out of range: \(duration)")
        }
        return result
    }
}
