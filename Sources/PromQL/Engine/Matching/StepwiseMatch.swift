import Model

/// Pairs series of two vectors at each step anew, by which of them are present.
struct StepwiseMatch {
    private let match: VectorMatch
    private let many: Materialized
    private let one: Materialized
    private let steps: Int
    /// The match groups' labels, and per group the series on each side.
    private var groups = LabelTable()
    private var manyOf: [[Int]] = []
    private var oneOf: [[Int]] = []

    init(_ match: VectorMatch) throws(QueryError) {
        self.match = match
        many = try Materialized.of(match.many, match.grid, match.context)
        one = try Materialized.of(match.one, match.grid, match.context)
        steps = match.grid.count
        let selection = match.matching.selection
        for index in 0..<many.count {
            let group = groups.index(of: many.labels(index), selecting: selection)
            grow(to: group)
            manyOf[group].append(index)
        }
        for index in 0..<one.count {
            let group = groups.index(of: one.labels(index), selecting: selection)
            grow(to: group)
            oneOf[group].append(index)
        }
    }

    private mutating func grow(to group: Int) {
        guard group == manyOf.count else { return }
        manyOf.append([])
        oneOf.append([])
    }

    func `operator`() throws(QueryError) -> any VectorOperator {
        let isManyPresent = presence(many)
        let ambiguity = ambiguity(isManyPresent)
        var output = Output(match)
        for group in 0..<groups.count where !oneOf[group].isEmpty || match.fillOne != nil {
            try match.context.check()
            for k in 0..<(ambiguity?.step ?? steps) where isManyPresent[k] || match.fillMany != nil {
                try pair(group, k, &output)
            }
        }
        if let ambiguity { throw ambiguity.error }
        return try output.result()
    }

    /// At which steps a vector has any sample.
    private func presence(_ vector: Materialized) -> [Bool] {
        var result = [Bool](repeating: false, count: steps)
        for index in 0..<vector.count {
            let column = vector.block.row(index)
            for k in 0..<steps where isPresent(column[k]) { result[k] = true }
            for one in vector.block.histograms(index) { result[one.step] = true }
        }
        return result
    }

    /// Combines what a match group has at one step.
    private func pair(_ group: Int, _ k: Int, _ output: inout Output) throws(QueryError) {
        let partner = oneOf[group].first { one.block.hasSample(row: $0, step: k) }
        let sample = partner.flatMap { one.block.sample(row: $0, step: k) }
        guard let right = sample ?? match.fillOne.map({ .float($0) }) else { return }
        let groupLabels = groups.labels[group]
        var found = false
        for index in manyOf[group] {
            guard let value = many.block.sample(row: index, step: k) else { continue }
            // Also where a comparison leaves nothing of either.
            if found, match.isOneToOne {
                throw .execution(
                    "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)")
            }
            found = true
            guard let result = combined(value, right) else { continue }
            try output.add(group, k, result, many: index, one: partner) {
                match.resultLabels(many.labels(index), partner.map { one.labels($0) } ?? groupLabels)
            }
        }
        guard !found, let partner, let left = match.fillMany, let result = combined(.float(left), right) else { return }
        try output.add(group, k, result, many: nil, one: partner) {
            match.resultLabels(groupLabels, one.labels(partner))
        }
    }

    /// What the operator makes of two samples, or nil.
    private func combined(_ ofMany: SampleValue, _ ofOne: SampleValue) -> SampleValue? {
        let (left, right) = match.manyIsLeft ? (ofMany, ofOne) : (ofOne, ofMany)
        guard case .float(var result) = left, case .float(let other) = right, !match.binary.op.isTrim else {
            return HistogramOperator(binary: match.binary, context: match.context).combine(left, right)
        }
        withUnsafePointer(to: other) {
            combine(match.binary.op, &result, $0, 1, returnsBool: match.binary.returnsBool)
        }
        return isPresent(result) ? .float(result) : nil
    }

    /// The first step at which two series of the one side are present in one match group and are asked for, if any, with
    /// the error that names the first such pair.
    private func ambiguity(_ isManyPresent: [Bool]) -> (step: Int, error: QueryError)? {
        var earliest: (step: Int, first: Int, second: Int)?
        for members in oneOf where members.count > 1 {
            var present = [Int](repeating: -1, count: steps)
            for index in members {
                for k in one.block.presentSteps(row: index) where isManyPresent[k] || match.fillMany != nil {
                    if present[k] < 0 {
                        present[k] = index
                    } else if earliest.map({ (k, index) < ($0.step, $0.second) }) ?? true {
                        earliest = (k, present[k], index)
                    }
                }
            }
        }
        guard let (step, first, second) = earliest else { return nil }
        let side = match.manyIsLeft ? "right" : "left"
        let labels = one.labels(first)
        let error = QueryError.execution(
            "found duplicate series for the match group \(bracedText(match.matching.selection(labels))) on the \(side) "
                + "hand-side of the operation: [\(bracedText(one.labels(second))), \(bracedText(labels))]"
                + ";many-to-many matching not allowed: matching labels must be unique on one side")
        return (step, error)
    }

    /// The series that come out, made as pairs are found.
    private struct Output {
        private let match: VectorMatch
        private var table = LabelTable()
        private var series: [OutputSeries] = []
        private var columns: [ColumnBlock] = []
        /// The match group that wrote a row last.
        private var groupOf: [Int] = []
        private var rowOf: [PairKey: Int] = [:]

        private struct PairKey: Hashable {
            let many: Int?
            let one: Int?
        }

        init(_ match: VectorMatch) { self.match = match }

        mutating func add(
            _ group: Int, _ k: Int, _ value: SampleValue, many: Int?, one: Int?, labels: () -> Labels
        ) throws(QueryError) {
            let row = try row(PairKey(many: many, one: one), labels)
            if columns[row].hasSample(row: 0, step: k) {
                if groupOf[row] != group { throw duplicateSeriesError }
                throw .execution("multiple matches for labels: grouping labels must ensure unique matches")
            }
            groupOf[row] = group
            switch value {
            case .float(let number): columns[row].row(0)[k] = number
            case .histogram(let histogram): try columns[row].put(histogram, row: 0, step: k)
            }
        }

        private mutating func row(_ key: PairKey, _ labels: () -> Labels) throws(QueryError) -> Int {
            if let row = rowOf[key] { return row }
            let labels = labels()
            let row = table.index(of: labels)
            if row == columns.count {
                let column = try ColumnBlock(rows: 1, steps: match.grid.count, match.context)
                column.clear()
                columns.append(column)
                series.append(match.resultSeries(labels, manyIndex: key.many))
                groupOf.append(-1)
            }
            rowOf[key] = row
            return row
        }

        func result() throws(QueryError) -> any VectorOperator {
            let block = try ColumnBlock(rows: columns.count, steps: match.grid.count, match.context)
            for (row, column) in columns.enumerated() {
                try block.copy(column, row: 0, toRow: row)
            }
            return Materialized(series, block)
        }
    }
}

/// Labels as error texts show them, the metric's name being one like the others.
func bracedText(_ labels: Labels) -> String {
    let pairs = labels.map { "\(isLegacyLabelName($0.name) ? $0.name : quoted($0.name))=\(quoted($0.value))" }
    return "{\(pairs.joined(separator: ", "))}"
}
