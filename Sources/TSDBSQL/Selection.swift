import CSQLiteHost
import Model

/// The series and times that the values of a plan's conditions select: all rows that fulfil the conditions, and where SQLite
/// checks a condition itself perhaps more.
struct Selection {
    private(set) var matchers: [Matcher] = []
    private(set) var range = TimeRange()
    /// Nil where any will do.
    private(set) var series: [Int64]?
    private(set) var showsStale = false
    private var isEmpty = false

    var isNothing: Bool { isEmpty || range.isEmpty }

    /// - Parameter values: one per term of the plan.
    init(_ plan: Plan, _ values: [HostValue], columns: LabelColumns, snapshot: Snapshot) throws {
        for (term, value) in zip(plan.terms, values) {
            switch (term.column, term.op) {
            case (.time(let unit), .time(let comparison)): range.narrow(unit, comparison, value)
            case (.metric, let op): try narrow(Labels.metricNameLabel, op, value, isList: term.isList, snapshot)
            case (.label(let index), let op):
                try narrow(columns.labels[index], op, value, isList: term.isList, snapshot)
            case (.series, _): narrowSeries(value)
            case (.stale, _): showsStale = true
            default: preconditionFailure("BUG: no condition on \(term.column) is ever planned")
            }
            if isNothing { return }
        }
    }

    private mutating func narrowSeries(_ value: HostValue) {
        let number: Int64? =
            switch value.numeric {
            case .integer(let number): number
            case .real(let number): Int64(exactly: number)
            case .null, .text, .blob: nil
            }
        guard let number else { return isEmpty = true }
        series = [number]
    }

    private mutating func narrow(
        _ name: String, _ op: Operator, _ value: HostValue, isList: Bool, _ snapshot: Snapshot
    ) throws {
        switch op {
        case .isNull: matchers.append(Matcher(name, equals: ""))
        case .isNotNull: try addPresent(name)
        case .identical where value.isNull: matchers.append(Matcher(name, equals: ""))
        case .equal, .identical: try narrow(name, toAnyOf: isList ? list(value) : [Wanted(value)], snapshot)
        case .notEqual, .notIdentical: try exclude(name, op, value)
        case .like, .glob:
            if value.isNull { return isEmpty = true }
            // Where the label is missing the column is NULL, which is like nothing.
            try addPresent(name)
            addExpression(name, op == .like ? likeExpression(value.text) : globExpression(value.text))
        case .time: preconditionFailure("BUG: a comparison of times on a label")
        }
    }

    private mutating func addPresent(_ name: String) throws {
        matchers.append(try Matcher(name, .notEqual, ""))
    }

    private mutating func exclude(_ name: String, _ op: Operator, _ value: HostValue) throws {
        if op == .notEqual {
            if value.isNull { return isEmpty = true }
            try addPresent(name)
        } else if value.isNull {
            return try addPresent(name)
        }
        // Another type than text may be compared as a number, which SQLite does itself.
        if value.isText, !value.text.isEmpty { matchers.append(try Matcher(name, .notEqual, value.text)) }
    }

    /// An expression that is too large is left to SQLite.
    private mutating func addExpression(_ name: String, _ pattern: String) {
        if let matcher = try? Matcher(name, .matches, pattern) { matchers.append(matcher) }
    }

    private mutating func narrow(_ name: String, toAnyOf values: [Wanted], _ snapshot: Snapshot) throws {
        var wanted: Set<String> = []
        for value in values {
            switch value.value {
            case .text: wanted.insert(value.text)
            case .integer(let number): wanted.formUnion(try candidates(name, value.text, Double(number), snapshot))
            case .real(let number): wanted.formUnion(try candidates(name, value.text, number, snapshot))
            case .null, .blob: break
            }
        }
        // No label has an empty value: it would be NULL.
        wanted.remove("")
        switch wanted.count {
        case 0: isEmpty = true
        case 1: matchers.append(Matcher(name, equals: wanted.first!))
        default: addExpression(name, wanted.sorted(by: byteOrder).map(escaped).joined(separator: "|"))
        }
    }

    /// Values that SQLite may find equal to a number: the same text, and text that is the same number, because it compares
    /// with a column of numbers that way.
    private func candidates(
        _ name: String, _ text: String, _ number: Double, _ snapshot: Snapshot
    ) throws -> [String] {
        try snapshot.labelValues(name).filter { $0 == text || Double($0.trimmingSpaces) == number }
    }

    /// A value on the right of = or IN, and its text.
    private struct Wanted {
        let value: SQLValue
        let text: String

        init(_ value: HostValue) {
            self.value = value.value
            text = value.text
        }
    }

    private func list(_ value: HostValue) -> [Wanted] {
        var found: [Wanted] = []
        var next = host_list_first(value.handle)
        while let element = next {
            found.append(Wanted(HostValue(handle: element)))
            next = host_list_next(value.handle)
        }
        return found
    }
}

extension String {
    fileprivate var trimmingSpaces: Substring {
        let isSpace = { (character: Character) in character.isASCII && character.isWhitespace }
        let start = drop(while: isSpace)
        return start[..<(start.lastIndex { !isSpace($0) }.map(start.index(after:)) ?? start.startIndex)]
    }
}

/// `text` as a regular expression that matches nothing else.
private func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
        if "\\.+*?()|[]{}^$".unicodeScalars.contains(scalar) { result += "\\" }
        result.unicodeScalars.append(scalar)
    }
    return result
}

/// A LIKE pattern as a regular expression. LIKE takes ASCII letters of both cases for the same; the expression does so with
/// all letters, which lets through more, and SQLite checks.
private func likeExpression(_ pattern: String) -> String {
    "(?i)" + pattern.unicodeScalars.map { $0 == "%" ? ".*" : $0 == "_" ? "." : escaped(String($0)) }.joined()
}

/// A GLOB pattern as a regular expression that lets through more: any character where a set of them is given.
private func globExpression(_ pattern: String) -> String {
    var result = ""
    var rest = Substring(pattern).unicodeScalars
    while let scalar = rest.popFirst() {
        switch scalar {
        case "*": result += ".*"
        case "?": result += "."
        case "[":
            // The set ends at the first bracket that is not its first character.
            var inner = rest
            if inner.first == "^" { inner.removeFirst() }
            if inner.first == "]" { inner.removeFirst() }
            guard let end = inner.firstIndex(of: "]") else { return result + ".*" }
            rest = rest[rest.index(after: end)...]
            result += "."
        default: result += escaped(String(scalar))
        }
    }
    return result
}
