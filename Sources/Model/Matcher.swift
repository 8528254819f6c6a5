/// One condition on a label's value. A label that a series does not have counts as having an empty value.
public struct Matcher: Sendable {
    public enum Operator: String, Sendable {
        case equal = "="
        case notEqual = "!="
        case matches = "=~"
        case notMatches = "!~"
    }

    public let name: String
    public let op: Operator
    public let value: String
    /// The compiled value of the two regular-expression operators; nil with the others.
    public let expression: RegularExpression?
    /// The values of an expression that is a plain alternation such as `0|1|2`, so that an index can look them up
    /// instead of trying each value it holds; nil for any other.
    public let alternatives: [String]?

    /// - Throws: where `op` is a regular-expression operator and `value` does not compile.
    public init(_ name: String, _ op: Operator, _ value: String) throws(RegularExpression.SyntaxError) {
        self.name = name
        self.op = op
        self.value = value
        switch op {
        case .equal, .notEqual:
            expression = nil
            alternatives = nil
        case .matches, .notMatches:
            expression = try RegularExpression(value)
            alternatives = plainAlternatives(value)
        }
    }

    /// `name` equals `value`.
    public init(_ name: String, equals value: String) {
        self.name = name
        op = .equal
        self.value = value
        expression = nil
        alternatives = nil
    }

    /// Whether a series whose label has this value (empty where it has none) is selected.
    public func matches(_ candidate: String) -> Bool {
        switch op {
        // Bytes, not characters: an é of one code point is not an é of two.
        case .equal: candidate.utf8.elementsEqual(value.utf8)
        case .notEqual: !candidate.utf8.elementsEqual(value.utf8)
        case .matches: expression!.matches(candidate)
        case .notMatches: !expression!.matches(candidate)
        }
    }

    /// Whether series without the label are selected.
    public var matchesEmpty: Bool { matches("") }
}

extension Matcher: CustomStringConvertible {
    public var description: String {
        "\(isLegacyLabelName(name) ? name : quoted(name))\(op.rawValue)\(quoted(value))"
    }
}

extension Matcher: Hashable {
    public static func == (a: Matcher, b: Matcher) -> Bool {
        a.name == b.name && a.op == b.op && a.value == b.value
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(name)
        hasher.combine(op)
        hasher.combine(value)
    }
}

/// The alternatives of `a|b|c`, also between one pair of brackets as Grafana writes multi-value variables, where none
/// holds a character with a meaning in a regular expression (an escaped one stands for itself); otherwise nil.
private func plainAlternatives(_ pattern: String) -> [String]? {
    var body = Substring(pattern)
    if body.hasPrefix("("), body.hasSuffix(")") { body = body.dropFirst().dropLast() }
    var found: [String] = []
    var current = ""
    var escaped = false
    for scalar in body.unicodeScalars {
        let isSpecial = "\\.+*?()|[]{}^$".unicodeScalars.contains(scalar)
        if escaped {
            guard isSpecial || scalar == "-" else { return nil }
            current.unicodeScalars.append(scalar)
            escaped = false
        } else if scalar == "\\" {
            escaped = true
        } else if scalar == "|" {
            found.append(current)
            current = ""
        } else if isSpecial {
            return nil
        } else {
            current.unicodeScalars.append(scalar)
        }
    }
    return escaped ? nil : found + [current]
}
