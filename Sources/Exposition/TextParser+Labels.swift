import Model

extension TextParser {
    /// The labels that a sample's head writes, the metric's name among them, in the order of the page and with empty
    /// values kept: an exporter may say with one that it wants none of the target's labels of that name.
    ///
    /// - Parameter head: what `nextLine` gave last. `le` and `quantile` values of histograms and summaries are given
    ///   the notation that a float has in OpenMetrics, so that they are the same from whichever format they come.
    /// - Throws: where the head does not follow the grammar, holds invalid UTF-8, or names a label twice.
    public func labels(of head: UnsafeBufferPointer<UInt8>) throws(ExpositionError) -> [Label] {
        var reader = LabelReader(parser: self, head: head)
        return try reader.read()
    }

    /// Reads labels in braces from the cursor on, which are not a series'.
    mutating func readExemplarLabels() throws(ExpositionError) -> Labels {
        var reader = LabelReader(parser: self, head: UnsafeBufferPointer(start: cursor, count: end - cursor))
        let labels = try reader.readLabelsOnly()
        cursor += reader.offset
        return Labels(labels.lazy.map { (name: $0.name, value: $0.value) })
    }

    /// The most labels that a line may have, before any limit of the configuration.
    public static let labelsMax = 10_000
}

/// Reads names, and labels in braces.
struct LabelReader {
    private let parser: TextParser
    private var cursor: UnsafePointer<UInt8>
    private let end: UnsafePointer<UInt8>
    private let first: UnsafePointer<UInt8>
    private var labels: [Label] = []
    /// Whether the metric has been named, other than by a label.
    private var hasName = false

    init(parser: TextParser, head: UnsafeBufferPointer<UInt8>) {
        self.parser = parser
        cursor = head.baseAddress ?? parser.cursor
        first = cursor
        end = cursor + head.count
    }

    mutating func read() throws(ExpositionError) -> [Label] {
        let name = takeName { $0 == UInt8(ascii: ":") }
        if !name.isEmpty { nameMetric(name) }
        skipSpaces()
        if cursor < end, cursor.pointee == UInt8(ascii: "{") {
            cursor += 1
            try readBraces()
        }
        guard cursor == end else { throw expected(name.isEmpty ? "a metric name" : "labels in braces or a value") }
        guard hasName else {
            throw parser.error("expected a metric name, found \(excerpt(first, parser.end))", at: first)
        }
        try checkUnique()
        return labels
    }

    /// Reads labels that are no series'. As in Prometheus, the later of two with one name holds.
    mutating func readLabelsOnly() throws(ExpositionError) -> [Label] {
        cursor += 1
        try readBraces()
        guard !hasName else {
            throw parser.error("expected labels without a metric name, found \(excerpt(first, end))", at: first)
        }
        return labels
    }

    /// Reads the name of the metric that a comment tells of.
    mutating func readMetricName(after keyword: String) throws(ExpositionError) -> String {
        let isQuoted = cursor < end && cursor.pointee == UInt8(ascii: "\"")
        let name = isQuoted ? try takeQuoted("metric name") : takeName { $0 == UInt8(ascii: ":") }
        guard !name.isEmpty, cursor == end || isSpace(cursor.pointee) else {
            let found = UnsafeBufferPointer(start: first, count: end - first).prefix(40).prefix { !isSpace($0) }
            throw parser.error("expected a metric name after \(keyword), found \(quotedText(found))", at: first)
        }
        return name
    }

    /// How much has been read, in bytes.
    var offset: Int { cursor - first }

    private mutating func nameMetric(_ name: String) {
        labels.append(Label(name: Labels.metricNameLabel, value: name))
        hasName = true
    }

    private mutating func readBraces() throws(ExpositionError) {
        skipSpaces()
        while !take(UInt8(ascii: "}")) {
            try readLabel()
            guard labels.count <= TextParser.labelsMax else { throw expected("at most \(TextParser.labelsMax) labels") }
            skipSpaces()
            if take(UInt8(ascii: ",")) {
                skipSpaces()
            } else if cursor >= end || cursor.pointee != UInt8(ascii: "}") {
                throw expected("a comma or a closing brace after the label")
            }
        }
    }

