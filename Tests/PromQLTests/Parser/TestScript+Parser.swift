import Model

@testable import PromQL

extension TestScript {
    /// - Throws: ``SyntaxError`` where a line is not understood.
    init(name: String, text: String) throws {
        self.name = name
        var reader = ScriptReader(text)
        while let line = reader.next() {
            if line.isEmpty { continue }
            commands.append(try reader.readCommand(line))
        }
    }
}

/// Reads a script line by line. A command's block ends at an empty line or a comment.
private struct ScriptReader {
    private let lines: [Substring]
    private var index = 0

    init(_ text: String) {
        lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            let line = trimmed(line)
            return line.hasPrefix("#") ? "" : line
        }
    }

    /// The number of the line that `next` gave last, from 1.
    private var lineNumber: Int { index }

    mutating func next() -> Substring? {
        guard index < lines.count else { return nil }
        index += 1
        return lines[index - 1]
    }

    /// The next line of a block; nil at its end.
    private mutating func nextOfBlock() -> Substring? {
        guard index < lines.count, !lines[index].isEmpty else { return nil }
        return next()
    }

    private func failure(_ message: String) -> TestScript.SyntaxError {
        TestScript.SyntaxError(line: lineNumber, message: message)
    }

    mutating func readCommand(_ line: Substring) throws -> TestScript.Command {
        let (command, rest) = firstWord(line)
        switch command {
        case "clear" where rest.isEmpty: return .clear
        case "load", "load_with_nhcb": return .load(try readLoad(rest, convertsHistograms: command != "load"))
        case _ where command == "eval" || command.hasPrefix("eval_"):
            return .evaluate(try readEvaluation(command.dropFirst(5), rest))
        default: throw failure("expected load, clear or eval, got \(quoted(line))")
        }
    }

    // MARK: load

    private mutating func readLoad(_ step: Substring, convertsHistograms: Bool) throws -> TestScript.Load {
        let line = lineNumber
        let stepMs = try milliseconds(step)
        var series: [TestScript.Series] = []
        var starts: [Labels: [Int64?]] = [:]
        while let line = nextOfBlock() {
            if let (labels, offsets) = try readStarts(line) {
                starts[labels] = offsets
            } else {
                series.append(try readSeries(line))
            }
        }
        for index in series.indices { series[index].startOffsets = starts[series[index].labels] ?? [] }
        return TestScript.Load(line: line, stepMs: stepMs, series: series, convertsHistograms: convertsHistograms)
    }

    /// A line beside that of a series' values: from when on its samples count. nil where it is none.
    private func readStarts(_ line: Substring) throws -> (Labels, [Int64?])? {
        var metric = line[..<metricEnd(line)]
        var rest = line[metric.endIndex...]
        if metric.hasSuffix("@st") {
            metric = metric.dropLast(3)
        } else if rest.hasPrefix("@st") {
            rest = rest.dropFirst(3)
        } else {
            return nil
        }
        guard let labels = metricLabels(metric) else { throw failure("expected a series, got \(quoted(line))") }
        guard let offsets = startOffsets(rest) else { throw failure("expected start times, got \(quoted(rest))") }
        return (labels, offsets)
    }

    private func readSeries(_ line: Substring) throws -> TestScript.Series {
        let end = metricEnd(line)
        guard let labels = metricLabels(line[..<end]) else { throw failure("expected a series, got \(quoted(line))") }
        guard let values = seriesValues(line[end...]) else {
            throw failure("expected values, got \(quoted(line[end...]))")
        }
        return TestScript.Series(labels: labels, values: values)
    }

    // MARK: eval

    private mutating func readEvaluation(_ kind: Substring, _ text: Substring) throws -> TestScript.Evaluation {
        let line = lineNumber
        let (time, query) = try readTime(text)
        var evaluation = TestScript.Evaluation(line: line, query: String(query), time: time)
        switch kind {
        case "": break
        case "fail": evaluation.expectations.failure = .any
        case "warn": evaluation.expectations.warnings = [.any]
        case "info": evaluation.expectations.infos = [.any]
        case "ordered": evaluation.expectations.isOrdered = true
        default: throw failure("expected eval, eval_fail, eval_warn, eval_info or eval_ordered")
        }
        while let line = nextOfBlock() { try readExpectation(line, into: &evaluation) }
        return evaluation
    }

    private func readTime(_ text: Substring) throws -> (TestScript.Time, Substring) {
        var (kind, rest) = firstWord(text)
        if kind == "instant" {
            guard firstWord(rest).word == "at" else { return (.instant(0), rest) }
            return (.instant(try readField("at", &rest)), rest)
        }
        guard kind == "range" else { throw failure("expected instant or range, got \(quoted(kind))") }
        let start = try readField("from", &rest)
        let end = try readField("to", &rest)
        let step = try readField("step", &rest)
        return (.range(start: start, end: end, step: step), rest)
    }

    /// Reads `name` and the time or duration after it.
    private func readField(_ name: String, _ text: inout Substring) throws -> Int64 {
        let (word, afterName) = firstWord(text)
        guard word == name else { throw failure("expected \(name), got \(quoted(word))") }
        let (value, rest) = firstWord(afterName)
        text = rest
        return try milliseconds(value)
    }

    private func readExpectation(_ line: Substring, into evaluation: inout TestScript.Evaluation) throws {
        let (word, rest) = firstWord(line)
        switch word {
        case "expect": try readAnnotation(rest, into: &evaluation)
        case "expected_fail_message": evaluation.expectations.failure = .message(String(rest))
        case "expected_fail_regexp": evaluation.expectations.failure = .regex(String(rest))
        case _ where rest.isEmpty && seriesNumber(word) != nil:
            evaluation.result = .scalar(seriesNumber(word) ?? 0)
        default:
            let series = try readSeries(line)
            switch evaluation.result {
            case .series(let others): evaluation.result = .series(others + [series])
            case .rangeVector(let start, let end, let step, let others):
                evaluation.result = .rangeVector(start: start, end: end, step: step, others + [series])
            case .scalar, .string: throw failure("expected no series beside a scalar or string")
            }
        }
    }

    private func readAnnotation(_ text: Substring, into evaluation: inout TestScript.Evaluation) throws {
        let (kind, rest) = firstWord(text)
        switch kind {
        case "fail": evaluation.expectations.failure = try rule(rest)
        case "warn": evaluation.expectations.warnings.append(try rule(rest))
        case "info": evaluation.expectations.infos.append(try rule(rest))
        case "no_warn": evaluation.expectations.forbidsWarnings = true
        case "no_info": evaluation.expectations.forbidsInfos = true
        case "ordered": evaluation.expectations.isOrdered = true
        case "string":
            guard case .string(let value, _) = try? PromQL.parse(String(rest)) else {
                throw failure("expected a string, got \(quoted(rest))")
            }
            evaluation.result = .string(value)
        case "range":
            var (word, fields) = firstWord(rest)
            guard word == "vector" else { throw failure("expected vector, got \(quoted(word))") }
            let start = try readField("from", &fields)
            let end = try readField("to", &fields)
            evaluation.result = .rangeVector(start: start, end: end, step: try readField("step", &fields), [])
        default: throw failure("unknown expectation \(quoted(kind))")
        }
    }

    private func rule(_ text: Substring) throws -> TestScript.TextRule {
        if text.isEmpty { return .any }
        if text.hasPrefix("msg:") { return .message(String(trimmed(text.dropFirst(4)))) }
        if text.hasPrefix("regex:") { return .regex(String(trimmed(text.dropFirst(6)))) }
        throw failure("expected msg: or regex:, got \(quoted(text))")
    }

    /// A duration, or a number of seconds.
    private func milliseconds(_ text: Substring) throws -> Int64 {
        let magnitude = text.hasPrefix("-") ? text.dropFirst() : text
        let value = PrometheusDuration.parse(magnitude) ?? Double(magnitude).flatMap { PromQL.milliseconds($0) }
        guard let value else { throw failure("expected a time or duration, got \(quoted(text))") }
        return text.hasPrefix("-") ? -value : value
    }
}
