import Model

extension Parser {
    /// An operand with the brackets, `offset`, `@`, `anchored` and `smoothed` that follow it.
    mutating func parseModified() throws(QueryError) -> Node {
        var node = try parseOperand()
        while true {
            let token = try peek()
            switch token.kind {
            case .leftBracket: node = try parseBrackets(node)
            case .keyword(.offset): try parseOffset(&node.expr)
            case .at: try parseAt(&node.expr)
            case .keyword(.anchored), .keyword(.smoothed):
                try take()
                try extendRange(&node.expr, token.kind == .keyword(.anchored) ? .anchored : .smoothed)
            default:
                if case .binary(let op) = token.kind, op.isDurationOperator { try closeOffset(&node.expr) }
                return node
            }
        }
    }

    // MARK: Brackets

    private mutating func parseBrackets(_ node: Node) throws(QueryError) -> Node {
        let open = try take()
        let duration = try parseBracketDuration(
            in: "subquery or range selector", expected: "number, duration, step(), or range()")
        if try take(.rightBracket) { return Node(expr: try rangeSelector(node.expr, open, duration), depth: 1) }
        guard try take(.colon) else {
            throw unexpected(try peek(), in: "subquery or range", expected: "\":\" or \"]\"")
        }
        var subquery = SubqueryExpr(
            operand: node.expr, rangeMs: duration.ms, stepMs: nil, offsetMs: 0, at: nil, range: node.expr.range)
        subquery.rangeExpression = duration.expression
        if try peek().kind != .rightBracket {
            let step = try parseBracketDuration(
                in: "subquery selector", expected: "number, duration, step(), range(), or \"]\"")
            // A step below a millisecond is as good as none.
            subquery.stepMs = step.ms == 0 ? nil : step.ms
            subquery.stepExpression = step.expression
        }
        guard try take(.rightBracket) else {
            throw unexpected(try peek(), in: "subquery selector", expected: "\"]\"")
        }
        subquery.range.end = lastEnd
        try checkDepth(node.depth + 1, at: subquery.range.start)
        return Node(expr: .subquery(subquery), depth: node.depth + 1)
    }

    private func rangeSelector(
        _ expr: Expr, _ open: Token, _ duration: ParsedDuration
    ) throws(QueryError) -> Expr {
        guard case .vectorSelector(let selector) = expr else {
            throw failure(at: open.range.start, "ranges only allowed for vector selectors")
        }
        if selector.offsetMs != 0 || selector.offsetExpression != nil {
            throw failure(at: open.range.start, "no offset modifiers allowed before range")
        }
        if case .timestamp = selector.at {
            throw failure(at: open.range.start, "no @ modifiers allowed before range")
        }
        return .matrixSelector(
            MatrixSelector(
                selector: selector, rangeMs: duration.ms, range: SourceRange(selector.range.start, lastEnd),
                rangeExpression: duration.expression))
    }

    // MARK: offset and @

    private mutating func parseOffset(_ expr: inout Expr) throws(QueryError) {
        try take()
        let offset = try parseOffsetDuration()
        let start = expr.range.start
        let isSet = try modify(&expr, "offset modifier") { (fields: inout TimeFields) in
            let isSet = fields.offsetMs != 0 || fields.offsetExpression != nil
            (fields.offsetMs, fields.offsetExpression) = (offset.ms, offset.expression)
            return isSet
        }
        if isSet { throw failure(at: start, "offset may not be set multiple times") }
    }

    /// Keeps an offset that ends in front of an operator from going on to it when it is printed: modifiers are printed
    /// in another order than they may be written, and one in parentheses without its sign.
    private func closeOffset(_ expr: inout Expr) throws(QueryError) {
        switch expr {
        case .vectorSelector, .matrixSelector, .subquery: break
        default: return
        }
        _ = try modify(&expr, "offset modifier") { (fields: inout TimeFields) in
            guard let offset = fields.offsetExpression, offset.beginsWithParenthesis else { return true }
            if case .paren = offset {
                fields.offsetExpression = .positive(offset)
            } else {
                fields.offsetExpression = .positive(.paren(offset))
            }
            return true
        }
    }

