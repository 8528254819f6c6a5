import CSQLiteHost

/// The times that a statement's conditions leave, in milliseconds since the Unix epoch.
struct TimeRange: Equatable {
    var low = Int64.min
    var high = Int64.max

    var isEmpty: Bool { low > high }

    static let none = TimeRange(low: .max, high: .min)

    /// Narrows the range to the times whose column `unit` compares so with `value`; exactly to those, as SQLite compares.
    mutating func narrow(_ unit: Unit, _ op: Comparison, _ value: HostValue) {
        switch unit {
        case .text: narrow(op, asText: value)
        case .seconds, .milliseconds: narrow(unit, op, asNumber: value.numeric)
        }
    }

    /// How a column tells the time.
    enum Unit: Hashable {
        case seconds, milliseconds, text
    }

    enum Comparison: Hashable {
        case equal, greater, greaterOrEqual, less, lessOrEqual
    }

    private mutating func narrow(_ unit: Unit, _ op: Comparison, asNumber value: SQLValue) {
        switch value {
        case .null: self = .none
        // Every number is less than any text, and any text less than any blob.
        case .text, .blob: if op != .less && op != .lessOrEqual { self = .none }
        case .integer(let number) where unit == .milliseconds:
            narrow(op, atLeast: { $0 >= number }, above: { $0 > number })
        case .integer(let number): narrow(unit, op, Double(number))
        case .real(let number): narrow(unit, op, number)
        }
    }

    private mutating func narrow(_ unit: Unit, _ op: Comparison, _ number: Double) {
        if unit == .seconds {
            narrow(op, atLeast: { seconds($0) >= number }, above: { seconds($0) > number })
        } else {
            narrow(op, atLeast: { Double($0) >= number }, above: { Double($0) > number })
        }
    }

    private mutating func narrow(_ op: Comparison, asText value: HostValue) {
        // Numbers are compared as the text that they have; a blob is greater than any text.
        if value.isNull { self = .none }
        guard case .blob = value.value else {
            let bytes = Array(value.text.utf8)
            // Times without a text are NULL in this column, which compares with nothing.
            intersect(TimeText.times.lowerBound, TimeText.times.upperBound)
            return narrow(
                op, atLeast: { TimeText.byteCompare($0, bytes) >= 0 },
                above: { TimeText.byteCompare($0, bytes) > 0 }, in: TimeText.times)
        }
        if op != .less && op != .lessOrEqual { self = .none }
    }

    private mutating func narrow(
        _ op: Comparison, atLeast: (Int64) -> Bool, above: (Int64) -> Bool,
        in times: ClosedRange<Int64> = .min ... .max
    ) {
        switch op {
        case .greaterOrEqual, .equal, .greater:
            guard let first = firstTime(in: times, where: op == .greater ? above : atLeast) else {
                self = .none
                return
            }
            intersect(first, .max)
        case .less, .lessOrEqual: break
        }
        switch op {
        case .lessOrEqual, .equal, .less:
            guard let end = firstTime(in: times, where: op == .less ? atLeast : above) else { return }
            if end == .min { self = .none } else { intersect(.min, end - 1) }
        case .greater, .greaterOrEqual: break
        }
    }

    private mutating func intersect(_ low: Int64, _ high: Int64) {
        self.low = max(self.low, low)
        self.high = min(self.high, high)
    }
}

/// The time as the column `ts` tells it.
@inline(__always)
func seconds(_ milliseconds: Int64) -> Double { Double(milliseconds) / 1000 }
