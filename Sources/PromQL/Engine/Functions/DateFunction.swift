/// The functions that take the parts of a date from seconds since the Unix epoch, in UTC.
enum DateFunction: String, Sendable {
    case minute, hour, month, year
    case dayOfWeek = "day_of_week"
    case dayOfMonth = "day_of_month"
    case dayOfYear = "day_of_year"
    case daysInMonth = "days_in_month"

    /// The part of the date; NaN and what is too large count as 2^63 seconds, as in Go on x86-64.
    func value(_ seconds: Double) -> Double {
        var day: Int64 = 106_751_991_167_300
        var second: Int64 = 55_808
        // 2^63: below it a double's whole seconds fit into an Int64.
        if seconds.magnitude < 9_223_372_036_854_775_808 {
            let whole = Int64(seconds)
            day = floorDivide(whole, 86_400)
            second = whole &- day &* 86_400
        }
        switch self {
        case .minute: return Double(second / 60 % 60)
        case .hour: return Double(second / 3600)
        // The epoch was a Thursday, day 4 of a week that begins on Sunday.
        case .dayOfWeek: return Double(((day + 4) % 7 + 7) % 7)
        case .month: return Double(civilDate(day).month)
        case .year: return Double(civilDate(day).year)
        case .dayOfMonth: return Double(civilDate(day).day)
        case .dayOfYear: return Double(day - dayNumber(civilDate(day).year, 1, 1) + 1)
        case .daysInMonth:
            let date = civilDate(day)
            let next = date.month == 12 ? dayNumber(date.year + 1, 1, 1) : dayNumber(date.year, date.month + 1, 1)
            return Double(next - dayNumber(date.year, date.month, 1))
        }
    }
}

private func floorDivide(_ a: Int64, _ b: Int64) -> Int64 { a / b - (a % b < 0 ? 1 : 0) }

/// The date of the day so many days after 1970-01-01.
///
/// Years are counted from 1 March, so that the leap day is the last of its year; 400 years have 146,097 days.
/// - Source: Hinnant, "chrono-Compatible Low-Level Date Algorithms".
private func civilDate(_ dayNumber: Int64) -> (year: Int64, month: Int64, day: Int64) {
    // 719,468 days lie between 0000-03-01 and 1970-01-01.
    let shifted = dayNumber + 719_468
    let era = floorDivide(shifted, 146_097)
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    // Five months from March on have 153 days, again and again.
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    return (year, month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
}

/// How many days after 1970-01-01 a date is.
private func dayNumber(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
    let shiftedYear = month <= 2 ? year - 1 : year
    let era = floorDivide(shiftedYear, 400)
    let yearOfEra = shiftedYear - era * 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
}
