import Model

/// Finds what is wrong with an expression whose syntax is right, children before parents and left before right, and
/// settles how the sides of each binary operator are paired.
struct TypeChecker {
    let bytes: [UInt8]

    // Each kind has a function of its own, which keeps the frame of this one small: it is on the stack once a level.
    func check(_ expr: Expr) throws(QueryError) -> Expr {
        switch expr {
        case .number, .duration, .string: return expr
        case .paren: return try checkParen(expr)
        case .unary: return try checkUnary(expr)
        case .binary: return try checkChain(expr)
        case .aggregate: return try checkAggregate(expr)
        case .call: return try checkCall(expr)
        case .vectorSelector, .matrixSelector: return try checkSelector(expr)
        case .subquery: return try checkSubquery(expr)
        }
    }

    private func checkParen(_ expr: Expr) throws(QueryError) -> Expr {
        guard case .paren(let inner, let range) = expr else { return expr }
        return .paren(try check(inner), range)
    }

    private func checkUnary(_ expr: Expr) throws(QueryError) -> Expr {
        guard case .unary(var e) = expr else { return expr }
        e.operand = try check(e.operand)
        let type = e.operand.type
        guard type == .scalar || type == .vector else {
            throw failure(
                e.range,
                "unary expression only allowed on expressions of type scalar or instant vector, got "
                    + quoted(type.documented))
        }
        return .unary(e)
    }

    private func checkSubquery(_ expr: Expr) throws(QueryError) -> Expr {
        guard case .subquery(var e) = expr else { return expr }
        e.operand = try check(e.operand)
        guard e.operand.type == .vector else {
            throw failure(
                e.range, "subquery is only allowed on instant vector, got \(e.operand.type.rawValue) instead")
        }
        return .subquery(e)
    }

    private func failure(_ range: SourceRange, _ message: String) -> QueryError {
        parseFailure(bytes, at: range.start, message)
    }

    /// `expr`, checked, where it is of type `type`.
    private func check(_ expr: Expr, is type: ValueType, in place: String) throws(QueryError) -> Expr {
        let checked = try check(expr)
        guard checked.type == type else {
            throw failure(
                checked.range,
                "expected type \(type.documented) in \(place), got \(checked.type.documented)")
        }
        return checked
    }

    // MARK: Binary operators

    /// Checks a binary expression and those down its left side, innermost first and without recursion: a chain of
    /// operators is as deep as it is long.
    private func checkChain(_ expr: Expr) throws(QueryError) -> Expr {
        var chain: [BinaryExpr] = []
        var rest = expr
        while case .binary(let e) = rest {
            chain.append(e)
            rest = e.lhs
        }
        var result = try check(rest)
        while var e = chain.popLast() {
            e.lhs = result
            e.rhs = try check(e.rhs)
            result = .binary(try checkBinary(e))
        }
        return result
    }

    /// Checks a binary expression whose sides are already checked.
    private func checkBinary(_ expr: BinaryExpr) throws(QueryError) -> BinaryExpr {
        var e = expr
        let (left, right) = (e.lhs.type, e.rhs.type)
        if e.returnsBool, !e.op.isComparison {
            throw failure(operatorRange(e), "bool modifier can only be used on comparison operators")
        }
        if e.op.isComparison, !e.returnsBool, left == .scalar, right == .scalar {
            throw failure(operatorRange(e), "comparisons between scalars must use BOOL modifier")
        }
        var matching = e.matching ?? VectorMatching()
        if matching.isOn, let label = matching.labels.first(where: matching.include.contains) {
            throw failure(operatorRange(e), "label \(quoted(label)) must not occur in ON and GROUP clause at once")
        }
        for side in [e.lhs, e.rhs] where side.type != .scalar && side.type != .vector {
            throw failure(side.range, "binary expression must contain only scalar and instant vector types")
        }
        if left == .vector, right == .vector {
            if e.op.isSet { try settleSetOperator(e, &matching) }
            e.matching = matching
        } else {
            try checkScalarOperand(e, matching)
            e.matching = nil
        }
        return e
    }

    private func settleSetOperator(_ e: BinaryExpr, _ matching: inout VectorMatching) throws(QueryError) {
        guard matching.cardinality == .oneToOne else {
            throw failure(e.range, "no grouping allowed for \(quoted(e.op.rawValue)) operation")
        }
        guard matching.fillLeft == nil, matching.fillRight == nil else {
            throw failure(e.range, "filling in missing series not allowed for set operators")
        }
        matching.cardinality = .manyToMany
    }

