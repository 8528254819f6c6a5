/// Times as SQLite's date functions write them, in UTC with milliseconds: `2026-01-31 12:00:00.000`. Within the years 0 to
/// 9999 texts of this form sort as the times do.
enum TimeText {
    /// The times that have a text: from the year 0 to the year 9999, in milliseconds since the Unix epoch.
    static let times: ClosedRange<Int64> = -62_167_219_200_000...253_402_300_799_999
    /// Bytes of a text.
    static let count = 23

    /// Writes the text of `milliseconds`, which lies in ``times``, into `bytes`, which has room for ``count`` bytes.
    static func write(_ milliseconds: Int64, to bytes: UnsafeMutablePointer<UInt8>) {
        let (days, rest) = floorDivide(milliseconds, 86_400_000)
        let (year, month, day) = civil(days)
        put(year, 4, at: 0, bytes, then: "-")
        put(month, 2, at: 5, bytes, then: "-")
        put(day, 2, at: 8, bytes, then: " ")
        put(rest / 3_600_000, 2, at: 11, bytes, then: ":")
        put(rest / 60_000 % 60, 2, at: 14, bytes, then: ":")
        put(rest / 1000 % 60, 2, at: 17, bytes, then: ".")
        put(rest % 1000, 3, at: 20, bytes, then: nil)
    }

    /// The text, or nil outside of ``times``.
    static func text(_ milliseconds: Int64) -> String? {
        guard times.contains(milliseconds) else { return nil }
        return String(unsafeUninitializedCapacity: count) {
            write(milliseconds, to: $0.baseAddress!)
            return count
        }
    }

    /// The time of a text of this form, also one that ends after the date, the minutes or the seconds, or is written with
    /// a `T` or a final `Z`; nil for any other.
    static func parse(_ text: String) -> Int64? {
        var bytes = Array(text.utf8)
        if bytes.last == UInt8(ascii: "Z") { bytes.removeLast() }
        if bytes.count > 10, bytes[10] == UInt8(ascii: "T") { bytes[10] = UInt8(ascii: " ") }
        let full = Array("0000-01-01 00:00:00.000".utf8)
        guard [10, 16, 19, 21, 22, 23].contains(bytes.count) else { return nil }
        bytes += full[bytes.count...]
        let wanted = String(decoding: bytes, as: UTF8.self)
        let found = firstTime(in: times) { byteCompare($0, bytes) >= 0 }
        // Texts with another form, or with a month 13, lie between two times.
        return found.flatMap { self.text($0) == wanted ? $0 : nil }
    }

    /// Negative, zero or positive as the text of `milliseconds` sorts before, with or after `bytes`.
    static func byteCompare(_ milliseconds: Int64, _ bytes: [UInt8]) -> Int {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: count) { own in
            write(milliseconds, to: own.baseAddress!)
            for index in 0..<min(count, bytes.count) where own[index] != bytes[index] {
                return own[index] < bytes[index] ? -1 : 1
            }
            return count - bytes.count
        }
    }

    /// The date of a day counted from 1970-01-01.
    ///
    /// - Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`.
    private static func civil(_ days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        // Counted from 0000-03-01, so that a leap day is the last of its year; 400 years have 146,097 days.
        let (era, dayOfEra) = floorDivide(days + 719_468, 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * shifted + 2) / 5 + 1
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        return (yearOfEra + 400 * era + (month <= 2 ? 1 : 0), month, day)
    }

    private static func floorDivide(_ a: Int64, _ b: Int64) -> (Int64, Int64) {
        let (quotient, remainder) = a.quotientAndRemainder(dividingBy: b)
        return remainder < 0 ? (quotient - 1, remainder + b) : (quotient, remainder)
    }

    private static func put(
        _ number: Int64, _ width: Int, at offset: Int, _ bytes: UnsafeMutablePointer<UInt8>, then: Unicode.Scalar?
    ) {
        var rest = number
        for index in (offset..<offset + width).reversed() {
            bytes[index] = UInt8(truncatingIfNeeded: 48 + rest % 10)
            rest /= 10
        }
        if let then { bytes[offset + width] = UInt8(ascii: then) }
    }
}

/// The first time of `range` that `condition` holds for, where it holds for all later ones too; nil where it holds for none.
func firstTime(in range: ClosedRange<Int64>, where condition: (Int64) -> Bool) -> Int64? {
    guard condition(range.upperBound) else { return nil }
    var (low, high) = (range.lowerBound, range.upperBound)
    while low < high {
        // The average rounded down, of numbers whose sum and difference may not fit.
        let middle = (low & high) + ((low ^ high) >> 1)
        if condition(middle) { high = middle } else { low = middle + 1 }
    }
    return low
}
