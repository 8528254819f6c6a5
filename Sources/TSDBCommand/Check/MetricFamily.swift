import Model

/// The series of one name, or of one histogram or summary, and what style says of them.
///
/// - Source: https://prometheus.io/docs/practices/naming/ and the complaints of promtool 3.5.
struct MetricFamily {
    let name: String
    let type: MetricMetadata.MetricType
    let help: String
    private(set) var series = 0
    private var labelNames: Set<String> = []
    private var allAreTotals = true

    private init(name: String, _ metadata: MetricMetadata?) {
        self.name = name
        (type, help) = (metadata?.type ?? .unknown, metadata?.help ?? "")
    }

    /// The families of a page, sorted by name.
    static func all(of page: MetricsPage) -> [MetricFamily] {
        var families: [String: MetricFamily] = [:]
        for sample in page.samples {
            let metric = sample.labels.metricName ?? ""
            let name = page.family(of: metric)
            families[name, default: MetricFamily(name: name, page.metadata[name])].count(sample, metric)
        }
        return families.values.sorted { byteOrder($0.name, $1.name) }
    }

    private mutating func count(_ sample: MetricsPage.Sample, _ metric: String) {
        series += 1
        for label in sample.labels { labelNames.insert(label.name) }
        // OpenMetrics' time at which a counter began is named otherwise than the counter.
        allAreTotals = allAreTotals && (metric.hasSuffix("_total") || metric == name + "_created")
    }

    /// What could be better, sorted.
    func complaints() -> [String] {
        let found = (help.isEmpty ? ["no help text"] : []) + typeComplaints() + nameComplaints() + unitComplaints()
        return found.sorted(by: byteOrder)
    }

    private func typeComplaints() -> [String] {
        guard type != .unknown else { return [] }
        var found: [String] = []
        let isTotal = name.hasSuffix("_total") || allAreTotals
        if type == .counter, !isTotal { found.append("counter metrics should have \"_total\" suffix") }
        if type != .counter, isTotal { found.append("non-counter metrics should not have \"_total\" suffix") }
        if type != .histogram {
            if name.hasSuffix("_bucket") { found.append("non-histogram metrics should not have \"_bucket\" suffix") }
            if labelNames.contains("le") { found.append("non-histogram metrics should not have \"le\" label") }
        }
        if type != .histogram, type != .summary {
            for suffix in ["_count", "_sum"] where name.hasSuffix(suffix) {
                found.append("non-histogram and non-summary metrics should not have \"\(suffix)\" suffix")
            }
        }
        if type != .summary, labelNames.contains("quantile") {
            found.append("non-summary metrics should not have \"quantile\" label")
        }
        return found
    }

    private func nameComplaints() -> [String] {
        var found: [String] = []
        if name.contains(":") { found.append("metric names should not contain ':'") }
        let kind = type.rawValue
        if type != .unknown, name.contains("_\(kind)_") || name.hasSuffix("_\(kind)") {
            found.append("metric name should not include type '\(kind)'")
        }
        if isCamelCase(name) { found.append("metric names should be written in 'snake_case' not 'camelCase'") }
        if labelNames.contains(where: isCamelCase) {
            found.append("label names should be written in 'snake_case' not 'camelCase'")
        }
        return found
    }

    private func unitComplaints() -> [String] {
        let words = name.split(separator: "_").map { $0.lowercased() }
        let known = words.compactMap { word in MetricFamily.baseUnits[word].map { (word, $0) } }
        return known.map { "use base unit \"\($0.1)\" instead of \"\($0.0)\"" }
            + (words.dropFirst().contains(where: MetricFamily.abbreviations.contains)
                ? ["metric names should not contain abbreviated units"] : [])
    }

    /// The unit that is to be used instead of each.
    private static let baseUnits: [String: String] = {
        var units = [
            "minutes": "seconds", "hours": "seconds", "days": "seconds", "weeks": "seconds", "fahrenheit": "celsius",
            "rankine": "celsius", "inches": "meters", "yards": "meters", "miles": "meters", "bits": "bytes",
            "calories": "joules", "pounds": "grams", "ounces": "grams",
        ]
        let prefixes = [
            "pico", "nano", "micro", "milli", "centi", "deci", "deca", "hecto", "kilo", "kibi", "mega", "mibi", "giga",
            "gibi", "tera", "tebi", "peta", "pebi",
        ]
        let bases = [
            "amperes", "bytes", "celsius", "grams", "joules", "kelvin", "meters", "metres", "seconds", "volts",
        ]
        for (unit, base) in units.map({ ($0.key, $0.value) }) + bases.map({ ($0, $0) }) {
            for prefix in prefixes { units[prefix + unit] = base }
        }
        return units
    }()

    private static let abbreviations: Set<String> = [
        "s", "ms", "us", "ns", "sec", "b", "kb", "mb", "gb", "tb", "pb", "m", "h", "d",
    ]
}

private func isCamelCase(_ name: String) -> Bool {
    var previous: UInt8 = 0
    for byte in name.utf8 {
        if UInt8(ascii: "a")...UInt8(ascii: "z") ~= previous, UInt8(ascii: "A")...UInt8(ascii: "Z") ~= byte {
            return true
        }
        previous = byte
    }
    return false
}
