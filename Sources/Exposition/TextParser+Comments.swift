import Model

/// What a HELP, TYPE or UNIT line says.
public enum MetadataLine: Equatable, Sendable {
    case help(metric: String, text: String)
    case type(metric: String, MetricMetadata.MetricType)
    case unit(metric: String, String)

    public var metric: String {
        switch self {
        case .help(let metric, _), .type(let metric, _), .unit(let metric, _): metric
        }
    }
}

extension TextParser {
    /// What a comment line says of a metric; nil for any other comment.
    ///
    /// - Parameter line: what `nextLine` gave last.
    /// - Throws: where a HELP, TYPE or UNIT line lacks a name, its text is not UTF-8, or its type is none.
    public mutating func metadata(
        of line: UnsafeBufferPointer<UInt8>
    ) throws(ExpositionError) -> MetadataLine? {
        guard let (keyword, rest) = keyword(of: line) else { return nil }
        var reader = LabelReader(parser: self, head: UnsafeBufferPointer(rebasing: rest))
        let name = try reader.readMetricName(after: keyword)
        // One blank separates the name from the text; further ones belong to it.
        let text = rest.dropFirst(reader.offset + 1)
        switch keyword {
        case "HELP": return .help(metric: name, text: try helpText(text, line))
        case "UNIT": return .unit(metric: name, try unit(text, name, line))
        default:
            type = try metricType(text, line)
            return .type(metric: name, type)
        }
    }

    /// Whether a comment line says something of a metric: most that do not are for people.
    public func isMetadata(_ line: UnsafeBufferPointer<UInt8>) -> Bool { keyword(of: line) != nil }

    /// What a comment line begins with and what comes behind it, where it says something of a metric.
    private func keyword(
        of line: UnsafeBufferPointer<UInt8>
    ) -> (keyword: String, rest: Slice<UnsafeBufferPointer<UInt8>>)? {
        let text = line.dropFirst().drop(while: isSpace)
        // "#HELP" without a space is an ordinary comment.
        guard text.count < line.count - 1 else { return nil }
        let keyword = String(decoding: text.prefix(5).prefix { !isSpace($0) }, as: UTF8.self)
        guard keyword == "HELP" || keyword == "TYPE" || keyword == "UNIT" && isOpenMetrics else { return nil }
        return (keyword, text.dropFirst(keyword.utf8.count).drop(while: isSpace))
    }

    private func helpText(
        _ text: Slice<UnsafeBufferPointer<UInt8>>, _ line: UnsafeBufferPointer<UInt8>
    ) throws(ExpositionError) -> String {
        var bytes: [UInt8] = []
        var rest = text
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "\\"), let escaped = rest.popFirst() {
                // OpenMetrics escapes quotes in help texts too.
                bytes.appendUnescaped(escaped, quotes: isOpenMetrics)
            } else {
                bytes.append(byte)
            }
        }
        guard let help = String(validating: bytes, as: UTF8.self) else {
            throw error(
                in: line, at: text.startIndex,
                "expected valid UTF-8 in the help text, found \(quotedText(bytes.prefix(40)))")
        }
        return help
    }

    private func unit(
        _ text: Slice<UnsafeBufferPointer<UInt8>>, _ name: String, _ line: UnsafeBufferPointer<UInt8>
    ) throws(ExpositionError) -> String {
        guard let unit = String(validating: text, as: UTF8.self) else {
            throw error(in: line, at: text.startIndex, "expected valid UTF-8 as the unit, found \(quotedText(text))")
        }
        guard unit.isEmpty || isUnit(unit, of: name) else {
            throw error(
                in: line, at: text.startIndex,
                "unit \(quotedText(unit.utf8)) not a suffix of metric \(quotedText(name.utf8))")
        }
        return unit
    }

    private func metricType(
        _ text: Slice<UnsafeBufferPointer<UInt8>>, _ line: UnsafeBufferPointer<UInt8>
    ) throws(ExpositionError) -> MetricMetadata.MetricType {
        let name = String(decoding: text, as: UTF8.self)
        switch (isOpenMetrics, name) {
        case (false, "untyped"): return .unknown
        case (true, "gaugehistogram"), (true, "info"), (true, "stateset"), (true, "unknown"),
            (_, "counter"), (_, "gauge"), (_, "histogram"), (_, "summary"):
            return MetricMetadata.MetricType(rawValue: name) ?? .unknown
        default:
            let further = isOpenMetrics ? "gaugehistogram, info, stateset or unknown" : "or untyped"
            throw error(
                in: line, at: text.startIndex,
                "invalid metric type \(quotedText(text.prefix(40))), expected counter, gauge, histogram, summary"
                    + (isOpenMetrics ? ", " : " ") + further)
        }
    }

    private func error(in line: UnsafeBufferPointer<UInt8>, at index: Int, _ reason: String) -> ExpositionError {
        error(reason, at: line.baseAddress.map { $0 + index })
    }
}

/// Whether `name` ends with an underscore and `unit`.
func isUnit(_ unit: String, of name: String) -> Bool {
    name.utf8.suffix(unit.utf8.count + 1).elementsEqual("_\(unit)".utf8)
}

extension PageLayout.Kind {
    /// The kind of a comment line that says `metadata`.
    public init(_ metadata: MetadataLine?) {
        switch metadata {
        case .type(_, .histogram): self = .typeHistogram
        case .type(_, .summary): self = .typeSummary
        case .type(_, .counter): self = .typeCounter
        case .type: self = .typeOther
        case .help, .unit, nil: self = .comment
        }
    }
}
