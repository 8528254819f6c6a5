import Model

/// How the series of a vector fall into groups.
struct Grouping: Sendable {
    /// Each group's labels, and whether its metric name goes away.
    let groups: [OutputSeries]
    /// The group of each series; -1 of those that were left out.
    let groupOf: [Int32]
    /// The series, group by group, in their own order within each.
    let order: [Int32]
    /// Where in `order` each group begins; one more element than there are groups.
    let starts: [Int]

    /// The series of one group, in their own order.
    func members(_ group: Int) -> ArraySlice<Int32> { order[starts[group]..<starts[group + 1]] }

    init(_ vector: any VectorOperator, _ selection: LabelSelection) {
        self.init(vector, selection, of: 0..<vector.count)
    }

    /// Groups those series of a vector that `indices` names.
    init(_ vector: any VectorOperator, _ selection: LabelSelection, of indices: some Sequence<Int>) {
        var table = LabelTable()
        var groupOf = [Int32](repeating: -1, count: vector.count)
        var dropsName: [Bool] = []
        for index in indices {
            // Labels are not asked for where none counts.
            let group = table.index(of: selection.isEmpty ? .empty : vector.labels(index), selecting: selection)
            if group == dropsName.count { dropsName.append(false) }
            if vector.dropsName(index) { dropsName[group] = true }
            groupOf[index] = Int32(group)
        }
        groups = Swift.zip(table.labels, dropsName).map { OutputSeries(labels: $0, dropsName: $1) }
        self.groupOf = groupOf
        (order, starts) = Grouping.sorted(groupOf, groups: groups.count)
    }

    private static func sorted(_ groupOf: [Int32], groups: Int) -> (order: [Int32], starts: [Int]) {
        var starts = [Int](repeating: 0, count: groups + 1)
        for group in groupOf where group >= 0 { starts[Int(group) + 1] += 1 }
        for group in 0..<groups { starts[group + 1] += starts[group] }
        var next = starts
        var order = [Int32](repeating: 0, count: starts[groups])
        for (index, group) in groupOf.enumerated() where group >= 0 {
            order[next[Int(group)]] = Int32(index)
            next[Int(group)] += 1
        }
        return (order, starts)
    }
}
