/// From when to when samples are needed, in milliseconds since the Unix epoch, both included.
struct TimeBounds {
    var min: Int64
    var max: Int64

    fileprivate mutating func include(_ other: TimeBounds) {
        min = Swift.min(min, other.min)
        max = Swift.max(max, other.max)
    }
}

/// Works out which times a query can read, so that one view of the store serves all its selectors.
struct TimeBoundsFinder {
    let start: Int64
    let end: Int64
    let lookbackMs: Int64

    /// The times that all selectors of `expr` together may read; the query's own where there are none.
    func bounds(_ expr: Expr) -> TimeBounds {
        var result: TimeBounds?
        visit(expr, from: start, to: end) { bounds in
            if result == nil { result = bounds } else { result!.include(bounds) }
        }
        return result ?? TimeBounds(min: start, max: end)
    }

    /// Where evaluation from `from` to `to` with these modifiers takes place. Arithmetic wraps: times are anyone's.
    private func shifted(_ at: AtModifier?, _ offsetMs: Int64, _ from: Int64, _ to: Int64) -> TimeBounds {
        switch at {
        case nil: TimeBounds(min: from &- offsetMs, max: to &- offsetMs)
        case .timestamp(let time): TimeBounds(min: time &- offsetMs, max: time &- offsetMs)
        case .start: TimeBounds(min: start &- offsetMs, max: start &- offsetMs)
        case .end: TimeBounds(min: end &- offsetMs, max: end &- offsetMs)
        }
    }

    private func visit(_ expr: Expr, from: Int64, to: Int64, _ found: (TimeBounds) -> Void) {
        switch expr {
        case .number, .duration, .string: break
        case .paren(let inner, _): visit(inner, from: from, to: to, found)
        case .unary(let e): visit(e.operand, from: from, to: to, found)
        case .binary(let e):
            visit(e.lhs, from: from, to: to, found)
            visit(e.rhs, from: from, to: to, found)
        case .aggregate(let e):
            visit(e.operand, from: from, to: to, found)
            if let parameter = e.parameter { visit(parameter, from: from, to: to, found) }
        case .call(let e): for argument in e.arguments { visit(argument, from: from, to: to, found) }
        case .vectorSelector(let e): visitSelector(e, rangeMs: 0, from: from, to: to, found)
        case .matrixSelector(let e): visitSelector(e.selector, rangeMs: e.rangeMs, from: from, to: to, found)
        case .subquery(let e):
            let outer = shifted(e.at, e.offsetMs, from, to)
            visit(e.operand, from: outer.min &- e.rangeMs, to: outer.max, found)
        }
    }

    private func visitSelector(
        _ selector: VectorSelector, rangeMs: Int64, from: Int64, to: Int64, _ found: (TimeBounds) -> Void
    ) {
        let times = shifted(selector.at, selector.offsetMs, from, to)
        let before = rangeMs &+ (rangeMs == 0 || selector.rangeExtension != nil ? lookbackMs : 0)
        let after = selector.rangeExtension == .smoothed ? lookbackMs : 0
        found(TimeBounds(min: times.min &- before, max: times.max &+ after))
    }
}
