import FoundationEssentials
import Glibc
import PromQL
import TestSupport
import Testing

/// A real Prometheus's answer whose data is a text.
private struct TextReply: Decodable {
    var data: String?
    var error: String?
}

@Suite struct PrettyTests {
    /// As Prometheus 3.5 lays them out; ⏎ stands for a line's end.
    static let layouts = [
        ("sum(up)by(job)", "sum by (job) (up)"),
        (
            "histogram_sum(scalar(histogram_fraction(-Inf, +Inf, sum(histogram_fraction_4))) * histogram_fraction_4)",
            "histogram_sum(⏎  scalar(histogram_fraction(-Inf, +Inf, sum(histogram_fraction_4)))"
                + " * histogram_fraction_4⏎)"
        ),
        (
            "sum without (instance)(node_cpu) / ignoring (mode) group_left sum without (instance, mode)(node_cpu_of_all)",
            "  sum without (instance) (node_cpu)⏎/ ignoring (mode) group_left ()⏎"
                + "  sum without (instance, mode) (node_cpu_of_all)"
        ),
        (
            #"sum_over_time(sum_over_time(sum_over_time(metric{job="1"}[10s])[100s:25s] @ 200)[3s:1s] @ 50)"#,
            "sum_over_time(⏎"
                + #"sum_over_time(sum_over_time(metric{job="1"}[10s])[1m40s:25s] @ 200.000)[3s:1s] @ 50.000"# + "⏎)"
        ),
        (
            #"-(abs(avg(limit_ratio(0.5, requests{instance!~"histogram_[0-9]"})) - avg(limit_ratio(-0.5, "#
                + #"requests{instance!~"histogram_[0-9]"}))) <= bool stddev(requests{instance!~"histogram_[0-9]"}))"#,
            #"-(⏎    abs(⏎        avg(limit_ratio(0.5, requests{instance!~"histogram_[0-9]"}))⏎      -⏎"#
                + #"        avg(limit_ratio(-0.5, requests{instance!~"histogram_[0-9]"}))⏎    )⏎  <= bool⏎"#
                + #"    stddev(requests{instance!~"histogram_[0-9]"})⏎)"#
        ),
        (
            "quantile without (a,b) (0.5, label_replace(rate(metric_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa{"
                + #"job="2"}[123s] @ 200), "job", "1", "", ""))[5m:1m]"#,
            "quantile without (a, b) (⏎  0.5,⏎  label_replace(⏎    rate(metric_"
                + #"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa{job="2"}[2m3s] @ 200.000),⏎    "job",⏎"#
                + #"    "1",⏎    "",⏎    ""⏎  )⏎)[5m:1m]"#
        ),
    ]

    @Test(arguments: layouts) func longExpressionsAreSplit(_ text: String, _ expected: String) throws {
        #expect(try parse(text).prettyDescription.replacing("\n", with: "⏎") == expected)
    }

    @Test func whatIsLaidOutParsesToTheSame() {
        let seed = min(makeSeed(), .max - 1000)
        for seed in seed..<seed + 1000 {
            var generator = ExpressionGenerator(seed: seed)
            let expr = generator.expression(depth: 5)
            #expect(outcome(expr.prettyDescription) == "OK \(expr)", "seed \(seed)")
        }
    }
}

/// Parsing and printing beside a real Prometheus, whatever the input.
@Suite(.enabled(if: RealPrometheus.path != nil, "needs Prometheus 3 on the PATH")) struct RealPrinterTests {
    /// What Prometheus 3.5 does not know or names otherwise.
    private static let successors = [
        // Words and functions that came later.
        "fill", "anchored", "smoothed", "</", ">/", "start", "end", "step", "range", "_of", "histogram_quantiles",
        "first_over_time",
        // What it prints otherwise than it was read: groups without labels to match by, and quoted names in `on`.
        "ignoring () group", "\"x.y\")", "\"é\")",
        // A sign that it would read as that of the power.
        "inf ^",
        // Hexadecimal numbers with an E, some of which it takes for an exponent.
        "0x",
        // Bytes that are no UTF-8, which a string may hold there.
        "\\", "\u{FFFD}",
    ]
    /// What it says about durations, where more can stand by now.
    private static let durationMessages = [
        "offset", "subquery", "duration", "colon", "expected ':'", "<Item", "unexpected error",
    ]

    private func isComparable(_ text: String) -> Bool {
        let lower = text.lowercased()
        // Of parentheses in a range it forgets those around literals.
        return !Self.successors.contains { lower.contains($0) } && !lower.contains(/\[[^\]]*\(/)
    }

    @Test func randomExpressionsAreLaidOutAlike() throws {
        let texts = (0..<UInt64(tries(1000, slow: 20_000))).map { index in
            var generator = ExpressionGenerator(seed: makeSeed() &+ index)
            return generator.expression(depth: 4).description
        }
        try compare(texts)
    }

    @Test func changedExpressionsAreRefusedAlike() throws {
        var random = SeededGenerator(seed: makeSeed())
        let corpus = ParserCases.asPrometheus.map { Array($0.input.utf8) }
        try compare(
            (0..<tries(1000, slow: 50_000)).map { _ in String(decoding: mutate(corpus, &random), as: UTF8.self) })
    }

    private func compare(_ texts: [String]) throws {
        let directory = TemporaryDirectory(.disk)
        let prometheus = try RealPrometheus(
            data: directory.path + "/data",
            flags: ["--enable-feature=promql-experimental-functions,promql-duration-expr"])
        defer { prometheus.process.finish(SIGKILL) }
        let connection = try HTTPConnection(port: prometheus.port)
        var compared = 0
        for text in texts where isComparable(text) {
            let answer = try connection.request(
                "POST", "/api/v1/format_query", headers: [("Content-Type", "application/x-www-form-urlencoded")],
                body: Array("query=\(percentEncoded(text))".utf8))
            let reply = try JSONDecoder().decode(TextReply.self, from: Data(answer.body))
            let expected = try #require(reply.data ?? reply.error)
            if answer.status != 200, Self.durationMessages.contains(where: expected.contains) { continue }
            let formatted = formatted(text)
            // It does not work durations out when it parses, and takes some words for a colon.
            if formatted.contains("duration must be greater") || formatted.contains("expected ':'") { continue }
            compared += 1
            #expect(formatted == expected, "\(text.debugDescription)")
        }
        #expect(compared > texts.count / 10)
    }

    private func formatted(_ text: String) -> String {
        do throws(QueryError) {
            return try parse(text).prettyDescription
        } catch {
            return "invalid parameter \"query\": \(error)"
        }
    }
}
