import Model

/// The message of Go's regular-expression parser, which users of Prometheus know, for an error of RE2's.
///
/// RE2 ends its message with the part of the pattern that is wrong; Go puts that part in backquotes.
func goMessage(_ error: RegularExpression.SyntaxError) -> String {
    if error.reason.hasPrefix("trailing \\") {
        return "error parsing regexp: trailing backslash at end of expression: ``"
    }
    for (re2, go) in re2Messages where error.reason.hasPrefix(re2 + ": ") {
        let part = re2 == "missing )" ? error.pattern : String(error.reason.dropFirst(re2.count + 2))
        return "error parsing regexp: \(go): `\(part)`"
    }
    return error.description
}

private let re2Messages = [
    ("missing )", "missing closing )"),
    ("missing ]", "missing closing ]"),
    ("unexpected )", "unexpected )"),
    ("no argument for repetition operator", "missing argument to repetition operator"),
    ("bad repetition operator", "invalid nested repetition operator"),
    ("invalid repetition size", "invalid repeat count"),
    ("invalid character class range", "invalid character class range"),
    ("invalid character class", "invalid character class"),
    ("invalid escape sequence", "invalid escape sequence"),
    ("invalid perl operator", "invalid or unsupported Perl syntax"),
    ("invalid named capture group", "invalid named capture"),
]
