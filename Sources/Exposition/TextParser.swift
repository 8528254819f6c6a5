import Model

/// Reads a page of metrics line by line, in Prometheus's text format or in OpenMetrics.
///
/// A line is read in steps, so that what the caller already knows need not be parsed again: `matchRun` passes over all
/// lines that are as they were in the page before; `nextLine` finds where the next line's head ends; for a head that is
/// not known `labels(of:)` parses it; `readValue` reads what follows it.
///
/// - Source: https://prometheus.io/docs/instrumenting/exposition_formats/ (text 0.0.4), the OpenMetrics 1.0
///   specification, and Prometheus 3.5 for what is tolerated.
public struct TextParser {
    // SAFETY: `start`, `cursor` and `end` point into the page that was given to `init`; start ≤ cursor ≤ end always, and
    // nothing is read at or behind `end`. Whoever made the parser keeps the page alive for as long as it is used.
    let start: UnsafePointer<UInt8>
    var cursor: UnsafePointer<UInt8>
    let end: UnsafePointer<UInt8>
    let isOpenMetrics: Bool

    /// The type that the last TYPE line named, or unknown. `matchRun` and `metadata(of:)` set it; who recognises a TYPE
    /// line otherwise has to.
    public var type = MetricMetadata.MetricType.unknown

    /// Whether the page is a part of a longer one that goes on behind it, so that it need not end as one has to. Whoever
    /// parses the parts carries ``type`` over from one to the next.
    public var goesOn = false
    /// How many lines were in the parts before this one; errors count from there.
    public var linesBefore = 0
    /// Whether the mark was met that ends an OpenMetrics page.
    public private(set) var hasEnded = false
    /// The exemplar of the line that `readValue` read last; nil where it has none.
    public internal(set) var exemplar: ExposedExemplar?

    /// The longest line that is read, in bytes.
    public static let lineBytesMax = 1 << 20

    /// - Parameter page: must outlive the parser.
    public init(_ page: UnsafeBufferPointer<UInt8>, format: ExpositionFormat) {
        start = page.baseAddress ?? UnsafePointer(emptyPage)
        cursor = start
        end = start + page.count
        isOpenMetrics = format == .openMetrics
    }

    public enum Line {
        /// The name and labels of a sample; its value has to be read next.
        case sample(UnsafeBufferPointer<UInt8>)
        /// A whole comment line, already behind the parser.
        case comment(UnsafeBufferPointer<UInt8>)
    }

    /// Finds the head of the next line, or returns nil at the end of the page.
    ///
    /// - Throws: where a line is too long, or where an OpenMetrics page does not end as one has to.
    public mutating func nextLine() throws(ExpositionError) -> Line? {
        skipBlank()
        guard cursor < end else {
            if isOpenMetrics, !goesOn, start < end { throw error("data does not end with # EOF") }
            return nil
        }
        if cursor.pointee == UInt8(ascii: "#") {
            let lineStart = cursor
            let line = try takeLine()
            if isOpenMetrics, line.starts(with: TextParser.endMark.utf8) {
                let length = TextParser.endMark.utf8.count
                let markEnd = line.count == length ? cursor : lineStart + length
                guard markEnd == end else {
                    throw error("unexpected data after # EOF: \(excerpt(markEnd, end))", at: markEnd)
                }
                hasEnded = true
                return nil
            }
            return .comment(line)
        }
        return .sample(try takeHead())
    }

    /// The error `reason`, placed at `place` (where it is nil, at the cursor).
    func error(
        _ reason: String, at place: UnsafePointer<UInt8>? = nil, isOfLabels: Bool = false
    ) -> ExpositionError {
        let place = place ?? cursor
        var line = linesBefore + 1
        var lineStart = start
        var byte = start
        while byte < place {
            if byte.pointee == UInt8(ascii: "\n") {
                line += 1
                lineStart = byte + 1
            }
            byte += 1
        }
        return ExpositionError(line: line, column: place - lineStart + 1, reason: reason, isOfLabels: isOfLabels)
    }

    private mutating func skipBlank() {
        while cursor < end, cursor.pointee == UInt8(ascii: "\n") || isSpace(cursor.pointee) { cursor += 1 }
    }

    /// Takes the rest of the line without its line feed, and moves behind that.
    mutating func takeLine() throws(ExpositionError) -> UnsafeBufferPointer<UInt8> {
        let first = cursor
        while cursor < end, cursor.pointee != UInt8(ascii: "\n") { cursor += 1 }
        let line = UnsafeBufferPointer(start: first, count: cursor - first)
        if cursor < end { cursor += 1 }
        guard line.count <= TextParser.lineBytesMax else {
            throw error("expected a line of at most \(TextParser.lineBytesMax) bytes, found \(line.count)", at: first)
        }
        return line
    }

    /// Takes the name and labels: everything up to the closing brace, where there is one, or else up to a space.
    private mutating func takeHead() throws(ExpositionError) -> UnsafeBufferPointer<UInt8> {
        let first = cursor
        var isQuoted = false
        var isInBraces = false
        var headEnd = cursor
        // In the text format a string in quotes may go over several lines.
        while cursor < end, cursor.pointee != UInt8(ascii: "\n") || isQuoted && !isOpenMetrics {
            let byte = cursor.pointee
            if isQuoted {
                if byte == UInt8(ascii: "\\"), cursor + 1 < end, cursor[1] != UInt8(ascii: "\n") { cursor += 1 }
                isQuoted = byte != UInt8(ascii: "\"")
            } else if isInBraces {
                isQuoted = byte == UInt8(ascii: "\"")
                if byte == UInt8(ascii: "}") {
                    cursor += 1
                    headEnd = cursor
                    break
                }
            } else if byte == UInt8(ascii: "{") {
                isInBraces = true
            } else if isSpace(byte) {
                // All of the spaces at once: to look behind each of them would take quadratic time.
                guard let brace = braceBehindSpaces() else { break }
                cursor = brace
                continue
            }
            cursor += 1
            headEnd = cursor
        }
        guard headEnd - first <= TextParser.lineBytesMax else {
            throw error(
                "expected a name and labels of at most \(TextParser.lineBytesMax) bytes, found \(headEnd - first)",
                at: first)
        }
        return UnsafeBufferPointer(start: first, count: headEnd - first)
    }

    /// The opening brace behind the spaces at the cursor, which may stand between a name and its labels; nil where there
    /// is none.
    private func braceBehindSpaces() -> UnsafePointer<UInt8>? {
        var place = cursor
        while place < end, isSpace(place.pointee) { place += 1 }
        return place < end && place.pointee == UInt8(ascii: "{") ? place : nil
    }

    private static let endMark = "# EOF"
}

/// Something for the parser of a page without bytes to point at.
// SAFETY: never written after its initialisation, and never freed.
nonisolated(unsafe) private let emptyPage: UnsafeMutablePointer<UInt8> = {
    let byte = UnsafeMutablePointer<UInt8>.allocate(capacity: 1)
    byte.initialize(to: UInt8(ascii: "\n"))
    return byte
}()

@inline(__always)
func isSpace(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