    /// - Throws: where an operator with a scalar on one side has what only vectors can have.
    private func checkScalarOperand(_ e: BinaryExpr, _ matching: VectorMatching) throws(QueryError) {
        guard matching.labels.isEmpty else {
            throw failure(e.range, "vector matching only allowed between instant vectors")
        }
        guard matching.fillLeft == nil, matching.fillRight == nil else {
            throw failure(e.range, "filling in missing series only allowed between instant vectors")
        }
        guard !e.op.isSet else {
            throw failure(e.range, "set operator \(quoted(e.op.rawValue)) not allowed in binary scalar expression")
        }
    }

    private func operatorRange(_ e: BinaryExpr) -> SourceRange {
        var start = e.lhs.range.end
        while start < bytes.count, isSpaceByte(bytes[start]) { start += 1 }
        return SourceRange(start, start)
    }

    // MARK: Aggregations and calls

    private func checkAggregate(_ expr: Expr) throws(QueryError) -> Expr {
        guard case .aggregate(var e) = expr else { return expr }
        e.operand = try check(e.operand, is: .vector, in: "aggregation expression")
        if let type = e.op.parameterType, let parameter = e.parameter {
            e.parameter = try check(parameter, is: type, in: "aggregation parameter")
        }
        return .aggregate(e)
    }

    private func checkCall(_ expr: Expr) throws(QueryError) -> Expr {
        guard case .call(var e) = expr else { return expr }
        try checkArgumentCount(e)
        let place = "call to function \(quoted(e.function.name))"
        for (index, argument) in e.arguments.enumerated() {
            guard let type = e.function.parameters.element(at: index) ?? e.function.parameters.last else { break }
            if e.function.name == "info", index == 1 {
                try checkInfoSelector(argument, place)
            } else {
                e.arguments[index] = try check(argument, is: type, in: place)
            }
        }
        return .call(e)
    }

    private func checkArgumentCount(_ e: CallExpr) throws(QueryError) {
        let (name, count, wanted) = (quoted(e.function.name), e.arguments.count, e.function.parameters.count)
        if e.function.variadic == 0 {
            guard count == wanted else {
                throw failure(e.range, "expected \(wanted) argument(s) in call to \(name), got \(count)")
            }
            return
        }
        let least = wanted - 1
        let most = least + e.function.variadic
        if count < least {
            throw failure(e.range, "expected at least \(least) argument(s) in call to \(name), got \(count)")
        }
        if e.function.variadic > 0, count > most {
            throw failure(e.range, "expected at most \(most) argument(s) in call to \(name), got \(count)")
        }
    }

    /// The second argument of `info` is written as a selector without a name, and may select everything.
    private func checkInfoSelector(_ argument: Expr, _ place: String) throws(QueryError) {
        guard argument.type == .vector else {
            throw failure(
                argument.range, "expected type instant vector in \(place), got \(argument.type.documented)")
        }
        guard case .vectorSelector(let selector) = argument else {
            throw failure(argument.range, "expected label selectors only")
        }
        guard selector.name == nil else {
            throw failure(argument.range, "expected label selectors only, got vector selector instead")
        }
    }

    // MARK: Selectors

    private func checkSelector(_ expr: Expr) throws(QueryError) -> Expr {
        switch expr {
        case .vectorSelector(let e): try checkMatchers(e)
        case .matrixSelector(let e): try checkMatchers(e.selector)
        default: break
        }
        return expr
    }

    private func checkMatchers(_ e: VectorSelector) throws(QueryError) {
        if let name = e.name {
            let others = e.matchers.dropLast()
            if let other = others.first(where: { $0.name == Labels.metricNameLabel }) {
                throw failure(
                    e.range, "metric name must not be set twice: \(quoted(name)) or \(quoted(other.value))")
            }
            return
        }
        guard e.matchers.contains(where: { !$0.matchesEmpty }) else {
            throw failure(e.range, "vector selector must contain at least one non-empty matcher")
        }
    }
}

extension Array {
    fileprivate func element(at index: Int) -> Element? { index < count ? self[index] : nil }
}
