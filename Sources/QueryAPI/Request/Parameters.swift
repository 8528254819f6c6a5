import Model

/// The earliest and latest time that a request can mean, in milliseconds. Anything beyond counts as these, so that sums
/// and differences of times, lookbacks and steps cannot overflow: 2^53, which is 285,000 years.
enum TimeBounds {
    static let min: Int64 = -(1 << 53)
    static let max: Int64 = 1 << 53
}

extension Form {
    /// A time as Unix seconds or in RFC 3339's notation, in milliseconds. nil where the parameter is empty.
    func time(_ name: String) throws(APIError) -> Int64? {
        let text = self[name]
        if text.isEmpty { return nil }
        guard let time = parseTime(text) else {
            throw .invalidParameter(
                name, "invalid time value for '\(name)': cannot parse \(quoted(text)) to a valid timestamp")
        }
        return time
    }

    /// A time that must be given.
    func requiredTime(_ name: String) throws(APIError) -> Int64 {
        guard let time = parseTime(self[name]) else {
            throw .invalidParameter(name, "cannot parse \(quoted(self[name])) to a valid timestamp")
        }
        return time
    }

    /// A duration as seconds or in Prometheus's notation, in milliseconds.
    func requiredDuration(_ name: String) throws(APIError) -> Int64 {
        switch parseDuration(self[name]) {
        case .success(let milliseconds): return milliseconds
        case .failure(let error): throw .invalidParameter(name, error.description)
        }
    }

    /// How many results are wanted at most; nil where there is no limit.
    func limit(_ name: String = "limit") throws(APIError) -> Int? {
        let text = self[name]
        if text.isEmpty { return nil }
        guard let limit = Int(text) else {
            let isNumber = text.drop { $0 == "-" || $0 == "+" }.utf8.allSatisfy { $0 >= 0x30 && $0 <= 0x39 }
            let reason = isNumber && text.utf8.count > 18 ? "value out of range" : "invalid syntax"
            throw .invalidParameter(name, "strconv.Atoi: parsing \(quoted(text)): \(reason)")
        }
        guard limit >= 0 else { throw .invalidParameter(name, "limit must be non-negative") }
        return limit == 0 ? nil : limit
    }
}

/// Milliseconds since the Unix epoch, within ``TimeBounds``; nil where `text` is no time.
func parseTime(_ text: String) -> Int64? {
    if let seconds = parseFloat(text) {
        if seconds.isNaN { return nil }
        if seconds.magnitude >= 9e12 { return seconds < 0 ? TimeBounds.min : TimeBounds.max }
        // The fraction is rounded by itself, so that the time is the nearest millisecond also where seconds are many.
        let whole = seconds.rounded(.towardZero)
        return Int64(whole) * 1000 + Int64(((seconds - whole) * 1000).rounded())
    }
    // What Prometheus's own clients send for "the earliest" and "the latest" time.
    if text == "-292273086-05-16T16:47:06Z" { return TimeBounds.min }
    if text == "292277025-08-18T07:12:54.999999999Z" { return TimeBounds.max }
    return CivilTime.parse(text)
}

struct DurationError: Error, CustomStringConvertible {
    let description: String
}

/// Milliseconds of a duration in seconds or in Prometheus's notation.
func parseDuration(_ text: String) -> Result<Int64, DurationError> {
    if let seconds = parseFloat(text) {
        // 2^63 nanoseconds, the longest duration that Go has.
        guard seconds.magnitude < 9_223_372_036 || seconds.isNaN else {
            let reason = "cannot parse \(quoted(text)) to a valid duration. It overflows int64"
            return .failure(DurationError(description: reason))
        }
        return .success(seconds.isNaN ? 0 : Int64((seconds * 1000).rounded(.towardZero)))
    }
    guard let milliseconds = PrometheusDuration.parse(text) else {
        return .failure(DurationError(description: "cannot parse \(quoted(text)) to a valid duration"))
    }
    return .success(milliseconds)
}

/// A decimal number, or `Inf`, `+Inf`, `-Inf` or `NaN` in any case; nil for anything else, and where a decimal number
/// is too large for a double.
private func parseFloat(_ text: String) -> Double? {
    switch text.lowercased() {
    case "nan": return .nan
    case "inf", "+inf", "infinity", "+infinity": return .infinity
    case "-inf", "-infinity": return -.infinity
    default: break
    }
    return decimal(text)
}