    private mutating func parseAt(_ expr: inout Expr) throws(QueryError) {
        try take()
        let at = try parseAtTime(expr.range.start)
        let start = expr.range.start
        let isSet = try modify(&expr, "@ modifier") { (fields: inout TimeFields) in
            let isSet = fields.at != nil
            fields.at = at
            return isSet
        }
        if isSet { throw failure(at: start, "@ <timestamp> may not be set multiple times") }
    }

    private mutating func parseAtTime(_ start: Int) throws(QueryError) -> AtModifier {
        let token = try peek()
        if token.kind == .preprocessor(.start) || token.kind == .preprocessor(.end) {
            try take()
            guard try take(.leftParen), try take(.rightParen) else {
                throw unexpected(try peek(), in: "@", expected: "timestamp")
            }
            return token.kind == .preprocessor(.start) ? .start : .end
        }
        guard let seconds = try parseSignedNumber() else {
            throw unexpected(try peek(), in: "@", expected: "timestamp")
        }
        guard let milliseconds = Int64(exactly: (seconds * 1000).rounded(.toNearestOrAwayFromZero)) else {
            let text = seconds.isFinite ? formatFloat(seconds) + ".000000" : formatFloat(seconds)
            throw failure(at: start, "timestamp out of bounds for @ modifier: \(text)")
        }
        return .timestamp(milliseconds)
    }

    /// The fields that the three kinds of selector have in common.
    private struct TimeFields {
        var offsetMs: Int64
        var offsetExpression: DurationExpr?
        var at: AtModifier?
    }

    /// Changes the time of the selector or subquery `expr`, which then reaches to the last token taken.
    private func modify(
        _ expr: inout Expr, _ modifier: String, _ change: (inout TimeFields) -> Bool
    ) throws(QueryError) -> Bool {
        switch expr {
        case .vectorSelector(var e):
            let result = modify(&e, change)
            e.range.end = lastEnd
            expr = .vectorSelector(e)
            return result
        case .matrixSelector(var e):
            let result = modify(&e.selector, change)
            e.range.end = lastEnd
            expr = .matrixSelector(e)
            return result
        case .subquery(var e):
            var fields = TimeFields(offsetMs: e.offsetMs, offsetExpression: e.offsetExpression, at: e.at)
            let result = change(&fields)
            (e.offsetMs, e.offsetExpression, e.at) = (fields.offsetMs, fields.offsetExpression, fields.at)
            e.range.end = lastEnd
            expr = .subquery(e)
            return result
        default:
            throw failure(
                at: expr.range.start,
                "\(modifier) must be preceded by an instant vector selector or range vector selector or a subquery")
        }
    }

    private func modify(_ selector: inout VectorSelector, _ change: (inout TimeFields) -> Bool) -> Bool {
        var fields = TimeFields(
            offsetMs: selector.offsetMs, offsetExpression: selector.offsetExpression, at: selector.at)
        let result = change(&fields)
        (selector.offsetMs, selector.offsetExpression, selector.at) = (
            fields.offsetMs, fields.offsetExpression, fields.at
        )
        return result
    }

    // MARK: anchored and smoothed

    private func extendRange(_ expr: inout Expr, _ kind: RangeExtension) throws(QueryError) {
        let start = expr.range.start
        let before: RangeExtension?
        switch expr {
        case .vectorSelector(var e):
            before = e.rangeExtension
            e.rangeExtension = kind
            expr = .vectorSelector(e)
        case .matrixSelector(var e):
            before = e.selector.rangeExtension
            e.selector.rangeExtension = kind
            expr = .matrixSelector(e)
        case .subquery:
            throw failure(at: start, "\(kind.rawValue) modifier is not supported for subqueries")
        default:
            throw failure(at: start, "\(kind.rawValue) modifier not implemented")
        }
        if let before, before != kind {
            throw failure(at: start, "anchored and smoothed modifiers cannot be used together")
        }
    }
}
