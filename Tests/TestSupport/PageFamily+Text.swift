import Model

/// `families` as a page of Prometheus's text format 0.0.4, or of OpenMetrics 1.0.
public func textPage(_ families: [PageFamily], isOpenMetrics: Bool) -> String {
    var page = ""
    for family in families { page += family.lines(isOpenMetrics).map { $0 + "\n" }.joined() }
    return page + (isOpenMetrics ? "# EOF\n" : "")
}

extension PageFamily {
    fileprivate func lines(_ isOpenMetrics: Bool) -> [String] {
        let quotedName = isLegacyMetricName(name) ? name : exposed(name)
        var lines: [String] = []
        if !help.isEmpty {
            var text = help.replacing("\\", with: "\\\\").replacing("\n", with: "\\n")
            if isOpenMetrics { text = text.replacing("\"", with: "\\\"") }
            lines.append("# HELP \(quotedName) \(text)")
        }
        lines.append("# TYPE \(quotedName) \(typeName(isOpenMetrics))")
        if isOpenMetrics, !unit.isEmpty { lines.append("# UNIT \(quotedName) \(unit)") }
        for metric in metrics { lines += self.lines(metric, isOpenMetrics) }
        return lines
    }

    private func typeName(_ isOpenMetrics: Bool) -> String {
        switch kind {
        case .counter: "counter"
        case .gauge: "gauge"
        case .summary: "summary"
        case .unknown: isOpenMetrics ? "unknown" : "untyped"
        case .histogram: "histogram"
        case .gaugeHistogram: isOpenMetrics ? "gaugehistogram" : "histogram"
        case .info: isOpenMetrics ? "info" : "gauge"
        case .stateset: isOpenMetrics ? "stateset" : "gauge"
        }
    }

    private func lines(_ metric: Metric, _ isOpenMetrics: Bool) -> [String] {
        func line(_ suffix: String, _ value: Double, _ extra: [(String, String)] = [], _ exemplar: Exemplar? = nil)
            -> String
        {
            var text = head(name + suffix, metric.labels + extra) + " " + number(value)
            if isOpenMetrics, let exemplar {
                text += " # \(braces(exemplar.labels)) \(number(exemplar.value))"
                if let seconds = exemplar.seconds { text += " \(number(seconds))" }
            }
            return text
        }
        var lines: [String] = []
        switch kind {
        case .counter: lines = [line(isOpenMetrics ? "_total" : "", metric.value, [], metric.exemplars.first)]
        case .gauge, .unknown: lines = [line("", metric.value)]
        case .info: lines = [line("_info", 1)]
        case .stateset: lines = [line("", 1, [(name, "on")])]
        case .summary:
            lines = metric.quantiles.map { line("", $0.value, [("quantile", number($0.quantile))]) }
            lines += [line("_sum", metric.sum), line("_count", metric.count)]
        case .histogram, .gaugeHistogram:
            let isGauge = isOpenMetrics && kind == .gaugeHistogram
            lines = metric.buckets.map { line("_bucket", $0.cumulative, [("le", number($0.bound))], $0.exemplar) }
            lines += [line(isGauge ? "_gsum" : "_sum", metric.sum), line(isGauge ? "_gcount" : "_count", metric.count)]
        }
        if isOpenMetrics, let created = metric.createdSeconds, [.counter, .summary, .histogram].contains(kind) {
            lines.append(line("_created", created))
        }
        return lines
    }

    private func head(_ name: String, _ labels: [(name: String, value: String)]) -> String {
        if isLegacyMetricName(name) { return labels.isEmpty ? name : name + braces(labels) }
        let inBraces = braces(labels).dropFirst()
        return "{\(exposed(name))" + (labels.isEmpty ? "" : ",") + inBraces
    }

    private func braces(_ labels: [(name: String, value: String)]) -> String {
        "{"
            + labels.map { "\(isLegacyLabelName($0.name) ? $0.name : exposed($0.name))=\(exposed($0.value))" }
            .joined(separator: ",") + "}"
    }
}

private func exposed(_ text: String) -> String {
    "\"" + text.replacing("\\", with: "\\\\").replacing("\n", with: "\\n").replacing("\"", with: "\\\"") + "\""
}

private func number(_ value: Double) -> String {
    value.isInfinite ? (value < 0 ? "-Inf" : "+Inf") : formatFloat(value, .general)
}
