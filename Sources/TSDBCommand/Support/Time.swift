import Model

#if canImport(Glibc)
import Glibc
#endif

/// A time in UTC as RFC 3339 writes it, with milliseconds.
func rfc3339(_ milliseconds: Int64) -> String {
    var seconds = time_t(milliseconds.dividedFlooring(by: 1000))
    var parts = tm()
    guard gmtime_r(&seconds, &parts) != nil else { return "\(milliseconds)" }
    let millis = milliseconds - Int64(seconds) * 1000
    return "\(Int(parts.tm_year) + 1900)-\(padded(parts.tm_mon + 1))-\(padded(parts.tm_mday))T"
        + "\(padded(parts.tm_hour)):\(padded(parts.tm_min)):\(padded(parts.tm_sec)).\(padded(Int32(millis), 3))Z"
}

/// A time of day on the person's own clock: `14:05`, with seconds where `withSeconds`, after the date where `withDate`.
func localTime(_ milliseconds: Int64, withDate: Bool, withSeconds: Bool) -> String {
    var seconds = time_t(milliseconds.dividedFlooring(by: 1000))
    var parts = tm()
    guard localtime_r(&seconds, &parts) != nil else { return "\(milliseconds)" }
    let date = withDate ? "\(padded(parts.tm_mon + 1))-\(padded(parts.tm_mday)) " : ""
    return date + "\(padded(parts.tm_hour)):\(padded(parts.tm_min))" + (withSeconds ? ":\(padded(parts.tm_sec))" : "")
}

private func padded(_ number: Int32, _ width: Int = 2) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
}

/// A time that a person gives: `now`, Unix seconds, an RFC 3339 time, or a duration such as `1h` that means so long ago.
///
/// - Returns: milliseconds since the Unix epoch, or nil where `text` is none of these.
func parseTimeArgument(_ text: String, now: Int64) -> Int64? {
    if text == "now" { return now }
    let ago = text.hasPrefix("-") ? text.dropFirst() : text[...]
    if ago.last?.isLetter == true, let duration = PrometheusDuration.parse(ago) { return now - duration }
    if let seconds = Double(text), seconds.magnitude < 1e12 { return Int64((seconds * 1000).rounded()) }
    return parseRFC3339(text)
}

/// Milliseconds since the Unix epoch of `2026-01-31T12:00:00[.123](Z|±hh:mm)`; nil for anything else.
func parseRFC3339(_ text: String) -> Int64? {
    let bytes = Array(text.utf8)
    func number(_ range: Range<Int>) -> Int? {
        guard range.upperBound <= bytes.count, bytes[range].allSatisfy({ $0 >= 48 && $0 <= 57 }) else { return nil }
        return bytes[range].reduce(0) { $0 * 10 + Int($1 - 48) }
    }
    guard bytes.count >= 20, bytes[4] == 45, bytes[7] == 45, bytes[10] | 0x20 == 116, bytes[13] == 58, bytes[16] == 58,
        let year = number(0..<4), let month = number(5..<7), (1...12).contains(month), let day = number(8..<10),
        (1...31).contains(day), let hour = number(11..<13), hour < 24, let minute = number(14..<16), minute < 60,
        let second = number(17..<19), second < 60
    else { return nil }
    var rest = bytes[19...]
    var millis = 0
    if rest.first == 46 {
        let digits = rest.dropFirst().prefix { $0 >= 48 && $0 <= 57 }
        guard !digits.isEmpty else { return nil }
        millis = (digits.prefix(3) + [48, 48, 48]).prefix(3).reduce(0) { $0 * 10 + Int($1 - 48) }
        rest = rest[digits.endIndex...]
    }
    guard let zone = zoneOffsetSeconds(rest) else { return nil }
    var parts = tm()
    (parts.tm_year, parts.tm_mon, parts.tm_mday) = (Int32(year - 1900), Int32(month - 1), Int32(day))
    (parts.tm_hour, parts.tm_min, parts.tm_sec) = (Int32(hour), Int32(minute), Int32(second))
    return (Int64(timegm(&parts)) - zone) * 1000 + Int64(millis)
}

private func zoneOffsetSeconds(_ bytes: ArraySlice<UInt8>) -> Int64? {
    let text = String(decoding: bytes, as: UTF8.self)
    if text == "Z" || text == "z" { return 0 }
    let parts = text.dropFirst().split(separator: ":", omittingEmptySubsequences: false)
    guard text.first == "+" || text.first == "-", parts.count == 2, let hours = UInt8(parts[0]),
        let minutes = UInt8(parts[1]),
        hours < 24, minutes < 60
    else { return nil }
    return (text.first == "-" ? -1 : 1) * (Int64(hours) * 3600 + Int64(minutes) * 60)
}

extension Int64 {
    /// The quotient rounded down, also for negative numbers. `divisor` is positive.
    func dividedFlooring(by divisor: Int64) -> Int64 {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? quotient - 1 : quotient
    }
}
