import Model

extension TextParser {
    public struct Value: Equatable, Sendable {
        public var value: Double
        /// Milliseconds since the Unix epoch; nil where the line has no timestamp.
        public var timestamp: Int64?
    }

    /// Reads what follows a sample's name and labels, to the end of the line.
    public mutating func readValue() throws(ExpositionError) -> Value {
        if isOpenMetrics { exemplar = nil }
        let hadSpace = skipSpaces()
        let token = takeToken()
        guard !token.isEmpty else {
            throw error("expected a value after the name and labels, found \(excerpt(cursor, end))")
        }
        let place = token.baseAddress ?? cursor
        guard hadSpace || !isOpenMetrics && place[-1] == UInt8(ascii: "}") else {
            throw error("expected a space before the value, found \(excerpt(place, end))", at: place)
        }
        guard let value = parseNumber(token) else {
            throw error("expected a number as the value, found \(excerpt(place, end))", at: place)
        }
        skipSpaces()
        var result = Value(value: value)
        if cursor < end, cursor.pointee != UInt8(ascii: "\n"), cursor.pointee != UInt8(ascii: "#") {
            result.timestamp = try readTimestamp()
            skipSpaces()
        }
        if isOpenMetrics, cursor < end, cursor.pointee == UInt8(ascii: "#") { exemplar = try readExemplar() }
        try finishLine()
        return result
    }

    private mutating func readTimestamp() throws(ExpositionError) -> Int64 {
        let place = cursor
        let token = takeToken()
        if isOpenMetrics { return try seconds(token, at: place, isExemplar: false) }
        if token.first != UInt8(ascii: "+"), let milliseconds = Int64(String(decoding: token, as: UTF8.self)) {
            return milliseconds
        }
        throw error(
            "expected a timestamp in milliseconds or the end of the line, found \(excerpt(place, end))", at: place)
    }

    /// A timestamp of OpenMetrics in milliseconds.
    private func seconds(
        _ token: UnsafeBufferPointer<UInt8>, at place: UnsafePointer<UInt8>, isExemplar: Bool
    ) throws(ExpositionError) -> Int64 {
        guard let seconds = parseNumber(token) else {
            throw error(
                "expected \(isExemplar ? "an exemplar" : "a") timestamp in seconds or the end of the line, found \(excerpt(place, end))",
                at: place)
        }
        guard seconds.isFinite else {
            throw error(
                "invalid \(isExemplar ? "exemplar " : "")timestamp \(formatFloat(seconds, .general))", at: place)
        }
        // As Prometheus does: what is less than a millisecond is dropped. 9e15 seconds, a limit in the year 285 million
        // that no store takes, stay below Int64.max as milliseconds.
        return Int64(min(max(seconds, -9e15), 9e15) * 1000)
    }

    /// Reads an exemplar from its mark on: `# {trace_id="x"} 0.67 1520879607.789`, the timestamp of which may lack.
    private mutating func readExemplar() throws(ExpositionError) -> ExposedExemplar {
        let place = cursor
        cursor += 1
        guard skipSpaces(), cursor < end, cursor.pointee == UInt8(ascii: "{") else {
            throw error(
                "expected a space and an exemplar's labels in braces after \"#\", found \(excerpt(cursor, end))",
                at: place)
        }
        let labels = try readExemplarLabels()
        let hadSpace = skipSpaces()
        let valuePlace = cursor
        guard let value = parseNumber(takeToken()) else {
            throw error(
                "expected a number as the exemplar's value, found \(excerpt(valuePlace, end))", at: valuePlace)
        }
        guard hadSpace else {
            throw error(
                "expected a space before the exemplar's value, found \(excerpt(valuePlace, end))", at: valuePlace)
        }
        var exemplar = ExposedExemplar(labels: labels, value: value)
        skipSpaces()
        if cursor < end, cursor.pointee != UInt8(ascii: "\n") {
            let place = cursor
            exemplar.timestamp = try seconds(takeToken(), at: place, isExemplar: true)
            skipSpaces()
        }
        return exemplar
    }

    /// Moves behind the line feed.
    private mutating func finishLine() throws(ExpositionError) {
        guard cursor < end else {
            if isOpenMetrics, !goesOn { throw error("data does not end with # EOF") }
            return
        }
        guard cursor.pointee == UInt8(ascii: "\n") else {
            throw error("expected the end of the line, found \(excerpt(cursor, end))")
        }
        cursor += 1
    }

    @discardableResult
    mutating func skipSpaces() -> Bool {
        let first = cursor
        while cursor < end, isSpace(cursor.pointee) { cursor += 1 }
        return cursor > first
    }

    private mutating func takeToken() -> UnsafeBufferPointer<UInt8> {
        let first = cursor
        while cursor < end, cursor.pointee != UInt8(ascii: "\n"), !isSpace(cursor.pointee) { cursor += 1 }
        return UnsafeBufferPointer(start: first, count: cursor - first)
    }
}
