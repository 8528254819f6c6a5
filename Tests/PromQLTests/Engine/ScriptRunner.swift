import Model

@testable import PromQL

/// Runs a test script's commands against an engine.
struct ScriptRunner {
    enum Outcome {
        case passed
        case failed(line: Int, String)
        /// It needs native histograms or start times, which stores do not hold.
        case unsupported(line: Int, String)
    }

    /// Differences that a case's own rounding explains.
    static let tolerance = 1e-6

    private let engine = Engine()
    private var store = MemoryStore()
    /// Whether what a script loaded since the last `clear` was loaded in part only.
    private var lostSamples = false

    mutating func run(_ script: TestScript) -> [Outcome] {
        var outcomes: [Outcome] = []
        for command in script.commands {
            switch command {
            case .clear:
                store = MemoryStore()
                lostSamples = false
            case .load(let load): self.load(load)
            case .evaluate(let evaluation):
                let problem = problem(evaluation)
                if problem == nil, !evaluation.usesHistograms {
                    outcomes.append(.passed)
                } else {
                    let text = "\(evaluation.query): \(problem ?? "expected native histograms")"
                    let isUnsupported = lostSamples || evaluation.usesHistograms
                    outcomes.append(
                        isUnsupported ? .unsupported(line: evaluation.line, text) : .failed(line: evaluation.line, text)
                    )
                }
            }
        }
        return outcomes
    }

    private mutating func load(_ load: TestScript.Load) {
        if load.usesHistograms || load.hasStartTimes { lostSamples = true }
        for series in load.series {
            var samples: [(time: Int64, value: Double)] = []
            for (index, value) in series.values.enumerated() {
                guard case .float(let number)? = value else { continue }
                samples.append((Int64(index) * load.stepMs, number))
            }
            store.add(series.labels, samples)
        }
    }

    /// What is wrong with the engine's answer; nil where nothing is.
    private func problem(_ evaluation: TestScript.Evaluation) -> String? {
        let result: QueryResult
        do throws(QueryError) {
            switch evaluation.time {
            case .instant(let time): result = try engine.instant(evaluation.query, on: store, at: time)
            case .range(let start, let end, let step):
                result = try engine.range(evaluation.query, on: store, start: start, end: end, step: step)
            }
        } catch {
            guard let rule = evaluation.expectations.failure else { return "failed: \(error)" }
            return matches("\(error)", rule) ? nil : "failed otherwise: \(error)"
        }
        if evaluation.expectations.failure != nil { return "did not fail" }
        return annotationProblem(evaluation.expectations, result) ?? valueProblem(evaluation, result.value)
    }

    private func annotationProblem(_ expected: TestScript.Expectations, _ result: QueryResult) -> String? {
        for rule in expected.warnings where !result.warnings.contains(where: { matches($0, rule) }) {
            return "no warning \(rule), but \(result.warnings)"
        }
        for rule in expected.infos where !result.infos.contains(where: { matches($0, rule) }) {
            return "no info \(rule), but \(result.infos)"
        }
        if expected.forbidsWarnings, !result.warnings.isEmpty { return "warnings \(result.warnings)" }
        if expected.forbidsInfos, !result.infos.isEmpty { return "infos \(result.infos)" }
        return nil
    }

    private func matches(_ text: String, _ rule: TestScript.TextRule) -> Bool {
        switch rule {
        case .any: true
        case .message(let wanted): text == wanted
        case .regex(let pattern): (try? RegularExpression(".*(?:\(pattern)).*"))?.matches(text) ?? false
        }
    }

    private func valueProblem(_ evaluation: TestScript.Evaluation, _ value: QueryValue) -> String? {
        switch (evaluation.result, value) {
        case (.scalar(let expected), .scalar(_, let actual)):
            return isClose(expected, actual) ? nil : "expected \(expected), got \(actual)"
        case (.string(let expected), .string(_, let actual)):
            return expected == actual ? nil : "expected \(expected), got \(actual)"
        case (.series(let expected), .vector(let actual)):
            let series = actual.map {
                MatrixSeries(labels: $0.labels, timestamps: [$0.timestampMs], values: [$0.value])
            }
            guard case .instant(let time) = evaluation.time else { return "a vector for a range query" }
            return seriesProblem(expected, series, time, 1, isOrdered: evaluation.expectations.isOrdered)
        case (.series(let expected), .matrix(let actual)):
            guard case .range(let start, _, let step) = evaluation.time else { return "a matrix for an instant query" }
            return seriesProblem(expected, actual, start, step, isOrdered: false)
        case (.rangeVector(let start, _, let step, let expected), .matrix(let actual)):
            return seriesProblem(expected, actual, start, step, isOrdered: false)
        default: return "expected \(evaluation.result), got \(value)"
        }
    }

    private func seriesProblem(
        _ expected: [TestScript.Series], _ actual: [MatrixSeries], _ start: Int64, _ step: Int64, isOrdered: Bool
    ) -> String? {
        var rest = actual
        for (index, series) in expected.enumerated() where series.values.contains(where: { $0 != nil }) {
            guard let place = rest.firstIndex(where: { $0.labels == series.labels }) else {
                return "no series \(series.labels); got \(actual.map { "\($0.labels) \($0.values)" })"
            }
            if isOrdered, actual[index].labels != series.labels { return "wrong order: \(actual.map(\.labels))" }
            let found = rest.remove(at: place)
            var wanted: [(time: Int64, value: Double)] = []
            for (step_, value) in series.values.enumerated() {
                if case .float(let number)? = value { wanted.append((start + Int64(step_) * step, number)) }
            }
            let isSame =
                wanted.map(\.time) == found.timestamps && zip(wanted, found.values).allSatisfy { isClose($0.value, $1) }
            if !isSame { return "\(series.labels): expected \(wanted), got \(found.timestamps) \(found.values)" }
        }
        return rest.isEmpty ? nil : "unexpected series \(rest.map(\.labels))"
    }

    private func isClose(_ a: Double, _ b: Double) -> Bool {
        if a.isNaN || b.isNaN { return a.isNaN && b.isNaN }
        if a == b { return true }
        return (a - b).magnitude <= ScriptRunner.tolerance * max(a.magnitude, b.magnitude)
    }
}
