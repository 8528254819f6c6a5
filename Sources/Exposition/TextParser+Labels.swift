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
        cursor = reader.cursor
        return Labels(labels.lazy.map { (name: $0.name, value: $0.value) })
    }

    /// The most labels that a line may have, before any limit of the configuration.
    public static let labelsMax = 10_000
}

private struct LabelReader {
    let parser: TextParser
    var cursor: UnsafePointer<UInt8>
    let end: UnsafePointer<UInt8>
    let first: UnsafePointer<UInt8>
    var labels: [Label] = []

    init(parser: TextParser, head: UnsafeBufferPointer<UInt8>) {
        self.parser = parser
        cursor = head.baseAddress ?? parser.cursor
        first = cursor
        end = cursor + head.count
    }

    mutating func read() throws(ExpositionError) -> [Label] {
        let name = takeName { $0 == UInt8(ascii: ":") }
        if !name.isEmpty { labels.append(Label(name: Labels.metricNameLabel, value: name)) }
        skipSpaces()
        if cursor < end, cursor.pointee == UInt8(ascii: "{") {
            cursor += 1
            try readBraces()
        }
        guard cursor == end else { throw expected(name.isEmpty ? "a metric name" : "labels in braces or a value") }
        guard labels.contains(where: { $0.name == Labels.metricNameLabel }) else {
            throw parser.error("expected a metric name, found \(excerpt(first, parser.end))", at: first)
        }
        try checkUnique()
        return labels
    }

    mutating func readLabelsOnly() throws(ExpositionError) -> [Label] {
        cursor += 1
        try readBraces()
        guard !labels.contains(where: { $0.name == Labels.metricNameLabel }) else {
            throw parser.error("expected labels without a metric name, found \(excerpt(first, end))", at: first)
        }
        try checkUnique()
        return labels
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
        let name = isQuoted ? try takeQuoted("name") : takeName { _ in false }
        guard !name.isEmpty else { throw expected("a label name or a closing brace", at: place) }
        skipSpaces()
        guard take(UInt8(ascii: "=")) else {
            guard isQuoted else { throw expected("an equals sign after the label name") }
            guard !labels.contains(where: { $0.name == Labels.metricNameLabel }) else {
                throw expected("an equals sign after the label name, as the metric already has a name")
            }
            labels.append(Label(name: Labels.metricNameLabel, value: name))
            return
        }
        skipSpaces()
        guard cursor < end, cursor.pointee == UInt8(ascii: "\"") else {
            throw expected("a label value in double quotes")
        }
        labels.append(Label(name: name, value: normalised(name, try takeQuoted("value"))))
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
            throw parser.error("expected a closing quote for the label \(what) \(excerpt(place, end))", at: place)
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw parser.error(
                "expected valid UTF-8 in the label \(what), found \(quotedText(bytes.prefix(40)))", at: place)
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

    private func checkUnique() throws(ExpositionError) {
        guard labels.count > 1 else { return }
        let sorted = labels.map(\.name).sorted(by: byteOrder)
        for index in 1..<sorted.count where sorted[index] == sorted[index - 1] {
            throw parser.error("label name \(quotedText(sorted[index].utf8)) is not unique: invalid sample", at: first)
        }
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
