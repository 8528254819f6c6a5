extension BinaryOperator {
    /// How tightly it binds; more binds tighter.
    var precedence: Int {
        switch self {
        case .or: 1
        case .and, .unless: 2
        case .equal, .notEqual, .greater, .less, .greaterOrEqual, .lessOrEqual, .trimUpper, .trimLower: 3
        case .add, .subtract: 4
        case .multiply, .divide, .modulo, .atan2: 5
        case .power: 6
        }
    }
}

extension Parser {
    /// An expression of operators that bind at least as tightly as `precedence`.
    mutating func parseExpression(_ precedence: Int = 1) throws(QueryError) -> Node {
        nesting += 1
        defer { nesting -= 1 }
        guard nesting <= ParserLimits.nestingMax else {
            throw failure(
                at: try peek().range.start,
                "expression is nested too deeply: more than \(ParserLimits.nestingMax) levels")
        }
        var lhs = try parseSigned()
        while case .binary(let op) = try peek().kind, op.precedence >= precedence {
            try take()
            lhs = try parseRightSide(of: op, lhs)
        }
        return lhs
    }

    private mutating func parseRightSide(of op: BinaryOperator, _ lhs: Node) throws(QueryError) -> Node {
        let (returnsBool, matching) = try parseBinaryModifiers()
        // Only `^` groups from the right.
        let rhs = try parseExpression(op == .power ? op.precedence : op.precedence + 1)
        let depth = max(lhs.depth, rhs.depth) + 1
        try checkDepth(depth, at: lhs.expr.range.start)
        let range = SourceRange(lhs.expr.range.start, rhs.expr.range.end)
        return Node(
            expr: .binary(
                BinaryExpr(
                    op: op, lhs: lhs.expr, rhs: rhs.expr, returnsBool: returnsBool, matching: matching, range: range)),
            depth: depth)
    }

    /// An operand with any signs before it. A sign binds less tightly than `^`.
    private mutating func parseSigned() throws(QueryError) -> Node {
        let token = try peek()
        guard token.kind == .binary(.add) || token.kind == .binary(.subtract) else {
            return try parseModified()
        }
        try take()
        let isNegation = token.kind == .binary(.subtract)
        let operand = try parseExpression(BinaryOperator.power.precedence)
        let range = SourceRange(token.range.start, operand.expr.range.end)
        switch operand.expr {
        case .number(let value, _): return Node(expr: .number(isNegation ? -value : value, range), depth: 1)
        case .duration(let value, _): return Node(expr: .duration(isNegation ? -value : value, range), depth: 1)
        default: break
        }
        try checkDepth(operand.depth + 1, at: range.start)
        return Node(
            expr: .unary(UnaryExpr(isNegation: isNegation, operand: operand.expr, range: range)),
            depth: operand.depth + 1)
    }
}
