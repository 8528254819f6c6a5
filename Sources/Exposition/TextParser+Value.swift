import Model

extension TextParser {
    public struct Value: Equatable, Sendable {
        public var value: Double
        /// Milliseconds since the Unix epoch; nil where the line has no timestamp.
        public var timestamp: Int64?
    }

    /// Reads what follows a sample's name and labels, to the end of the line.
    public mutating func readValue() throws(ExpositionError) -> Value {
        let hadSpace = skipSpaces()
        let token = takeToken()
        guard !token.isEmpty else {
            throw error("expected a value after the name and labels, found \(excerpt(cursor, end))")
        }
        let place = token.baseAddress ?? cursor
        guard hadSpace || place[-1] == UInt8(ascii: "}") else {
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
        try finishLine()
        return result
    }

    private mutating func readTimestamp() throws(ExpositionError) -> Int64 {
        let place = cursor
        let token = takeToken()
        switch format {
        case .text:
            if let milliseconds = Int64(String(decoding: token, as: UTF8.self)) { return milliseconds }
            throw error(
                "expected a timestamp in milliseconds or the end of the line, found \(excerpt(place, end))", at: place)
        case .openMetrics:
            // 9e15 seconds, a limit in the year 285 million, stay below Int64.max as milliseconds.
            if let seconds = parseNumber(token), seconds.magnitude < 9e15 { return Int64((seconds * 1000).rounded()) }
            throw error(
                "expected a timestamp in seconds or the end of the line, found \(excerpt(place, end))", at: place)
        }
    }

    /// Moves behind the line feed; an OpenMetrics line may have an exemplar before it, which is passed over.
    private mutating func finishLine() throws(ExpositionError) {
        if format == .openMetrics, cursor < end, cursor.pointee == UInt8(ascii: "#") {
            let place = cursor
            cursor += 1
            skipSpaces()
            guard cursor < end, cursor.pointee == UInt8(ascii: "{") else {
                throw error(
                    "expected an exemplar's labels in braces after \"#\", found \(excerpt(cursor, end))", at: place)
            }
            _ = try takeLine()
            return
        }
        guard cursor < end else { return }
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
