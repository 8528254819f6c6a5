extension TextParser {
    /// As ``readValue()``, of a page that tells of the past: a line without a timestamp is refused.
    public mutating func readTimedValue() throws(ExpositionError) -> (timestamp: Int64, value: Double) {
        let place = cursor
        let read = try readValue()
        guard let timestamp = read.timestamp else {
            throw error("expected a timestamp after the value, found \(excerpt(place, end))", at: place)
        }
        return (timestamp, read.value)
    }
}
