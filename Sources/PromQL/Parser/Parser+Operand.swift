import Model

extension Parser {
    /// An operand without what may follow it.
    mutating func parseOperand() throws(QueryError) -> Node {
        let token = try peek()
        switch token.kind {
        case .leftParen: return try parseParen()
        case _ where token.kind.isMetricName: return try parseNamed()
        default: return Node(expr: try parseSimple(), depth: 1)
        }
    }

    /// An operand that has no expression in it and does not begin with a name.
    private mutating func parseSimple() throws(QueryError) -> Expr {
        let token = try peek()
        switch token.kind {
        case .number, .duration:
            try take()
            let value = try literalValue(token)
            return token.kind == .number ? .number(value, token.range) : .duration(value, token.range)
        case .string:
            try take()
            return .string(unquote(lexer.bytes[token.range.start..<token.range.end]), token.range)
        case .leftBrace: return .vectorSelector(try parseVectorSelector())
        default: throw unexpected(token)
        }
    }

    /// The value of a number token, or of a duration token in seconds.
    func literalValue(_ token: Token) throws(QueryError) -> Double {
        let text = text(token)
        if token.kind == .duration {
            if let problem = durationProblem(text) { throw failure(at: token.range.start, problem) }
            return Double(PrometheusDuration.parse(text) ?? 0) / 1000
        }
        let (value, problem) = parseNumber(text)
        guard let value else {
            throw failure(
                at: token.range.start,
                "error parsing number: strconv.ParseFloat: parsing \(quoted(text)): \(problem)")
        }
        return value
    }

    private mutating func parseParen() throws(QueryError) -> Node {
        let open = try take()
        let inner = try parseExpression()
        let close = try peek()
        guard close.kind == .rightParen else { throw unexpected(close) }
        try take()
        return Node(expr: .paren(inner.expr, SourceRange(open.range.start, close.range.end)), depth: inner.depth + 1)
    }

    /// A call, an aggregation or a selector: all begin with a name.
    private mutating func parseNamed() throws(QueryError) -> Node {
        let name = try take()
        let next = try peek().kind
        switch name.kind {
        case .aggregator(let op)
        where next == .leftParen || next == .keyword(.by) || next == .keyword(.without):
            return try parseAggregate(op, name)
        case .identifier where next == .leftParen, .preprocessor where next == .leftParen:
            return try parseCall(name)
        default: return try parseNamedSelector(name)
        }
    }

    private mutating func parseNamedSelector(_ name: Token) throws(QueryError) -> Node {
        Node(expr: .vectorSelector(try parseVectorSelector(named: name)), depth: 1)
    }

    // MARK: Calls

    private mutating func parseCall(_ name: Token) throws(QueryError) -> Node {
        let (arguments, depth) = try parseArguments()
        return Node(expr: try call(name, arguments), depth: depth + 1)
    }

    private func call(_ name: Token, _ arguments: [Expr]) throws(QueryError) -> Expr {
        var written = text(name)
        // `start`, `end`, `step` and `range` are keywords, which have no case.
        if case .preprocessor = name.kind { written = written.lowercased() }
        guard let function = FunctionSignature.named(written) else {
            throw failure(at: name.range.start, "unknown function with name \(quoted(written))")
        }
        let range = SourceRange(name.range.start, lastEnd)
        return .call(CallExpr(function: function, arguments: arguments, range: range))
    }

    private mutating func parseArguments() throws(QueryError) -> (arguments: [Expr], depth: Int) {
        try take()
        var arguments: [Expr] = []
        var depth = 0
        if try take(.rightParen) { return (arguments, depth) }
        while true {
            let argument = try parseExpression()
            arguments.append(argument.expr)
            depth = max(depth, argument.depth)
            let separator = try peek()
            if separator.kind == .rightParen {
                try take()
                return (arguments, depth)
            }
            guard separator.kind == .comma else { throw unexpected(separator) }
            try take()
            guard try peek().kind.beginsExpression else {
                throw failure(at: separator.range.start, "trailing commas not allowed in function call args")
            }
        }
    }

    // MARK: Aggregations

    private mutating func parseAggregate(_ op: Aggregator, _ name: Token) throws(QueryError) -> Node {
        let outer = context
        context = "aggregation"
        defer { context = outer }
        var grouping = try parseGrouping()
        guard try peek().kind == .leftParen else { throw unexpected(try peek()) }
        let (arguments, depth) = try parseArguments()
        if grouping == nil { grouping = try parseGrouping() }
        return Node(expr: try aggregate(op, name, arguments, grouping ?? ([], false)), depth: depth + 1)
    }

    private func aggregate(
        _ op: Aggregator, _ name: Token, _ arguments: [Expr], _ grouping: (labels: [String], isWithout: Bool)
    ) throws(QueryError) -> Expr {
        let wanted = op.parameterType == nil ? 1 : 2
        if arguments.isEmpty {
            throw failure(at: name.range.start, "no arguments for aggregate expression provided")
        }
        guard let operand = arguments.last, arguments.count == wanted else {
            throw failure(
                at: name.range.start,
                "wrong number of arguments for aggregate expression provided, expected \(wanted), "
                    + "got \(arguments.count)")
        }
        return .aggregate(
            AggregateExpr(
                op: op, operand: operand, parameter: wanted == 2 ? arguments[0] : nil, grouping: grouping.labels,
                isWithout: grouping.isWithout, range: SourceRange(name.range.start, lastEnd)))
    }

    private mutating func parseGrouping() throws(QueryError) -> (labels: [String], isWithout: Bool)? {
        if try take(.keyword(.by)) { return (try parseLabelList(), false) }
        if try take(.keyword(.without)) { return (try parseLabelList(), true) }
        return nil
    }
}
