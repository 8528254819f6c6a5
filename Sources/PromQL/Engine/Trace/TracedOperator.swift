import Model

/// An operator each of whose columns is charged to its node.
final class TracedOperator: VectorOperator {
    private let input: any VectorOperator
    private let node: TraceNode

    private init(_ input: any VectorOperator, _ node: TraceNode) {
        self.input = input
        self.node = node
    }

    /// `input` as it shall be asked; what is worked out already is left as it is, so that it can be used in place.
    static func of(_ input: any VectorOperator, _ node: TraceNode) -> any VectorOperator {
        node.series = input.count
        return input is Materialized ? input : TracedOperator(input, node)
    }

    var count: Int { input.count }
    var cost: Int { input.cost }
    func labels(_ index: Int) -> Labels { input.labels(index) }
    func dropsName(_ index: Int) -> Bool { input.dropsName(index) }

    func fill(_ index: Int, _ column: Column, _ worker: Worker) throws(QueryError) -> HistogramColumn {
        try worker.working(for: node) { () throws(QueryError) in try input.fill(index, column, worker) }
    }
}

/// Series of samples the reading of which is charged to their node.
final class TracedSource: SampleSource {
    private let source: any SampleSource
    private let node: TraceNode

    init(_ source: any SampleSource, _ node: TraceNode) {
        self.source = source
        self.node = node
        node.series = source.count
    }

    var count: Int { source.count }
    var cost: Int { source.cost }
    func labels(_ index: Int) -> Labels { source.labels(index) }
    func dropsName(_ index: Int) -> Bool { source.dropsName(index) }

    func read(_ index: Int, into buffer: SampleBuffer, _ worker: Worker) throws(QueryError) {
        try worker.working(for: node) { () throws(QueryError) in try source.read(index, into: buffer, worker) }
    }
}

extension Worker {
    /// Runs `body` on the account of `node`.
    fileprivate func working<Value>(
        for node: TraceNode, _ body: () throws(QueryError) -> Value
    ) throws(QueryError) -> Value {
        guard let clock else { return try body() }
        let previous = clock.move(to: node)
        defer { _ = clock.move(to: previous) }
        return try body()
    }
}
