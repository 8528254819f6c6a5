extension Expr {
    /// The expression in canonical form, over several lines where one would be too long.
    ///
    /// What has parts and takes more than a hundred bytes is split: each part on lines of its own, two spaces further in.
    /// Selectors, numbers and strings are never split.
    ///
    /// - Complexity: linear in the text that comes out; what is too long for a line is not printed on one first.
    /// - Source: Prometheus 3.14's `Pretty`, whose layout this is, missing indents included.
    public var prettyDescription: String { laidOut(0).text }

    /// - Parameter level: how far it is indented, in steps.
    /// - Returns: its lines, and whether it is too long for one; what holds something too long is so, too.
    private func laidOut(_ level: Int) -> Layout {
        switch self {
        case .number, .duration, .string, .vectorSelector, .matrixSelector: line(level)
        case .paren(let inner, _): inner.laidOut(level + 1).wrapped(level, after: "") { line(level) }
        case .unary(let e): layOut(e, level)
        case .binary: layOutChain(level)
        case .aggregate(let e):
            layOut((e.parameter.map { [$0] } ?? []) + [e.operand], level, after: e.operatorText)
        case .call(let e): layOut(e.arguments, level, after: e.function.name)
        case .subquery(let e): layOut(e, level)
        }
    }

    private func line(_ level: Int) -> Layout { Layout(level, description) }

    private func layOut(_ parts: [Expr], _ level: Int, after name: String) -> Layout {
        let layouts = parts.map { $0.laidOut(level + 1) }
        let lines = Layout(
            text: layouts.map(\.text).joined(separator: ",\n"), isLong: layouts.contains { $0.isLong })
        return lines.wrapped(level, after: name) { line(level) }
    }

    private func layOut(_ e: UnaryExpr, _ level: Int) -> Layout {
        let inner = e.operand.laidOut(level)
        let sign = e.isNegation ? "-" : "+"
        return Layout(
            text: indent(level) + sign + inner.text.drop { $0 == " " || $0 == "\n" },
            isLong: inner.isLong || line(level).isLong)
    }

    private func layOut(_ e: SubqueryExpr, _ level: Int) -> Layout {
        let inner = e.operand.laidOut(level)
        let whole = inner.isLong ? nil : Layout(0, description)
        // On one line it is not indented.
        if let whole, !whole.isLong { return whole }
        return Layout(text: inner.text + e.suffix, isLong: true)
    }

    /// Goes down the left sides of operators, each a step further in than the one around it, without recursion.
    private func layOutChain(_ level: Int) -> Layout {
        var chain: [(whole: Expr, binary: BinaryExpr)] = []
        var rest = self
        while case .binary(let e) = rest {
            chain.append((rest, e))
            rest = e.lhs
        }
        var result = rest.laidOut(level + chain.count)
        while let (whole, e) = chain.popLast() {
            let outer = level + chain.count
            let right = e.rhs.laidOut(outer + 1)
            let isLong = result.isLong || right.isLong
            let line = isLong ? nil : Layout(outer, whole.description)
            if let line, !line.isLong {
                result = line
            } else {
                result = Layout(text: "\(result.text)\n\(indent(outer))\(e.operatorText)\n\(right.text)", isLong: true)
            }
        }
        return result
    }
}

/// An expression's lines, indented.
private struct Layout {
    var text: String
    var isLong: Bool

    init(text: String, isLong: Bool) {
        self.text = text
        self.isLong = isLong
    }

    /// A single line.
    init(_ level: Int, _ line: String) {
        self.init(text: indent(level) + line, isLong: line.utf8.count > lineBytesMax)
    }

    /// `line`, where it is short enough; otherwise these lines between parentheses, which stand on `level`.
    func wrapped(_ level: Int, after name: String, _ line: () -> Layout) -> Layout {
        if !isLong {
            let line = line()
            if !line.isLong { return line }
        }
        return Layout(text: "\(indent(level))\(name)(\n\(text)\n\(indent(level)))", isLong: true)
    }
}

private let lineBytesMax = 100

private func indent(_ level: Int) -> String { String(repeating: "  ", count: level) }
