import Model

@testable import PromQL

/// Runs a test script's commands against an engine.
struct ScriptRunner {
    enum Outcome {
        case passed
        case failed(line: Int, String)
    }

    /// Differences that a case's own rounding explains.
    static let tolerance = 1e-6

    private let engine = Engine()
    private var store = MemoryStore()

    mutating func run(_ script: TestScript) -> [Outcome] {
        var outcomes: [Outcome] = []
        for command in script.commands {
            switch command {
            case .clear: store = MemoryStore()
            case .load(let load): self.load(load)
            case .evaluate(let evaluation):
                let problem = problem(evaluation)
                outcomes.append(
                    problem.map { .failed(line: evaluation.line, "\(evaluation.query): \($0)") } ?? .passed)
            }
        }
        return outcomes
    }

    private func load(_ load: TestScript.Load) {
        for series in load.series {
            var samples: [MemoryStore.Sample] = []
            for (index, value) in series.values.enumerated() {
                let time = Int64(index) * load.stepMs
                let offset = index < series.startOffsets.count ? series.startOffsets[index] : nil
                let start = offset.map { time + $0 } ?? 0
                switch value {
                case .float(let number)?:
                    samples.append(MemoryStore.Sample(time: time, value: .float(number), start: start))
                case .histogram(let written)?:
                    samples.append(
                        MemoryStore.Sample(time: time, value: .histogram(written.histogram), start: start))
                case nil: break
                }
            }
            store.add(series.labels, samples)
        }
        guard load.convertsHistograms else { return }
        for (labels, samples) in ClassicConversion(load.series).samples(stepMs: load.stepMs) {
            store.add(labels, samples)
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
                sample in
                let histogram = sample.histogram.map {
                    [HistogramPoint(timestampMs: sample.timestampMs, histogram: $0)]
                }
                return MatrixSeries(
                    labels: sample.labels, timestamps: histogram == nil ? [sample.timestampMs] : [],
                    values: histogram == nil ? [sample.value] : [], histograms: histogram ?? [])
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
            let actual = points(found)
            var wanted: [(time: Int64, value: TestScript.Value)] = []
            for (index, value) in series.values.enumerated() {
                if let value { wanted.append((start + Int64(index) * step, value)) }
            }
            let isSame =
                wanted.map(\.time) == actual.map(\.time)
                && zip(wanted, actual).allSatisfy { isClose($0.value, $1.value) }
            if !isSame { return "\(series.labels): expected \(wanted), got \(actual)" }
        }
        return rest.isEmpty ? nil : "unexpected series \(rest.map(\.labels))"
    }

    /// The points of a series in time order.
    private func points(_ series: MatrixSeries) -> [(time: Int64, value: SampleValue)] {
        let numbers = zip(series.timestamps, series.values).map { (time: $0, value: SampleValue.float($1)) }
        let histograms = series.histograms.map { (time: $0.timestampMs, value: SampleValue.histogram($0.histogram)) }
        return (numbers + histograms).sorted { $0.time < $1.time }
    }

    private func isClose(_ expected: TestScript.Value, _ actual: SampleValue) -> Bool {
        switch (expected, actual) {
        case (.float(let a), .float(let b)): isClose(a, b)
        case (.histogram(let a), .histogram(let b)):
            isClose(a.histogram.compacted, b.compacted)
                && (!a.saysReset || a.histogram.counterReset == b.counterReset)
        default: false
        }
    }

    private func isClose(_ a: Histogram, _ b: Histogram) -> Bool {
        a.schema == b.schema && a.zeroThreshold == b.zeroThreshold && a.customValues == b.customValues
            && a.positiveSpans == b.positiveSpans && a.negativeSpans == b.negativeSpans && isClose(a.count, b.count)
            && isClose(a.sum, b.sum) && isClose(a.zeroCount, b.zeroCount)
            && zip(a.positiveBuckets, b.positiveBuckets).allSatisfy { isClose($0, $1) }
            && zip(a.negativeBuckets, b.negativeBuckets).allSatisfy { isClose($0, $1) }
    }

    private func isClose(_ a: Double, _ b: Double) -> Bool {
        if a.isNaN || b.isNaN { return a.isNaN && b.isNaN }
        if a == b { return true }
        return (a - b).magnitude <= ScriptRunner.tolerance * max(a.magnitude, b.magnitude)
    }
}
