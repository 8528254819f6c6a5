/// How many requests are answered: as many at once as `burst`, and in the long run one per interval.
///
/// - Source: `rate_limit` of prometheus/exporter-toolkit, which is a token bucket of that size.
struct RateLimit: Equatable, Sendable {
    var intervalNs: UInt64
    var burst: UInt64
}

/// What is left of a rate limit.
///
/// A bucket that gets a token each interval is kept as the time at which it will be full. Another limit begins with a full
/// one.
struct TokenBucket: Sendable {
    private var limit: RateLimit?
    private var fullNs: UInt64 = 0

    /// Takes a token, where there is one; without a limit there always is.
    mutating func take(_ limit: RateLimit?, nowNs: UInt64) -> Bool {
        if limit != self.limit { (self.limit, fullNs) = (limit, 0) }
        guard let limit else { return true }
        let start = max(fullNs, nowNs)
        let (room, overflow) = (limit.burst - min(limit.burst, 1)).multipliedReportingOverflow(by: limit.intervalNs)
        guard overflow || start - nowNs <= room else { return false }
        let (end, isTooLate) = start.addingReportingOverflow(limit.intervalNs)
        fullNs = isTooLate ? .max : end
        return true
    }
}

/// Nanoseconds of a duration in Go's notation, such as `1s`, `1.5s` or `1m30s`; nil where `text` is none, or negative.
/// - Source: Go's `time.ParseDuration`.
func goDuration(_ text: String) -> UInt64? {
    if text == "0" { return 0 }
    let units: [(name: String, ns: Double)] = [
        ("ns", 1), ("us", 1e3), ("µs", 1e3), ("μs", 1e3), ("ms", 1e6), ("s", 1e9), ("m", 60e9), ("h", 3600e9),
    ]
    var rest = text[...]
    var total = 0.0
    while !rest.isEmpty {
        let digits = rest.prefix { $0.isASCII && $0.isNumber || $0 == "." }
        let name = rest.dropFirst(digits.count).prefix { !($0.isASCII && $0.isNumber) && $0 != "." }
        guard let number = Double(digits), let unit = units.first(where: { $0.name == name }) else { return nil }
        total += number * unit.ns
        rest = rest.dropFirst(digits.count + name.count)
    }
    // The longest of Go's: 292 years.
    guard !text.isEmpty, total < 0x1p63 else { return nil }
    return UInt64(total.rounded())
}
