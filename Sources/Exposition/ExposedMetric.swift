import Model
import Protobuf

/// What a protobuf page says in one place, as lines that could stand in a page of text.
///
/// Lines have the same heads as in the text format, so that a layout finds them again and knows the series.
public struct ExposedMetric: Sendable {
    public struct Line: Sendable {
        /// Where its head ends in the heads; it begins where that of the one before ends.
        var headEnd: Int
        public var content: Content
    }

    public enum Content: Sendable {
        case comment(MetadataLine)
        case sample(Sample)
    }

    public struct Sample: Sendable {
        public var value: Double
        /// Milliseconds since the Unix epoch; nil where the page has none.
        public var timestamp: Int64?
        /// From when on it counts, in milliseconds since the Unix epoch; 0 where that is not known.
        public var startTime: Int64 = 0
        public var exemplars: [ExposedExemplar] = []
        /// Nil where the sample is a number.
        public var histogram: Histogram?
    }

    public var name = ""
    public internal(set) var lines: [Line] = []
    var heads: [UInt8] = []
    /// How many bytes the page's heads may still have. Each line repeats name and labels, of which the page has them once:
    /// without a bound a small page could become any number of bytes.
    var headBytesLeft = 0

    public init() {}

    /// Calls `body` with the head of a line.
    public func withHead<R, E: Error>(
        _ index: Int, _ body: (UnsafeBufferPointer<UInt8>) throws(E) -> R
    ) throws(E) -> R {
        let range = (index == 0 ? 0 : lines[index - 1].headEnd)..<lines[index].headEnd
        return try heads.withUnsafeBufferPointer { (bytes) throws(E) in
            try body(UnsafeBufferPointer(rebasing: bytes[range]))
        }
    }

    mutating func removeAll() {
        headBytesLeft -= heads.count
        lines.removeAll(keepingCapacity: true)
        heads.removeAll(keepingCapacity: true)
    }

    mutating func append(_ line: MetadataLine) {
        let (keyword, text) =
            switch line {
            case .help(_, let help): ("# HELP ", help)
            case .type(_, let type): ("# TYPE ", type.rawValue)
            case .unit(_, let unit): ("# UNIT ", unit)
            }
        heads += keyword.utf8
        heads.appendQuoted(line.metric.utf8)
        heads.append(UInt8(ascii: " "))
        for byte in text.utf8 { heads.appendEscaped(byte, quotes: false) }
        lines.append(Line(headEnd: heads.count, content: .comment(line)))
    }

    /// Appends a sample of the series `name` with its suffix and these labels, which are written already.
    mutating func append(
        _ sample: Sample, suffix: StaticString, labels: [UInt8], extra: (name: String, value: Double)? = nil
    ) throws(ProtobufError) {
        guard name.utf8.count + labels.count <= TextParser.lineBytesMax else {
            throw ProtobufError(
                description: "a metric has more than \(TextParser.lineBytesMax) bytes of name and labels")
        }
        guard heads.count <= headBytesLeft else {
            throw ProtobufError(description: "the page's series have too many bytes of names and labels for its size")
        }
        let isPlain = isLegacyMetricName(name)
        if isPlain {
            heads += name.utf8
            heads.append(contentsOf: UnsafeBufferPointer(start: suffix.utf8Start, count: suffix.utf8CodeUnitCount))
        }
        if !isPlain || !labels.isEmpty || extra != nil {
            heads.append(UInt8(ascii: "{"))
            if !isPlain { heads.appendQuoted((name + suffix.description).utf8) }
            if !isPlain, !labels.isEmpty || extra != nil { heads.append(UInt8(ascii: ",")) }
            heads += labels
            if let extra {
                if !labels.isEmpty { heads.append(UInt8(ascii: ",")) }
                heads += "\(extra.name)=\"\(openMetricsFloat(extra.value))\"".utf8
            }
            heads.append(UInt8(ascii: "}"))
        }
        lines.append(Line(headEnd: heads.count, content: .sample(sample)))
    }
}

extension [UInt8] {
    /// Appends `name="value"` as pages of text have it; names are quoted where they have to be.
    mutating func appendLabel(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) {
        if !isEmpty { append(UInt8(ascii: ",")) }
        if isLabelName(name) { append(contentsOf: name) } else { appendQuoted(name) }
        append(UInt8(ascii: "="))
        appendQuoted(value)
    }

    /// Appends bytes in double quotes, with the escapes of the text format.
    mutating func appendQuoted(_ bytes: some Sequence<UInt8>) {
        append(UInt8(ascii: "\""))
        for byte in bytes { appendEscaped(byte, quotes: true) }
        append(UInt8(ascii: "\""))
    }

    fileprivate mutating func appendEscaped(_ byte: UInt8, quotes: Bool) {
        switch byte {
        case UInt8(ascii: "\\"): self += [byte, byte]
        case UInt8(ascii: "\"") where quotes: self += [UInt8(ascii: "\\"), byte]
        case UInt8(ascii: "\n"): self += "\\n".utf8
        default: append(byte)
        }
    }
}

/// Whether a label's name needs no quotes.
private func isLabelName(_ name: UnsafeRawBufferPointer) -> Bool {
    guard let first = name.first, first &- UInt8(ascii: "0") >= 10 else { return false }
    return name.allSatisfy {
        ($0 | 0x20) &- UInt8(ascii: "a") < 26 || $0 == UInt8(ascii: "_") || $0 &- UInt8(ascii: "0") < 10
    }
}
