import Glibc
import Model
import TestSupport
import Testing

/// What cannot be evaluated is refused with the error of a real Prometheus 3.5, and soon.
@Suite(.enabled(if: RealPrometheus.path != nil, "needs Prometheus 3 on the PATH")) struct BadQueryTests {
    static let queries = [
        // Matching
        "a * on(x) b", "b * on(x) a", "a + on(x) a", "a + ignoring(y) b", "a * on(x) group_right b",
        "b * on(x) group_left a", "a * on(x) group_left(y) a", "a == on(x) b", "a > bool on(x) b",
        "a unless on(x) group_left b", "a and on(x) group_right b", "a or 1", "1 or 1", "1 == 1",
        "a == on(x) group_left(x) b",
        // Label sets that come twice
        #"label_replace(a, "y", "q", "", "")"#, #"label_replace(b, "x", "q", "", "")"#, #"label_join(b, "x", "-")"#,
        #"sum_over_time({__name__=~"a|b"}[5m])"#, #"{__name__=~"a|b"} + 1"#,
        #"-{__name__=~"a|b"}"#, #"abs({__name__=~"a|b"})"#,
        #"label_replace({__name__=~"a|b"}, "__name__", "z", "", "")"#,
        // Regular expressions
        #"a{x=~"("}"#, #"a{x=~"*"}"#, #"a{x=~"[b-a]"}"#, #"a{x=~"(?P<n"}"#, #"a{x=~"a{1001}"}"#, #"a{x=~"\\q"}"#,
        #"a{x=~"(?i:)("}"#, #"a{x=~"\\"}"#, #"a{x!~"["}"#, #"a{x=~"a**"}"#, #"a{x=~")"}"#,
        #"label_replace(a, "y", "q", "x", "(")"#, #"label_replace(a, "", "q", "x", "")"#,
        // Types
        "rate(a)", "sum(1)", #"a + "x""#, "sort(1)", "time(1)", "nofunc(a)", "sum", "1 + ", "a[5m] + 1", "-a[5m]",
        #"-"x""#, "a[5m][5m]", "a[5m] offset 5m offset 1m", "a @ 1 @ 2", "holt_winters(a[5m], 0.5, 0.5)", "vector(a)",
        "scalar(1)", "sum by (1) (a)", "topk(a)", "topk(1, 2, a)", "absent_over_time(a)", "round(a, a)", "clamp(a, 1)",
        "label_replace(a)", #"count_values("", a)"#, "1[5m:]", #""x"[5m:]"#, "sum(a)[5m]", "(a)[5m]",
        // Text
        "", " ", "(a", "a)", "{}", #"{x=~".*"}"#, "a{", #"foo{a="b"#, "a b", "#", "a{x=1}", "a{x}", "a[5m", "'",
        "`a",
        #""\q""#, "1..2", "0x", "08", "1_", "5m5m", "1h5s5m", "1y1y", "\u{7f}", "a;b", "é", "a{é=\"x\"}", "$a", "&",
        "=",
        // Numbers without bounds
        "a @ NaN", "a @ Inf", "a offset 1e18", "a[9223372037]", "a[1e18]", "a[0]", "a[-5m]",
        "sum_over_time(a[5m:0s])", "sum_over_time(a[99999999999999999s])", "1e400", "topk(Inf, a)", "limitk(1e300, a)",
        "double_exponential_smoothing(a[5m], 2, 0.5)", "double_exponential_smoothing(a[5m], 0.5, NaN)",
    ]

    /// Answered, with nothing or something, however far they look.
    static let far = [
        "a offset 100y", "a offset -100y", "a offset 292y", "a offset -292y", "a offset 293y", "a[100y]",
        "count_over_time(a[100y])", "count_over_time(a[290y:1d])", "a @ -1e10", "a offset -9223372036", "a[9223372036]",
        "topk(-1e300, a)", "topk(-Inf, b)", "bottomk(2.9, b)", "quantile(2, nothing)", "1 / 0", "0 % 0", "a % 0",
        "minute(vector(1e300))", "predict_linear(b[5m], Inf)", "vector(1) ^ 1e308", "clamp(b, 5, 1)", "round(b, 0)",
    ]

    static let ranges = [
        "query=a&start=0&end=1700000000&step=1", "query=a&start=0&end=1700000000&step=1ms",
        "query=a&start=2&end=1&step=1", "query=a&start=1&end=1&step=0", "query=a&start=1&end=1&step=-1",
        "query=a&start=x&end=1&step=1", "query=a&start=1&end=x&step=1", "query=a&start=1&end=1&step=x",
        "query=a&start=1&end=1", "query=a[5m]&start=1&end=1&step=1", "query=%22x%22&start=1&end=1&step=1",
        "query=a&start=0&end=4000000000&step=1y", "query=a&start=1&end=1&step=1&timeout=x",
        "query=a&start=1&end=1&step=1&limit=-1", "query=a&start=1&end=1&step=1&lookback_delta=x",
        "query=a*on(x)b&start=1700000000&end=1700000600&step=60",
        "query=count_over_time(a[100y])&start=0&end=4000000000&step=10d",
        "query=a&start=0001-01-01T00:00:00Z&end=9999-12-31T23:59:59Z&step=1s",
    ]

    static let series: [(labels: Labels, samples: [(timestamp: Int64, value: Double)])] = {
        let samples = (Int64(0)...10).map { (timestamp: t0 + $0 * 60_000, value: Double($0)) }
        var result: [(labels: Labels, samples: [(timestamp: Int64, value: Double)])] = []
        for x in ["1", "2"] {
            for y in ["1", "2"] { result.append((["__name__": "a", "x": x, "y": y], samples)) }
        }
        for x in ["1", "2"] { result.append((["__name__": "b", "x": x], samples)) }
        return result
    }()

    @Test func answersAreThoseOfARealPrometheus() async throws {
        let targets =
            (Self.queries + Self.far).map { "query?time=1700000600&query=\(percentEncoded($0))" }
            + Self.ranges.map { "query_range?" + $0 }
        try await withServer(MemoryStore(Self.series)) { port in
            let directory = TemporaryDirectory(.disk)
            let prometheus = try await startPrometheus(directory.path + "/data")
            defer { prometheus.process.finish(SIGKILL) }
            for target in targets {
                let theirs = try await onSocketThread { try prometheus.get("/api/v1/" + target) }
                let ours = try await get(port, "/api/v1/" + target)
                #expect(ours.status == theirs.status, "\(target)")
                #expect(ours.text == theirs.text, "\(target)")
            }
        }
    }

    private func startPrometheus(_ data: String) async throws -> RealPrometheus {
        try await onSocketThread {
            let prometheus = try RealPrometheus(
                data: data,
                flags: ["--enable-feature=promql-experimental-functions,promql-delayed-name-removal"])
            try prometheus.write(
                Self.series.map { one in WrittenSeries(one.labels, one.samples.map { ($0.timestamp, .float($0.value)) })
                })
            return prometheus
        }
    }
}
