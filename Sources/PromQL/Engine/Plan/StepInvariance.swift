/// Functions whose value depends on the time of evaluation even where their arguments do not.
private let timeDependent: Set<String> = [
    "days_in_month", "day_of_month", "day_of_week", "day_of_year", "hour", "minute", "month", "year", "predict_linear",
    "time", "timestamp",
]

extension Expr {
    /// Whether the expression gives the same at every step, because `@` fixes the times of all that it reads.
    var isStepInvariant: Bool {
        switch self {
        case .number, .duration, .string: true
        case .paren(let inner, _): inner.isStepInvariant
        case .unary(let e): e.operand.isStepInvariant
        case .binary(let e): e.lhs.isStepInvariant && e.rhs.isStepInvariant
        case .aggregate(let e): e.operand.isStepInvariant && (e.parameter?.isStepInvariant ?? true)
        case .call(let e): e.isStepInvariant
        case .vectorSelector(let e): e.at != nil
        case .matrixSelector(let e): e.selector.at != nil
        case .subquery(let e): e.at != nil
        }
    }

    /// The expression without the parentheses around it.
    var unwrapped: Expr {
        var inner = self
        while case .paren(let next, _) = inner { inner = next }
        return inner
    }
}

extension CallExpr {
    fileprivate var isStepInvariant: Bool {
        // The time of a selector's own sample is as fixed as the sample.
        if function.name == "timestamp", case .vectorSelector(let selector)? = arguments.first?.unwrapped {
            return selector.at != nil
        }
        return !timeDependent.contains(function.name) && arguments.allSatisfy { $0.isStepInvariant }
    }
}
