/// What ends a benchmark: it says what was tried, and with what.
struct BenchmarkError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
