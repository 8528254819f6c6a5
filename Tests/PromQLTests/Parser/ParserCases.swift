import Testing

/// Expressions with what Prometheus makes of them: the canonical text after `OK`, or the error. In both, ⏎, ␍ and ␉
/// stand for the control characters.
enum ParserCases {
    struct Case: Sendable, CustomTestStringConvertible {
        let input: String
        let expected: String
        var testDescription: String { input }
    }

    /// The same in Prometheus 3.5, which was asked for each of them.
    static let asPrometheus = cases(fromPrometheus)

    /// What differs from Prometheus 3.5: its successors' texts, which name more in brackets and after `offset` and print
    /// parentheses there; and its lexer's slips.
    static let others = cases(own)

    /// Each case is a line, and a second line that is indented.
    private static func cases(_ text: String) -> [Case] {
        var result: [Case] = []
        var input = ""
        for line in text.split(separator: "\n") {
            let decoded = line.map { character in
                switch character {
                case "⏎": "\n"
                case "␍": "\r"
                case "␉": "\t"
                default: String(character)
                }
            }.joined()
            if line.hasPrefix("    ") {
                result.append(Case(input: input, expected: String(decoded.dropFirst(4))))
            } else {
                input = decoded
            }
        }
        return result
    }
}
