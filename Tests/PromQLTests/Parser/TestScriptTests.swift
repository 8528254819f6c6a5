import Model
import Testing

@Suite struct TestScriptTests {
    private func describe(_ values: [TestScript.Value?]) -> String {
        values.map { value in
            switch value {
            case .float(let float): StaleMarker.isStale(float) ? "stale" : formatFloat(float)
            case .histogram: "H"
            case nil: "_"
            }
        }.joined(separator: " ")
    }

    @Test(arguments: [
        ("1 2 3", "1 2 3"), ("1+2x3", "1 3 5 7"), ("5-2x2", "5 3 1"), ("-2-3x2", "-2 -5 -8"), ("1x3", "1 1 1 1"),
        ("_ _x3 1", "_ _ _ _ 1"), ("stale", "stale"), ("stalex1", "stale stale"),
        ("NaN Inf -Inf +Inf", "NaN +Inf -Inf +Inf"),
        ("1e3 1e-3 1.5e+2", "1000 0.001 150"), ("1e3+1e2x2", "1000 1100 1200"), (".5", "0.5"), ("0x2", "0 0 0"),
        ("{{schema:0 sum:1}} {{}}x2", "H H H H"), ("{{count:1}}+{{count:2}}x2", "H H H"),
        ("", ""), ("NaNx1", "NaN NaN"),
    ])
    func seriesNotationStandsForValues(_ text: String, _ expected: String) {
        #expect(seriesValues(Substring(text)).map(describe) == expected)
    }

    @Test(arguments: ["a", "1+", "1+1", "1x", "1x-1", "_y", "x3", "1+1x9999999", "--1", "1,2", "{{", "1e"])
    func seriesNotationRefusesTheRest(_ text: String) {
        #expect(seriesValues(Substring(text)) == nil)
    }

    @Test(arguments: [
        ("foo 1", "{__name__=\"foo\"}"), (#"foo{a="b", c="}"} 1"#, #"{__name__="foo", a="b", c="}"}"#),
        (#"{"x.y", a="\"}"} 1"#, #"{__name__="x.y", a="\"}"}"#), ("{} 1", "{}"), ("foo{}", "{__name__=\"foo\"}"),
        ("sum 1", "{__name__=\"sum\"}"),
    ])
    func metricsAreCutOffTheirValues(_ line: String, _ expected: String) throws {
        let line = Substring(line)
        let labels = try #require(metricLabels(line[..<metricEnd(line)]))
        let pairs = labels.map { "\($0.name)=\(quoted($0.value))" }
        #expect("{\(pairs.joined(separator: ", "))}" == expected)
    }

    @Test func scriptsAreReadCommandByCommand() throws {
        let script = try TestScript(
            name: "example",
            text: """
                # A comment.
                load 30s
                  foo{a="b"} 1+1x2
                  bar{a="b"} _ 5

                eval instant at 1m foo + bar
                  expect ordered
                  expect warn msg: something odd
                  expect no_info
                  {a="b"} 8

                eval range from 0 to 1m30s step 30s sum(foo)
                  {} 1 2 _ _

                eval_fail instant at 0 foo @ 1

                clear
                eval instant at -1s 1
                  1

                eval instant at 5m foo[1m]
                  expect range vector from 10s to 1m step 10s
                  foo 1 2 3

                eval instant at 0 "x"
                  expect string "x\\ty"

                eval instant at 0 foo
                  expect fail regex: a.*b
                """)
        #expect(script.commands.count == 9)
        guard case .load(let load) = script.commands[0], case .evaluate(let sum) = script.commands[1],
            case .evaluate(let range) = script.commands[2], case .evaluate(let failing) = script.commands[3],
            case .clear = script.commands[4], case .evaluate(let scalar) = script.commands[5],
            case .evaluate(let matrix) = script.commands[6], case .evaluate(let string) = script.commands[7]
        else {
            Issue.record("commands of other kinds: \(script.commands)")
            return
        }
        #expect(load.stepMs == 30_000 && load.series.count == 2)
        #expect(sum.line == 6 && sum.query == "foo + bar" && sum.time == .instant(60_000))
        #expect(sum.expectations.isOrdered && sum.expectations.forbidsInfos)
        #expect(sum.expectations.warnings == [.message("something odd")])
        #expect(range.time == .range(start: 0, end: 90_000, step: 30_000) && range.query == "sum(foo)")
        #expect(failing.expectations.failure == .any && failing.query == "foo @ 1")
        #expect(scalar.time == .instant(-1000))
        if case .scalar(let value) = scalar.result { #expect(value == 1) } else { Issue.record("no scalar") }
        if case .rangeVector(10_000, 60_000, 10_000, let series) = matrix.result {
            #expect(series.map { describe($0.values) } == ["1 2 3"])
        } else {
            Issue.record("no range vector")
        }
        if case .string(let value) = string.result { #expect(value == "x\ty") } else { Issue.record("no string") }
    }

    @Test(arguments: [
        ("lode 5m", 1), ("\n\nload 5x", 3), ("load 5m\n  foo 1 b", 2), ("load 5m\n  foo{a!=\"b\"} 1", 2),
        ("eval sometimes foo", 1), ("eval instant at x foo", 1), ("eval instant at 0 foo\n  expect magic", 2),
        ("eval_odd instant at 0 foo", 1), ("eval range from 0 to 1m foo", 1), ("eval instant at 0 1\n  1\n  {} 2", 3),
        ("eval instant at 0 foo\n  expect fail because", 2), ("clear all", 1),
    ])
    func mistakesAreReportedWithTheirLine(_ text: String, _ line: Int) {
        #expect {
            try TestScript(name: "mistake", text: text)
        } throws: { error in
            (error as? TestScript.SyntaxError)?.line == line
        }
    }
}
