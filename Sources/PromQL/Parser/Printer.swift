import Model

extension Expr: CustomStringConvertible {
    /// The expression on one line in canonical form: parsing it gives an equal expression.
    ///
    /// - Source: Prometheus 3.14's printer.
    public var description: String {
        var text = ""
        write(to: &text)
        return text
    }

    /// Appends the canonical text.
    func write(to text: inout String) {
        switch self {
        case .number(let value, _): text += formatFloat(value)
        case .duration(let seconds, _): text += durationText(milliseconds(seconds) ?? 0, seconds: seconds)
        case .string(let value, _): text += literal(value)
        case .paren(let inner, _):
            text += "("
            inner.write(to: &text)
            text += ")"
        case .unary(let e):
            text += e.isNegation ? "-" : "+"
            e.operand.write(to: &text)
        case .binary: writeChain(to: &text)
        case .aggregate(let e): e.write(to: &text)
        case .call(let e): e.write(to: &text)
        case .vectorSelector(let e): text += e.description
        case .matrixSelector(let e): text += e.description
        case .subquery(let e):
            e.operand.write(to: &text)
            text += e.suffix
        }
    }

    /// Appends a binary expression and those down its left side, innermost first.
    private func writeChain(to text: inout String) {
        var chain: [BinaryExpr] = []
        var rest = self
        while case .binary(let e) = rest {
            chain.append(e)
            rest = e.lhs
        }
        // `+Inf ^ x` would be read as the sign of a power.
        if chain.last?.op == .power, case .number(.infinity, _) = rest {
            text += "Inf"
        } else {
            rest.write(to: &text)
        }
        for e in chain.reversed() {
            text += " \(e.operatorText) "
            e.rhs.write(to: &text)
        }
    }
}

extension BinaryExpr {
    /// The operator with what belongs to it.
    var operatorText: String {
        "\(op.rawValue)\(returnsBool ? " bool" : "")\(matching.map(matchingText) ?? "")"
    }

    private func matchingText(_ matching: VectorMatching) -> String {
        var text = ""
        let isGrouped = matching.cardinality == .manyToOne || matching.cardinality == .oneToMany
        if !matching.labels.isEmpty || matching.isOn || isGrouped {
            text += " \(matching.isOn ? "on" : "ignoring") (\(labelList(matching.labels)))"
        }
        if isGrouped {
            let side = matching.cardinality == .manyToOne ? "left" : "right"
            text += " group_\(side) (\(labelList(matching.include)))"
        }
        return text + fillText(matching)
    }

    private func fillText(_ matching: VectorMatching) -> String {
        if let left = matching.fillLeft, let right = matching.fillRight, left.bitPattern == right.bitPattern {
            return " fill (\(formatFloat(left)))"
        }
        let left = matching.fillLeft.map { " fill_left (\(formatFloat($0)))" } ?? ""
        let right = matching.fillRight.map { " fill_right (\(formatFloat($0)))" } ?? ""
        return left + right
    }
}

extension AggregateExpr {
    /// The operator with its labels.
    var operatorText: String {
        if isWithout { return "\(op.rawValue) without (\(labelList(grouping))) " }
        return grouping.isEmpty ? op.rawValue : "\(op.rawValue) by (\(labelList(grouping))) "
    }

    fileprivate func write(to text: inout String) {
        text += operatorText
        text += "("
        if let parameter {
            parameter.write(to: &text)
            text += ", "
        }
        operand.write(to: &text)
        text += ")"
    }
}

extension CallExpr {
    fileprivate func write(to text: inout String) {
        text += "\(function.name)("
        for (index, argument) in arguments.enumerated() {
            if index > 0 { text += ", " }
            argument.write(to: &text)
        }
        text += ")"
    }
}

extension VectorSelector: CustomStringConvertible {
    public var description: String {
        let extent = rangeExtension.map { " \($0.rawValue)" } ?? ""
        return bareDescription + atText(at) + extent + offsetText(offsetMs, offsetExpression)
    }

    /// Without `@`, `offset`, `anchored` and `smoothed`.
    fileprivate var bareDescription: String {
        let others = matchers.filter { !($0.name == Labels.metricNameLabel && $0.op == .equal && $0.value == name) }
        let texts = others.map { matcher in
            let label = isLegacyLabelName(matcher.name) ? matcher.name : literal(matcher.name)
            return "\(label)\(matcher.op.rawValue)\(literal(matcher.value))"
        }
        if texts.isEmpty { return name ?? "{}" }
        return "\(name ?? ""){\(texts.sorted().joined(separator: ","))}"
    }
}

extension MatrixSelector: CustomStringConvertible {
    public var description: String {
        let length = rangeExpression?.description ?? durationText(rangeMs, seconds: belowMillisecond)
        let extent = selector.rangeExtension.map { " \($0.rawValue)" } ?? ""
        return "\(selector.bareDescription)[\(length)]\(extent)\(atText(selector.at))"
            + offsetText(selector.offsetMs, selector.offsetExpression)
    }
}

extension SubqueryExpr {
    /// The brackets and what follows them.
    var suffix: String {
        let length = rangeExpression?.description ?? durationText(rangeMs, seconds: belowMillisecond)
        let step = stepExpression?.description ?? stepMs.map { durationText($0) } ?? ""
        return "[\(length):\(step)]\(atText(at))\(offsetText(offsetMs, offsetExpression))"
    }
}

/// Stands for any duration that is not zero but has no whole millisecond, in seconds.
private let belowMillisecond = 0.0001

private func atText(_ at: AtModifier?) -> String {
    switch at {
    case .timestamp(let milliseconds):
        let (seconds, rest) = milliseconds.magnitude.quotientAndRemainder(dividingBy: 1000)
        let digits = String(rest)
        let places = String(repeating: "0", count: 3 - digits.count) + digits
        return " @ \(milliseconds < 0 ? "-" : "")\(seconds).\(places)"
    case .start: return " @ start()"
    case .end: return " @ end()"
    case nil: return ""
    }
}

private func offsetText(_ milliseconds: Int64, _ expression: DurationExpr?) -> String {
    if let expression { return " offset \(expression)" }
    return milliseconds == 0 ? "" : " offset \(PrometheusDuration.format(milliseconds))"
}

private func labelList(_ labels: [String]) -> String {
    labels.map { isLegacyLabelName($0) ? $0 : literal($0) }.joined(separator: ", ")
}

/// A string literal. The replacement character is escaped, because as itself it stands for bytes that are not UTF-8.
private func literal(_ text: String) -> String {
    let result = quoted(text)
    guard result.unicodeScalars.contains("\u{FFFD}") else { return result }
    return result.unicodeScalars.map { $0 == "\u{FFFD}" ? "\\ufffd" : String($0) }.joined()
}
