import Synchronization

/// How a query was evaluated: a tree of operators with what each of them touched and how long it took.
public struct QueryPlan: Sendable {
    /// What collects the answer; the query's outermost operator is its input.
    public var root: PlanOperator
    /// How long opening a view of the store took.
    public var openNs: UInt64
    /// How long the query took altogether.
    public var wallNs: UInt64

    /// How long opening a view and looking for series took, which is done before anything is read.
    public var planNs: UInt64 { openNs + root.totalIndexNs }
    /// The time of all threads.
    public var threadNs: UInt64 { root.totalNs }
}

/// An operator of a plan.
public struct PlanOperator: Sendable {
    /// What it does: its expression with `…` in place of its inputs.
    public var text: String
    /// Its whole expression; empty for the answer.
    public var expression: String
    /// How it is done, where there is more than one way; may be empty.
    public var note: String
    /// At how many steps it was evaluated.
    public var steps: Int
    /// Whether it gives the same at every step, so that one was enough.
    public var isStepInvariant: Bool
    /// On how many threads it asked for its inputs.
    public var threads: Int
    public var seriesIn: Int
    public var seriesOut: Int
    /// Samples decoded from the store for it.
    public var samplesDecoded: Int
    /// Samples that it looked at, summed over steps as Prometheus counts them.
    public var samplesSeen: Int
    /// Runs of samples that were decoded, rows of blocks and chunks in memory, and their bytes.
    public var storedRuns: Int
    public var storedBytes: Int
    /// The time of all threads that it took without its inputs, and with them.
    public var selfNs: UInt64
    public var totalNs: UInt64
    /// How much of it went into looking for its series.
    public var indexNs: UInt64
    public var inputs: [PlanOperator]

    init(_ node: TraceNode) {
        inputs = node.inputs.map { PlanOperator($0) }
        let ranges = Set(node.inputs.compactMap { $0.expr?.range })
        text = node.expr?.shortened(ranges).description ?? "answer"
        expression = node.expr?.description ?? ""
        note = node.note
        steps = node.steps
        isStepInvariant = node.expr?.isStepInvariant ?? false
        threads = node.threads.load(ordering: .relaxed)
        seriesIn = inputs.reduce(0) { $0 + $1.seriesOut }
        seriesOut = node.series
        samplesDecoded = node.samplesDecoded.load(ordering: .relaxed)
        samplesSeen = node.samplesSeen.load(ordering: .relaxed)
        storedRuns = node.storedRuns.load(ordering: .relaxed)
        storedBytes = node.storedBytes.load(ordering: .relaxed)
        selfNs = node.selfNs.load(ordering: .relaxed)
        totalNs = inputs.reduce(selfNs) { $0 + $1.totalNs }
        indexNs = node.indexNs
    }

    /// The sum of one number over the operator and all below it.
    public func total(_ number: (PlanOperator) -> Int) -> Int {
        inputs.reduce(number(self)) { $0 + $1.total(number) }
    }

    fileprivate var totalIndexNs: UInt64 { inputs.reduce(indexNs) { $0 + $1.totalIndexNs } }
}

extension Expr {
    /// The expression with `…` for those of its operands that lie at one of `ranges`.
    fileprivate func shortened(_ ranges: Set<SourceRange>) -> Expr {
        func short(_ operand: Expr) -> Expr {
            guard ranges.contains(operand.unwrapped.range) else { return operand }
            let name = VectorSelector(name: "…", matchers: [], offsetMs: 0, range: operand.range)
            return .vectorSelector(name)
        }
        switch self {
        case .unary(var e):
            e.operand = short(e.operand)
            return .unary(e)
        case .binary(var e):
            (e.lhs, e.rhs) = (short(e.lhs), short(e.rhs))
            return .binary(e)
        case .aggregate(var e):
            (e.operand, e.parameter) = (short(e.operand), e.parameter.map(short))
            return .aggregate(e)
        case .call(var e):
            e.arguments = e.arguments.map(short)
            return .call(e)
        case .subquery(var e):
            e.operand = short(e.operand)
            return .subquery(e)
        case .number, .duration, .string, .paren, .vectorSelector, .matrixSelector: return self
        }
    }
}
