import Model
import PromQL
import Testing

/// What parsing gives: the canonical text after `OK`, or the error.
func outcome(_ text: String) -> String {
    do throws(QueryError) { return "OK \(try parse(text))" } catch { return "\(error)" }
}

func selectorOutcome(_ text: String) -> String {
    do throws(QueryError) {
        return try parseSelector(text).map(\.description).joined(separator: ",")
    } catch { return "\(error)" }
}

@Suite struct ParserTests {
    @Test(arguments: ParserCases.asPrometheus)
    func readsAsPrometheusDoes(_ example: ParserCases.Case) {
        #expect(outcome(example.input) == example.expected)
    }

    @Test(arguments: ParserCases.others)
    func readsWhatPrometheus35DoesNotKnowOrReadsOtherwise(_ example: ParserCases.Case) {
        #expect(outcome(example.input) == example.expected)
    }

    @Test func whatIsPrintedParsesToTheSame() {
        for example in ParserCases.asPrometheus + ParserCases.others where example.expected.hasPrefix("OK ") {
            let printed = String(example.expected.dropFirst(3))
            #expect(outcome(printed) == example.expected, "from \(example.input)")
        }
    }

    @Test(arguments: [
        ("foo", #"__name__="foo""#),
        (#"foo{a="b",c!~"d|e"}"#, #"a="b",c!~"d|e",__name__="foo""#),
        (#"{"a.b","c.d"=~"x+"}"#, #"__name__="a.b","c.d"=~"x+""#),
        ("sum", #"__name__="sum""#),
        ("{}", "match[] must contain at least one non-empty matcher"),
        (#"{a=~".*"}"#, "match[] must contain at least one non-empty matcher"),
        ("", "unknown position: parse error: unexpected end of input"),
        ("foo[5m]", #"1:4: parse error: unexpected "[""#),
        ("foo offset 5m", "1:5: parse error: unexpected <offset>"),
        ("sum(foo)", #"1:4: parse error: unexpected "(""#),
        ("1", #"1:1: parse error: unexpected number "1""#),
        ("bool", "1:1: parse error: unexpected <bool>"),
        ("foo{a=}", #"1:7: parse error: unexpected "}" in label matching, expected string"#),
    ])
    func selectorsAreReadAlone(_ text: String, _ expected: String) {
        #expect(selectorOutcome(text) == expected)
    }

    @Test func everyFunctionIsKnownByItsName() {
        #expect(FunctionSignature.all.count == 90)
        for function in FunctionSignature.all {
            #expect(FunctionSignature.named(function.name) == function)
            let arguments = function.parameters.map { type in
                switch type {
                case .scalar: "1"
                case .string: "\"a\""
                case .vector: function.name == "info" ? "{a=\"b\"}" : "foo"
                case .matrix: "foo[5m]"
                }
            }
            let call = "\(function.name)(\(arguments.joined(separator: ", ")))"
            #expect(outcome(call) == "OK \(call)")
        }
        #expect(FunctionSignature.named("Rate") == nil)
    }
}

@Suite struct SyntaxTreeTests {
    private func binary(_ text: String) throws -> BinaryExpr {
        guard case .binary(let e) = try parse(text) else { throw QueryError.parse("\(text) is not binary") }
        return e
    }

    /// The expression with parentheses around every operator's operands.
    private func grouped(_ expr: Expr) -> String {
        switch expr {
        case .binary(let e): "(\(grouped(e.lhs)) \(e.op.rawValue) \(grouped(e.rhs)))"
        case .unary(let e): "(\(e.isNegation ? "-" : "+")\(grouped(e.operand)))"
        default: "\(expr)"
        }
    }

    @Test(arguments: [
        ("a or b and c", "(a or (b and c))"),
        ("a and b unless c", "((a and b) unless c)"),
        ("a == b + c", "(a == (b + c))"),
        ("a > b > c", "((a > b) > c)"),
        ("a + b * c ^ d", "(a + (b * (c ^ d)))"),
        ("a ^ b ^ c", "(a ^ (b ^ c))"),
        ("a - b - c", "((a - b) - c)"),
        ("a % b atan2 c / d", "(((a % b) atan2 c) / d)"),
        ("-a ^ b", "(-(a ^ b))"),
        ("-a * b", "((-a) * b)"),
        ("a ^ -b * c", "((a ^ (-b)) * c)"),
        ("a * -b ^ c", "(a * (-(b ^ c)))"),
        ("-2 ^ 2", "(-(2 ^ 2))"),
        ("--a", "(-(-a))"),
    ])
    func operatorsBindAsInPrometheus(_ text: String, _ expected: String) throws {
        #expect(grouped(try parse(text)) == expected)
    }

    @Test func matchingIsKeptBetweenVectorsOnly() throws {
        let grouped = try binary("a == bool on (x, y) group_right (z) b").matching
        #expect(grouped?.cardinality == .oneToMany)
        #expect(grouped?.labels == ["x", "y"])
        #expect(grouped?.isOn == true)
        #expect(grouped?.include == ["z"])
        #expect(try binary("a + b").matching?.cardinality == .oneToOne)
        #expect(try binary("a and b").matching?.cardinality == .manyToMany)
        #expect(try binary("a + 1").matching == nil)
        #expect(try binary("1 + 1").matching == nil)
        #expect(try binary("a == bool 1").returnsBool)
        let filled = try binary("a + fill_left(1) b").matching
        #expect(filled?.fillLeft == 1)
        #expect(filled?.fillRight == nil)
    }

    @Test func selectorsCarryTheirModifiers() throws {
        guard case .matrixSelector(let e) = try parse(#"foo{a="b"}[1h30m] @ -1.5 offset -1d smoothed"#) else {
            throw QueryError.parse("no range selector")
        }
        #expect(e.rangeMs == 5_400_000)
        #expect(e.selector.name == "foo")
        #expect(e.selector.matchers.map(\.description) == [#"a="b""#, #"__name__="foo""#])
        #expect(e.selector.at == .timestamp(-1500))
        #expect(e.selector.offsetMs == -86_400_000)
        #expect(e.selector.rangeExtension == .smoothed)
        guard case .subquery(let s) = try parse("foo[1h:] @ end() offset 2m") else {
            throw QueryError.parse("no subquery")
        }
        #expect(s.rangeMs == 3_600_000 && s.stepMs == nil && s.offsetMs == 120_000 && s.at == .end)
    }

    @Test func rangesCoverTheText() throws {
        let text = #"sum by (a) (rate(foo{a="b"}[5m] offset 1h)) / on (a) (bar) "#
        let e = try binary(text)
        func part(_ range: SourceRange) -> String {
            String(decoding: Array(text.utf8)[range.start..<range.end], as: UTF8.self)
        }
        #expect(part(e.range) == String(text.dropLast()))
        #expect(part(e.lhs.range) == #"sum by (a) (rate(foo{a="b"}[5m] offset 1h))"#)
        #expect(part(e.rhs.range) == "(bar)")
        guard case .aggregate(let sum) = e.lhs, case .call(let rate) = sum.operand else { return }
        #expect(part(rate.range) == #"rate(foo{a="b"}[5m] offset 1h)"#)
        #expect(part(rate.arguments[0].range) == #"foo{a="b"}[5m] offset 1h"#)
    }

    @Test(arguments: [
        ("foo[2*30s+1m]", "foo[2m]"), ("foo[step()*3]", "foo[45s]"), ("foo[range()]", "foo[1h]"),
        ("foo offset -step()", "foo offset -15s"), ("rate(foo[max_of(step(), 1m)])", "rate(foo[1m])"),
        ("last_over_time(foo[1h:step()/2] offset (range()/4))", "last_over_time(foo[1h:7s500ms] offset 15m)"),
        ("-sum_over_time(foo[step() % 10:]) + 1", "-sum_over_time(foo[5s:]) + 1"),
    ])
    func durationsThatDependOnTheQueryAreResolved(_ text: String, _ expected: String) throws {
        #expect("\(try parse(text).resolved(stepMs: 15_000, rangeMs: 3_600_000))" == expected)
    }

    @Test func durationsThatComeOutWrongAreRefused() throws {
        for text in ["foo[step()]", "foo[range()-1h]", "foo[5m:step()]", "foo[1s/step()]"] {
            let expr = try parse(text)
            #expect(throws: QueryError.self, "\(text)") { try expr.resolved(stepMs: 0, rangeMs: 0) }
        }
    }
}
