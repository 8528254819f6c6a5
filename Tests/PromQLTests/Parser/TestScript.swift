import Model

/// A script in the notation of Prometheus's own language tests: series to load, and queries with what they must give.
///
/// - Source: Prometheus 3.14, `promqltest`; the notation of series is also that of its rule unit tests.
struct TestScript: Sendable {
    var name: String
    var commands: [Command] = []

    enum Command: Sendable {
        /// Adds samples to the store, the first of each series at time 0.
        case load(Load)
        /// Empties the store.
        case clear
        case evaluate(Evaluation)
    }

    struct Load: Sendable {
        var line: Int
        var stepMs: Int64
        var series: [Series]
        /// Whether classic histograms are to be loaded as native ones too.
        var convertsHistograms: Bool
    }

    struct Series: Sendable {
        var labels: Labels
        /// One per step; nil where there is no sample.
        var values: [Value?]
        /// How far from each of the samples it counts from, in milliseconds; nil where that is not known.
        var startOffsets: [Int64?] = []
    }

    enum Value: Sendable, Equatable {
        case float(Double)
        case histogram(WrittenHistogram)
    }

    struct Evaluation: Sendable {
        var line: Int
        var query: String
        var time: Time
        var expectations = Expectations()
        var result: Expected = .series([])
    }

    enum Time: Sendable, Equatable {
        case instant(Int64)
        case range(start: Int64, end: Int64, step: Int64)
    }

    /// What must be said about a result besides its values.
    struct Expectations: Sendable {
        /// The query must fail.
        var failure: TextRule?
        /// At least one warning each.
        var warnings: [TextRule] = []
        var infos: [TextRule] = []
        var forbidsWarnings = false
        var forbidsInfos = false
        /// The series come in the order in which they are written.
        var isOrdered = false
    }

    enum TextRule: Sendable, Equatable {
        case any
        case message(String)
        case regex(String)
    }

    enum Expected: Sendable {
        /// Series of a vector, with one value each, or of a matrix, with one a step.
        case series([Series])
        case scalar(Double)
        case string(String)
        /// The range vector that an instant query gives, with a value a step of its own.
        case rangeVector(start: Int64, end: Int64, step: Int64, [Series])
    }

    struct SyntaxError: Error, CustomStringConvertible {
        var line: Int
        var message: String
        var description: String { "line \(line): \(message)" }
    }
}
