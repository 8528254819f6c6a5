import Model

extension Parser {
    /// A metric name, braces, or both. `name` is a name already taken.
    mutating func parseVectorSelector(named name: Token? = nil) throws(QueryError) -> VectorSelector {
        var name = name
        if name == nil, try peek().kind != .leftBrace { name = try take() }
        var matchers: [Matcher] = []
        let first = try peek()
        var range = name?.range ?? first.range
        if first.kind == .leftBrace {
            matchers = try parseMatchers()
            range.end = lastEnd
        }
        let written = name.map(text)
        if let written { matchers.append(Matcher(Labels.metricNameLabel, equals: written)) }
        return VectorSelector(
            name: written, matchers: matchers, offsetMs: 0, at: nil, rangeExtension: nil, range: range)
    }

    private mutating func parseMatchers() throws(QueryError) -> [Matcher] {
        try take()
        var matchers: [Matcher] = []
        while true {
            if try take(.rightBrace) { return matchers }
            matchers.append(try parseMatcher())
            if try take(.comma) { continue }
            if try take(.rightBrace) { return matchers }
            throw unexpected(try peek(), in: "label matching", expected: "\",\" or \"}\"")
        }
    }

    private mutating func parseMatcher() throws(QueryError) -> Matcher {
        let place = "label matching"
        let name = try peek()
        guard name.kind == .identifier || name.kind == .string else {
            throw unexpected(name, in: place, expected: "identifier or \"}\"")
        }
        try take()
        let label = name.kind == .string ? unquote(lexer.bytes[name.range.start..<name.range.end]) : text(name)
        let sign = try peek()
        guard let op = matcherOperator(sign.kind) else {
            // A quoted name alone is the metric's.
            if name.kind == .string { return Matcher(Labels.metricNameLabel, equals: label) }
            throw unexpected(sign, in: place, expected: "label matching operator")
        }
        try take()
        let value = try peek()
        guard value.kind == .string else { throw unexpected(value, in: place, expected: "string") }
        try take()
        do throws(RegularExpression.SyntaxError) {
            return try Matcher(label, op, unquote(lexer.bytes[value.range.start..<value.range.end]))
        } catch {
            throw failure(at: name.range.start, goMessage(error))
        }
    }

    private func matcherOperator(_ kind: TokenKind) -> Matcher.Operator? {
        switch kind {
        case .assign: .equal
        case .binary(.notEqual): .notEqual
        case .regexMatch: .matches
        case .regexNotMatch: .notMatches
        default: nil
        }
    }
}
