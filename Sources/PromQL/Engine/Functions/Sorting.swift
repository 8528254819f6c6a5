import Model

extension Planner {
    /// `sort` and its like. A range query's answer is ordered by labels whatever its parts are.
    func sort(_ call: CallExpr, _ grid: StepGrid) throws(QueryError) -> any VectorOperator {
        let input = try vector(call.arguments[0], grid, consumer: call.function.name)
        guard context.isInstant, grid.count == 1 else {
            context.warn(
                "sort is ineffective for range queries since results are always ordered by labels", at: call.range)
            if call.function.name.hasPrefix("sort_by_label") { return input }
            return ElementwiseOperator(input, .numbers, steps: grid.count, dropsName: false)
        }
        let source = try Materialized.of(input, grid, context)
        switch call.function.name {
        case "sort": return try sorted(source) { rank in sortsBefore(rank.0, rank.1) { $0 < $1 } }
        case "sort_desc": return try sorted(source) { rank in sortsBefore(rank.0, rank.1) { $0 > $1 } }
        default:
            var names: [String] = []
            for argument in call.arguments.dropFirst() { names.append(try string(argument)) }
            return try sortedByLabels(source, names, isDescending: call.function.name.hasSuffix("_desc"))
        }
    }

    private func sorted(_ source: Materialized, _ isBefore: ((Double, Double)) -> Bool) throws(QueryError)
        -> Materialized
    {
        // Histograms have no order among numbers, and are left out.
        let numbers = (0..<source.count).filter { source.block.histograms($0).isEmpty }
        let order = numbers.sorted { isBefore((source.block.row($0)[0], source.block.row($1)[0])) }
        return try permuted(source, order)
    }

    private func sortedByLabels(_ source: Materialized, _ names: [String], isDescending: Bool) throws(QueryError)
        -> Materialized
    {
        let keys = source.series.map { series in names.map { series.labels[$0] ?? "" } }
        let order = (0..<source.count).sorted { a, b in
            let (a, b) = isDescending ? (b, a) : (a, b)
            for (left, right) in zip(keys[a], keys[b]) where left != right { return naturalOrder(left, right) }
            return source.series[a].labels < source.series[b].labels
        }
        return try permuted(source, order)
    }

    private func permuted(_ source: Materialized, _ order: [Int]) throws(QueryError) -> Materialized {
        let block = try ColumnBlock(rows: order.count, steps: 1, context)
        for (row, index) in order.enumerated() { try block.copy(source.block, row: index, toRow: row) }
        return Materialized(order.map { source.series[$0] }, block)
    }
}

/// Whether `a` comes before `b`; NaN comes last in either direction.
func sortsBefore(_ a: Double, _ b: Double, _ isBefore: (Double, Double) -> Bool) -> Bool {
    if a.isNaN { return false }
    return b.isNaN || isBefore(a, b)
}

/// Whether `a` comes before `b` where runs of digits compare as numbers, as `4m600` before `4m1000`.
func naturalOrder(_ a: String, _ b: String) -> Bool {
    let (a, b) = (Array(a.utf8), Array(b.utf8))
    var (i, j) = (0, 0)
    while i < a.count, j < b.count {
        let (left, right) = (digitRun(a, i), digitRun(b, j))
        if left.isEmpty || right.isEmpty {
            if a[i] != b[j] { return a[i] < b[j] }
            i += 1
            j += 1
            continue
        }
        let (x, y) = (left.drop { $0 == UInt8(ascii: "0") }, right.drop { $0 == UInt8(ascii: "0") })
        if x.count != y.count { return x.count < y.count }
        if !x.elementsEqual(y) { return x.lexicographicallyPrecedes(y) }
        // Of equal numbers the one with fewer leading zeros.
        if left.count != right.count { return left.count < right.count }
        i += left.count
        j += right.count
    }
    return a.count - i < b.count - j
}

private func digitRun(_ bytes: [UInt8], _ start: Int) -> ArraySlice<UInt8> {
    bytes[start...].prefix { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
}