    private mutating func readLabel() throws(ExpositionError) {
        let place = cursor
        let isQuoted = cursor < end && cursor.pointee == UInt8(ascii: "\"")
        let name = isQuoted ? try takeQuoted("label name") : takeName { _ in false }
        guard !name.isEmpty else { throw expected("a label name or a closing brace", at: place) }
        skipSpaces()
        guard take(UInt8(ascii: "=")) else {
            guard isQuoted else { throw expected("an equals sign after the label name") }
            guard !hasName else {
                throw expected("an equals sign after the label name, as the metric already has a name")
            }
            return nameMetric(name)
        }
        skipSpaces()
        guard cursor < end, cursor.pointee == UInt8(ascii: "\"") else {
            throw expected("a label value in double quotes")
        }
        labels.append(Label(name: name, value: normalised(name, try takeQuoted("label value"))))
    }

    private mutating func takeName(or extra: (UInt8) -> Bool) -> String {
        let first = cursor
        while cursor < end {
            let byte = cursor.pointee
            let isLetter = (byte | 0x20) &- UInt8(ascii: "a") < 26 || byte == UInt8(ascii: "_") || extra(byte)
            guard isLetter || cursor > first && byte &- UInt8(ascii: "0") < 10 else { break }
            cursor += 1
        }
        return String(decoding: UnsafeBufferPointer(start: first, count: cursor - first), as: UTF8.self)
    }

    /// Takes a string in double quotes. `\\`, `\"` and `\n` are escapes; a backslash before anything else stands for
    /// itself, as in Prometheus.
    private mutating func takeQuoted(_ what: String) throws(ExpositionError) -> String {
        let place = cursor
        cursor += 1
        var bytes: [UInt8] = []
        while cursor < end, cursor.pointee != UInt8(ascii: "\"") {
            if cursor.pointee == UInt8(ascii: "\\"), cursor + 1 < end {
                cursor += 1
                bytes.appendUnescaped(cursor.pointee, quotes: true)
            } else {
                bytes.append(cursor.pointee)
            }
            cursor += 1
        }
        guard take(UInt8(ascii: "\"")) else {
            throw parser.error("expected a closing quote for the \(what) \(excerpt(place, end))", at: place)
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw parser.error(
                "expected valid UTF-8 in the \(what), found \(quotedText(bytes.prefix(40)))", at: place)
        }
        return text
    }

    private func normalised(_ name: String, _ value: String) -> String {
        guard parser.type == .histogram && name == "le" || parser.type == .summary && name == "quantile" else {
            return value
        }
        var copy = value
        guard let number = copy.withUTF8({ parseNumber($0) }) else { return value }
        // Prometheus knows no negative zero here.
        return openMetricsFloat(number == 0 ? 0 : number)
    }

    /// A label that is there twice, as in Prometheus, is none where it is empty once.
    private mutating func checkUnique() throws(ExpositionError) {
        guard labels.count > 1 else { return }
        let sorted = labels.map(\.name).sorted(by: byteOrder)
        let repeated = Set(zip(sorted, sorted.dropFirst()).lazy.filter { $0 == $1 }.map(\.0))
        guard !repeated.isEmpty else { return }
        let empty = Set(labels.lazy.filter(\.value.isEmpty).map(\.name))
        if let name = sorted.first(where: { repeated.contains($0) && !empty.contains($0) }) {
            throw parser.error(
                "label name \(quotedText(name.utf8)) is not unique: invalid sample", at: first, isOfLabels: true)
        }
        labels.removeAll { repeated.contains($0.name) && !$0.value.isEmpty }
    }

    private mutating func skipSpaces() {
        while cursor < end, isSpace(cursor.pointee) { cursor += 1 }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard cursor < end, cursor.pointee == byte else { return false }
        cursor += 1
        return true
    }

    private func expected(_ what: String, at place: UnsafePointer<UInt8>? = nil) -> ExpositionError {
        let place = place ?? cursor
        return parser.error("expected \(what), found \(excerpt(place, parser.end))", at: place)
    }
}

extension [UInt8] {
    /// Appends what a backslash and `byte` stand for.
    mutating func appendUnescaped(_ byte: UInt8, quotes: Bool) {
        switch byte {
        case UInt8(ascii: "\\"): append(byte)
        case UInt8(ascii: "n"): append(UInt8(ascii: "\n"))
        case UInt8(ascii: "\"") where quotes: append(byte)
        default: self += [UInt8(ascii: "\\"), byte]
        }
    }
}

/// A float as OpenMetrics writes it: always with a point or an exponent.
public func openMetricsFloat(_ value: Double) -> String {
    let text = formatFloat(value, .general)
    return !value.isFinite || text.contains { $0 == "." || $0 == "e" } ? text : text + ".0"
}
