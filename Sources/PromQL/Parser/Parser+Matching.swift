import Model

extension Parser {
    /// What may stand between a binary operator and its right side.
    mutating func parseBinaryModifiers() throws(QueryError) -> (returnsBool: Bool, matching: VectorMatching) {
        let returnsBool = try take(.keyword(.bool))
        var matching = VectorMatching()
        if try take(.keyword(.on)) {
            matching.isOn = true
            matching.labels = try parseLabelList()
            try parseGroup(&matching)
        } else if try take(.keyword(.ignoring)) {
            matching.labels = try parseLabelList()
            try parseGroup(&matching)
        }
        try parseFills(&matching)
        return (returnsBool, matching)
    }

    private mutating func parseGroup(_ matching: inout VectorMatching) throws(QueryError) {
        if try take(.keyword(.groupLeft)) {
            matching.cardinality = .manyToOne
        } else if try take(.keyword(.groupRight)) {
            matching.cardinality = .oneToMany
        } else {
            return
        }
        // The labels may be left out, so that a parenthesis is theirs rather than the right side's.
        if try peek().kind == .leftParen {
            matching.include = try parseLabelList()
            return
        }
        let next = try peek()
        if case .keyword(let word) = next.kind, word.needsParenthesis { return }
        guard next.kind.beginsExpression else { throw unexpected(next, in: "grouping opts", expected: "\"(\"") }
    }

    private mutating func parseFills(_ matching: inout VectorMatching) throws(QueryError) {
        if try take(.keyword(.fill)) {
            let value = try parseFillValue()
            (matching.fillLeft, matching.fillRight) = (value, value)
            return
        }
        for _ in 0..<2 {
            if matching.fillLeft == nil, try take(.keyword(.fillLeft)) {
                matching.fillLeft = try parseFillValue()
            } else if matching.fillRight == nil, try take(.keyword(.fillRight)) {
                matching.fillRight = try parseFillValue()
            }
        }
    }

    private mutating func parseFillValue() throws(QueryError) -> Double {
        let open = try take()
        guard open.kind == .leftParen else { throw unexpected(open) }
        guard let value = try parseSignedNumber() else { throw unexpected(try peek()) }
        guard try take(.rightParen) else { throw unexpected(try peek()) }
        return value
    }

    /// A number or duration with at most one sign; nil, with at most the sign taken, where there is none.
    mutating func parseSignedNumber() throws(QueryError) -> Double? {
        let isNegative = try take(.binary(.subtract))
        if !isNegative { _ = try take(.binary(.add)) }
        let token = try peek()
        guard token.kind == .number || token.kind == .duration else { return nil }
        try take()
        let value = try literalValue(token)
        return isNegative ? -value : value
    }

    /// The parenthesised labels of `by`, `on` and the like.
    mutating func parseLabelList() throws(QueryError) -> [String] {
        let place = "grouping opts"
        guard try take(.leftParen) else { throw unexpected(try peek(), in: place, expected: "\"(\"") }
        var labels: [String] = []
        while true {
            // A comma may follow the last label, but not stand alone.
            if try take(.rightParen) { return labels }
            labels.append(try parseLabelName(in: place))
            if try take(.comma) { continue }
            if try take(.rightParen) { return labels }
            throw unexpected(try peek(), in: place, expected: "\",\" or \")\"")
        }
    }

    private mutating func parseLabelName(in place: String) throws(QueryError) -> String {
        let token = try peek()
        if token.kind == .string {
            try take()
            let name = unquote(lexer.bytes[token.range.start..<token.range.end])
            guard !name.isEmpty else {
                throw failure(at: token.range.start, "invalid label name for grouping: \(quoted(name))")
            }
            return name
        }
        guard token.kind.isLabelName else { throw unexpected(token, in: place, expected: "label") }
        try take()
        return text(token)
    }
}
