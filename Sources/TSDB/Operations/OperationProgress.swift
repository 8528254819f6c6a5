/// How far an operation on a whole database has come, for a progress bar.
public struct OperationProgress: Sendable {
    /// What is being done, as in "merging blocks".
    public var stage: String
    /// How much of ``total`` is done.
    public var done: Int64
    /// All that there is to do in this stage; 0 where that is not known.
    public var total: Int64

    public init(stage: String, done: Int64 = 0, total: Int64 = 0) {
        self.stage = stage
        self.done = done
        self.total = total
    }

    /// Told now and then how far an operation has come, on whatever thread does it.
    public typealias Report = @Sendable (OperationProgress) -> Void
}
