/// Durations in Prometheus's notation, such as `1h30m`: whole numbers with the units y, w, d, h, m, s and ms, each at
/// most once, the larger before the smaller. A year is 365 days.
public enum PrometheusDuration {
    private static let units: [(name: String, milliseconds: Int64)] = [
        ("y", 365 * 86_400_000), ("w", 7 * 86_400_000), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000),
        ("s", 1000), ("ms", 1),
    ]

    /// Milliseconds, or nil where `text` is not a duration or overflows. `0` needs no unit.
    public static func parse(_ text: some StringProtocol) -> Int64? {
        if text == "0" { return 0 }
        guard !text.isEmpty else { return nil }
        var total: Int64 = 0
        var nextUnit = 0
        var rest = Substring(text)
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            guard let number = Int64(digits) else { return nil }
            rest = rest[digits.endIndex...]
            let name = rest.prefix { $0.isASCII && $0.isLetter }
            guard let unit = units[nextUnit...].firstIndex(where: { $0.name == name }) else { return nil }
            let product = number.multipliedReportingOverflow(by: units[unit].milliseconds)
            let sum = total.addingReportingOverflow(product.partialValue)
            guard !product.overflow, !sum.overflow else { return nil }
            total = sum.partialValue
            nextUnit = unit + 1
            rest = rest[name.endIndex...]
        }
        return total
    }

    /// The notation of a number of milliseconds that Prometheus prints, such as `1h30m`; years and weeks are used where
    /// they divide the whole.
    public static func format(_ milliseconds: Int64) -> String {
        if milliseconds == 0 { return "0s" }
        var result = milliseconds < 0 ? "-" : ""
        var rest = milliseconds.magnitude
        for unit in units {
            let size = UInt64(unit.milliseconds)
            let isCalendar = size >= 7 * 86_400_000
            if rest / size == 0 || isCalendar && rest % size != 0 { continue }
            result += "\(rest / size)\(unit.name)"
            rest %= size
        }
        return result
    }
}
