@testable import Model
import TestSupport
import Testing

@Suite struct RegularExpressionTests {
    private static let matches: [(String, String, Bool)] = [
        ("a", "a", true), ("a", "ab", false), ("a", "ba", false), ("a|bc", "bc", true), ("a|bc", "abc", false),
        (".*", "", true), (".*", "a\nb", true),
        ("", "", true), ("", "a", false), ("(?i)ABC", "abc", true), ("a.c", "a\nc", true), ("^a$", "a", true),
        ("é+", "ééé", true), (".", "é", true),
        ("\\d+", "12a", false), ("[^b]*", "aac", true), ("(a|b)*c", "ababc", true), ("x{2,3}", "xxxx", false),
    ]

    @Test(arguments: matches)
    func expressionsMatchTheWholeText(pattern: String, text: String, expected: Bool) throws {
        #expect(try RegularExpression(pattern).matches(text) == expected)
    }

    @Test(arguments: ["(", "a**", "[", "(?=a)", "\\1", "x{1001}", "(?P<n", "*"])
    func badExpressionsAreNamed(pattern: String) {
        let error = #expect(throws: RegularExpression.SyntaxError.self) { try RegularExpression(pattern) }
        #expect(error?.description.hasSuffix(": `\(pattern)`") == true)
    }

    @Test func hugeExpressionsAreRefused() {
        let pattern = String(repeating: "a", count: RegularExpression.patternBytesMax + 1)
        #expect(throws: RegularExpression.SyntaxError.self) { try RegularExpression(pattern) }
    }

    /// What backtracking engines take exponential time for.
    @Test func matchingIsLinear() throws {
        let expression = try RegularExpression("(a*)*b")
        #expect(!expression.matches(String(repeating: "a", count: 50_000)))
    }

    private static let templates: [(String, String, String, String?)] = [
        ("(.*)-(.*)", "$1", "a-b", "a"), ("(.*)-(.*)", "${2}x", "a-b", "bx"), ("(.*)-(.*)", "$1x", "a-b", ""),
        ("(.*)-(.*)", "$$1", "a-b", "$1"),
        ("(?P<name>.*)", "<$name>", "v", "<v>"), ("(?P<name>.*)", "<${name}>", "v", "<v>"),
        ("(a)|(b)", "[$1$2]", "b", "[b]"), ("a", "$0", "a", "a"),
        ("a", "$9", "a", ""), ("a", "$", "a", "$"), ("a", "${", "a", "${"), ("a", "é$0é", "a", "éaé"),
        ("a", "x", "b", nil), ("a", "$nope!", "a", "!"),
    ]

    @Test(arguments: templates)
    func templatesAreExpanded(pattern: String, template: String, text: String, expected: String?) throws {
        #expect(try RegularExpression(pattern).expand(template, matching: text) == expected)
    }
}

@Suite struct MatcherTests {
    private static let selections: [(Matcher.Operator, String, String, Bool)] = [
        (Matcher.Operator.equal, "a", "a", true), (.equal, "a", "b", false), (.equal, "", "", true),
        (.equal, "\u{e9}", "e\u{301}", false), (.notEqual, "\u{e9}", "e\u{301}", true),
        (.notEqual, "a", "b", true), (.notEqual, "a", "", true),
        (.matches, "a|b", "b", true), (.matches, "a|b", "ab", false), (.matches, ".*", "", true),
        (.matches, ".+", "", false), (.notMatches, "a.*", "b", true),
        (.notMatches, "a.*", "a", false), (.notMatches, "a", "", true),
    ]

    @Test(arguments: selections)
    func operatorsSelectValues(op: Matcher.Operator, value: String, candidate: String, expected: Bool) throws {
        let matcher = try Matcher("x", op, value)
        #expect(matcher.matches(candidate) == expected)
        #expect(matcher.matchesEmpty == matcher.matches(""))
    }

