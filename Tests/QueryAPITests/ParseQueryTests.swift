import Glibc
import TestSupport
import Testing

@Suite struct ParseQueryTests {
    /// Each kind of node with each of its keys.
    static let expressions = [
        "up", "1", "-1", "1e300", "0.0000001", "Inf", "-NaN", "5m", "0x1f", "\"a<b>&\u{e9}\\\"\\n\"", "(1)", "-(1)",
        "+up", "-1 ^ 2",
        #"{"a.b","c.d"=~"x+"}"#, #"foo{b!="1",a!~"2",c=~"3",d="4"}"#, #"{__name__=~"a.*"}"#, "foo @ 1.5",
        "foo @ start()",
        "foo @ end() offset -5m", "foo offset 1d", "foo[5m]", #"foo{a="b"}[1h30m] @ 123.456 offset 1m"#, "foo[1h:]",
        "foo[1h:5m] @ start() offset -1w", "rate(foo[5m])[10m:30s]", "sum(foo)", "sum by (a, b) (foo)",
        "sum by () (foo)",
        "sum without () (foo)", #"count without ("a.b") (foo)"#, "topk(3, foo)", #"count_values("v", foo)"#,
        "quantile by (x) (0.9, foo)", "limitk(1, foo)", "limit_ratio(-0.5, foo)", "time()", "pi()", "hour()",
        "hour(foo)",
        "round(foo, 5)", #"label_replace(foo, "a", "$1", "b", "(.*)")"#, #"label_join(foo, "a", "-", "b", "c")"#,
        "histogram_quantile(0.9, sum by (le) (rate(foo_bucket[5m])))", #"info(foo, {a="b"})"#, "info(foo)",
        #"sort_by_label(foo, "a", "b")"#, "vector(1)", "scalar(foo)", "absent(foo)", "clamp(foo, 0, 1)",
        "foo + bar", "foo + 1", "1 + foo", "1 == bool 1", "foo > bool bar", "foo and bar", "foo or on (a) bar",
        "foo unless ignoring (a) bar", "foo / on (a, b) bar", "foo * ignoring (a) group_left (c) bar",
        "foo * on () group_right bar", "foo atan2 bar", "foo % bar ^ baz != 2", "a + b + c + d", "a ^ b ^ c",
    ]

    @Test(.enabled(if: RealPrometheus.path != nil, "needs Prometheus 3 on the PATH"))
    func treesAreThoseOfARealPrometheus() async throws {
        try await withServer { port in
            let directory = TemporaryDirectory(.disk)
            let prometheus = try await onSocketThread {
                try RealPrometheus(
                    data: directory.path + "/data", flags: ["--enable-feature=promql-experimental-functions"])
            }
            defer { prometheus.process.finish(SIGKILL) }
            for expression in Self.expressions + [#"foo{a=""#, "", "foo bar"] {
                let target = "/api/v1/parse_query?query=\(percentEncoded(expression))"
                let theirs = try await onSocketThread { try prometheus.get(target) }
                let ours = try await get(port, target)
                #expect(ours.status == theirs.status)
                #expect(withoutSuccessorsKeys(ours.text) == theirs.text, "\(expression)")
            }
        }
    }

    @Test(arguments: [
        (
            "foo[5m] anchored",
            #"{"anchored":true,"matchers":[{"name":"__name__","type":"=","value":"foo"}],"name":"foo","offset":0,"#
                + #""range":300000,"smoothed":false,"startOrEnd":null,"timestamp":null,"type":"matrixSelector"}"#
        ),
        (
            "foo smoothed offset step()",
            #"{"anchored":false,"matchers":[{"name":"__name__","type":"=","value":"foo"}],"name":"foo","offset":0,"#
                + #""smoothed":true,"startOrEnd":null,"timestamp":null,"type":"vectorSelector"}"#
        ),
        (
            "1 + min_of(1, 2)",
            #"{"bool":false,"lhs":{"type":"numberLiteral","val":"1"},"matching":null,"op":"+","#
                + #""rhs":{"args":[{"type":"numberLiteral","val":"1"},{"type":"numberLiteral","val":"2"}],"#
                + #""func":{"argTypes":["scalar","scalar"],"name":"min_of","returnType":"scalar","variadic":0},"#
                + #""type":"call"},"type":"binaryExpr"}"#
        ),
    ])
    func treesHoldWhatCameLater(_ expression: String, _ tree: String) async throws {
        try await withServer { port in
            let answer = try await get(port, "/api/v1/parse_query?query=\(percentEncoded(expression))")
            #expect(answer.text == #"{"status":"success","data":"# + tree + "}")
        }
    }

    @Test func fillsAreNumbersOrNull() async throws {
        try await withServer { port in
            let answer = try await get(
                port,
                "/api/v1/parse_query?query=\(percentEncoded("a + fill_left(1.5) fill_right(2) b / fill_left(0) c"))")
            #expect(answer.text.contains(#""fillValues":{"lhs":1.5,"rhs":2}"#))
            #expect(answer.text.contains(#""fillValues":{"lhs":0,"rhs":null}"#))
        }
    }
}

/// Without the keys that Prometheus 3.5 does not have yet.
private func withoutSuccessorsKeys(_ json: String) -> String {
    var json = json.replacing(#""fillValues":{"lhs":null,"rhs":null},"#, with: "")
    json = json.replacing(#""anchored":false,"#, with: "")
    return json.replacing(#""smoothed":false,"#, with: "")
}
