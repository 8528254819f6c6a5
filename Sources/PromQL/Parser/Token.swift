import Model

/// What a piece of a query's text is.
enum TokenKind: Equatable, Sendable {
    case endOfInput
    /// A name without colons that is no keyword.
    case identifier
    /// A name with colons, which only metrics have.
    case metricIdentifier
    case number
    case duration
    case string
    case leftParen, rightParen, leftBrace, rightBrace, leftBracket, rightBracket
    case comma, colon, assign
    case regexMatch, regexNotMatch, at
    /// An operator between expressions; `!=` is also the matcher's.
    case binary(BinaryOperator)
    case aggregator(Aggregator)
    case keyword(Keyword)
    /// `start`, `end`, `step` and `range`: functions, and values known before the query runs.
    case preprocessor(Preprocessor)
}

enum Keyword: String, Sendable {
    case bool, by, without, on, ignoring, offset, anchored, smoothed, fill
    case groupLeft = "group_left"
    case groupRight = "group_right"
    case fillLeft = "fill_left"
    case fillRight = "fill_right"

    /// Whether it counts as a keyword only before a parenthesis, so that metrics may have its name.
    var needsParenthesis: Bool { self == .fill || self == .fillLeft || self == .fillRight }
}

enum Preprocessor: String, Sendable {
    case start, end, step, range
}

struct Token: Sendable {
    var kind: TokenKind
    /// Byte offsets, the end not included.
    var range: SourceRange
}

extension TokenKind {
    /// The words that are not plain identifiers, in lower case; any case means the same.
    static let words: [String: TokenKind] = {
        var words: [String: TokenKind] = ["inf": .number, "nan": .number]
        for op in [BinaryOperator.and, .or, .unless, .atan2] { words[op.rawValue] = .binary(op) }
        for aggregator in Aggregator.allCases { words[aggregator.rawValue] = .aggregator(aggregator) }
        let keywords: [Keyword] = [
            .bool, .by, .without, .on, .ignoring, .offset, .anchored, .smoothed, .groupLeft, .groupRight, .fill,
            .fillLeft, .fillRight,
        ]
        for keyword in keywords { words[keyword.rawValue] = .keyword(keyword) }
        for value in [Preprocessor.start, .end, .step, .range] { words[value.rawValue] = .preprocessor(value) }
        return words
    }()

    /// Whether a metric may have this token's text as its name.
    var isMetricName: Bool {
        switch self {
        case .identifier, .metricIdentifier, .aggregator, .preprocessor: true
        case .keyword(let word): [.by, .without, .offset, .anchored, .smoothed].contains(word)
        case .binary(let op): op.isSet
        default: false
        }
    }

    /// Whether a label in `by`, `on` and the like may have this token's text as its name without quotes.
    var isLabelName: Bool {
        switch self {
        case .keyword(let word): word != .without && !word.needsParenthesis
        case .binary(let op): op.isSet || op == .atan2
        default: isMetricName
        }
    }

    /// Whether an expression may begin with this token.
    var beginsExpression: Bool {
        switch self {
        case .number, .duration, .string, .leftParen, .leftBrace, .binary(.add), .binary(.subtract): true
        default: isMetricName
        }
    }
}

/// How messages name a token with this text.
///
/// - Source: Prometheus 3.14's parse errors.
func tokenDescription(_ kind: TokenKind, _ text: String) -> String {
    switch kind {
    case .endOfInput: "end of input"
    case .identifier: "identifier \(quoted(text))"
    case .metricIdentifier: "metric identifier \(quoted(text))"
    case .number: "number \(shortened(text))"
    case .duration: "duration \(shortened(text))"
    case .string: "string \(shortened(text))"
    case .binary, .regexMatch, .regexNotMatch, .at: "<op:\(text)>"
    case .aggregator: "<aggr:\(text)>"
    case .keyword: "<\(text)>"
    default: shortened(text)
    }
}

/// `text` in quotes, cut after ten characters where it is longer than ten bytes.
private func shortened(_ text: String) -> String {
    guard text.utf8.count > 10 else { return quoted(text) }
    return quoted(String(String.UnicodeScalarView(text.unicodeScalars.prefix(10)))) + "..."
}