    private static let named: [(pattern: String, text: String, expected: String)] = [
        ("(?<n>a+)b", "aab", "aa"), ("(?P<n>a+)b", "aab", "aa"), ("[(?<n>]+(?<n>a)", "(?<n>a", "a"),
        ("\\(?<(?<n>.)", "(<x", "x"), ("\\(\\?<(?<n>.)", "(?<x", "x"), ("\\Q(?<\\E(?<n>.)", "(?<x", "x"),
        ("[]<(?]+(?<n>x)", "(?<]x", "x"), ("[^]<]*<(?<n>x)", "ab<x", "x"), ("[[:alpha:]<]+(?<n>1)", "a<1", "1"),
    ]

    @Test(arguments: named) func groupsHaveNamesInBothForms(pattern: String, text: String, expected: String) throws {
        #expect(try RegularExpression(pattern).expand("$n", matching: text) == expected)
    }

    /// Long patterns take time by their length, not by its square, which would be minutes.
    @Test(arguments: ["[[:<]", "[[:<", "\\Q(?<", "(?<", "[<\\", "[:]<"])
    func longPatternsAreLookedThroughOnce(_ part: String) {
        let count = 65_536 / part.utf8.count
        let expected = part == "(?<" ? String(repeating: "(?P<", count: count) + "x" : nil
        #expect(RegularExpression.withoutShortNames(String(repeating: part, count: count) + "x") == expected)
    }

    private static let alternations: [(String, [String]?)] = [
        ("a|b|c", ["a", "b", "c"]), ("(0|1)", ["0", "1"]), ("a", ["a"]), ("a\\.b|c", ["a.b", "c"]), ("a\\-b", ["a-b"]),
        ("", [""]), ("a|", ["a", ""]),
        ("a.b", nil), ("(a|b)|c", nil), ("a|(b)", nil), ("(a)|(b)", nil), ("[ab]", nil), ("a\\d", nil), ("a\\", nil),
        ("(?i)a", nil), ("()", [""]),
    ]

    @Test(arguments: alternations)
    func plainAlternationsAreRecognised(pattern: String, expected: [String]?) {
        guard let matcher = try? Matcher("x", .matches, pattern) else { return #expect(expected == nil) }
        #expect(matcher.alternatives == expected)
    }

    /// Where there are alternatives they are exactly what the expression matches.
    @Test func alternativesAgreeWithTheExpression() throws {
        let seed = makeSeed()
        var random = SeededGenerator(seed: seed)
        let pieces = ["a", "b", "|", "\\.", ".", "(", ")", "\\-", "é", "\\|", "-", "\\\\", " "]
        let candidates = ["", "a", "b", "ab", ".", "a.", "a-", "|", "é", "a|b", "\\", "b.b", "-", " "]
        for _ in 0..<5000 {
            let pattern = (0..<Int.random(in: 0...6, using: &random)).map { _ in
                pieces.randomElement(using: &random) ?? ""
            }.joined()
            guard let matcher = try? Matcher("x", .matches, pattern), let alternatives = matcher.alternatives else {
                continue
            }
            for candidate in candidates + alternatives {
                #expect(
                    matcher.matches(candidate) == alternatives.contains(candidate),
                    "\(pattern) on \(candidate), seed \(seed)")
            }
        }
    }
}

@Suite struct NameTests {
    private static let names: [(String, Bool, Bool)] = [
        ("a", true, true), ("a1", true, true), ("_a", true, true), ("a:b", true, false), (":a", true, false),
        ("1a", false, false), ("", false, false),
        ("a-b", false, false), ("a.b", false, false), ("é", false, false), ("a b", false, false), ("@", false, false),
        ("[", false, false), ("`", false, false),
        ("{", false, false),
    ]

    @Test(arguments: names)
    func namesThatNeedNoQuotesAreKnown(name: String, isMetric: Bool, isLabel: Bool) {
        #expect(isLegacyMetricName(name) == isMetric)
        #expect(isLegacyLabelName(name) == isLabel)
    }

    @Test(arguments: [
        ("a", "\"a\""), ("\"\\\n\t\r", #""\"\\\n\t\r""#), ("\u{1}\u{7f}", #""\x01\x7f""#), ("é", "\"é\""),
    ])
    func textIsQuoted(text: String, expected: String) {
        #expect(quoted(text) == expected)
    }
}
