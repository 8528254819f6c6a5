import Model

/// Makes names of series and labels from those of OTLP.
/// - Source: OpenTelemetry's "Prometheus and OpenMetrics compatibility"; the details are those of Prometheus's
///   `otlptranslator` as of 3.14.
struct OTLPNames {
    let settings: OTLPSettings

    /// What of a metric its name depends on.
    struct Metric {
        var name: String
        var unit: String
        var isCounter = false
        var isGauge = false
    }

    func metricName(_ metric: Metric) -> String {
        guard settings.translation.escapes else {
            return settings.translation.addsSuffixes ? suffixed(metric) : metric.name
        }
        var tokens = metric.name.unicodeScalars.split { (!isPlain($0) || $0 == "_") && $0 != ":" }.map { String($0) }
        if settings.translation.addsSuffixes { appendSuffixes(metric, to: &tokens) }
        let name = tokens.joined(separator: "_")
        return name.unicodeScalars.first.map(isDigit) == true ? "_" + name : name
    }

    /// A label's name for that of an attribute.
    func labelName(_ name: String) -> String {
        guard settings.translation.escapes, !name.isEmpty else { return name }
        var label = ""
        var lastIsUnderscore = false
        for scalar in name.unicodeScalars {
            let kept = isPlain(scalar) ? scalar : "_"
            defer { lastIsUnderscore = kept == "_" }
            if kept == "_", lastIsUnderscore, !settings.keepsMultipleUnderscores { continue }
            label.unicodeScalars.append(kept)
        }
        if label.unicodeScalars.first.map(isDigit) == true { return "key_" + label }
        if settings.sanitizesLeadingUnderscores, label.hasPrefix("_"), !label.hasPrefix("__") { return "key" + label }
        return label
    }

    private func appendSuffixes(_ metric: Metric, to tokens: inout [String]) {
        var (main, per) = unitSuffixes(metric.unit)
        (main, per) = (cleaned(main), cleaned(per))
        if !main.isEmpty, !tokens.contains(main) { tokens.append(main) }
        if !per.isEmpty, !tokens.contains(per) { tokens += ["per", per] }
        let kind = metric.isCounter ? "total" : metric.isGauge && metric.unit == "1" ? "ratio" : ""
        if !kind.isEmpty {
            tokens.removeAll { $0 == kind }
            tokens.append(kind)
        }
    }

    /// The name as it is, with the suffixes behind it that it does not end with.
    private func suffixed(_ metric: Metric) -> String {
        let (main, per) = unitSuffixes(metric.unit)
        let kind = metric.isCounter ? "total" : metric.isGauge && metric.unit == "1" ? "ratio" : ""
        var name = metric.name
        if !kind.isEmpty, name.hasSuffix("_" + kind) { name.removeLast(kind.utf8.count + 1) }
        for suffix in [main, per.isEmpty ? "" : "per_" + per] where !suffix.isEmpty && !name.hasSuffix("_" + suffix) {
            name += "_" + suffix
        }
        return kind.isEmpty ? name : name + "_" + kind
    }

    /// What stands before the first `/` of a unit and what behind it, in words. Annotations in braces are left out.
    private func unitSuffixes(_ unit: String) -> (main: String, per: String) {
        let parts = unit.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map { part in
            let text = String(trimmed(part))
            return text.contains("{") || text.contains("}") ? "" : text
        }
        let main = parts.first.map { unitWords[$0] ?? $0 } ?? ""
        let per = parts.count > 1 ? perUnitWords[parts[1]] ?? parts[1] : ""
        return (main, per)
    }

    private func cleaned(_ unit: String) -> String {
        unit.unicodeScalars.split { (!isPlain($0) || $0 == "_") && $0 != ":" }.map { String($0) }.joined(separator: "_")
    }
}

private func trimmed(_ text: Substring) -> Substring {
    var rest = text.drop { $0 == " " || $0 == "\t" }
    while rest.last == " " || rest.last == "\t" { rest.removeLast() }
    return rest
}

private func isDigit(_ scalar: Unicode.Scalar) -> Bool { ("0"..."9").contains(scalar) }

private func isPlain(_ scalar: Unicode.Scalar) -> Bool {
    isDigit(scalar) || ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) || scalar == "_"
}

/// Words for the units of UCUM.
private let unitWords = [
    "d": "days", "h": "hours", "min": "minutes", "s": "seconds", "ms": "milliseconds", "us": "microseconds",
    "ns": "nanoseconds", "By": "bytes", "KiBy": "kibibytes", "MiBy": "mebibytes", "GiBy": "gibibytes",
    "TiBy": "tibibytes", "KBy": "kilobytes", "MBy": "megabytes", "GBy": "gigabytes", "TBy": "terabytes", "m": "meters",
    "V": "volts", "A": "amperes", "J": "joules", "W": "watts", "g": "grams", "Cel": "celsius", "Hz": "hertz", "1": "",
    "%": "percent",
]

private let perUnitWords = [
    "s": "second", "m": "minute", "h": "hour", "d": "day", "w": "week", "mo": "month", "y": "year",
]
