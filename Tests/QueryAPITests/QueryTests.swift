import Model
import TestSupport
import Testing

/// An answer of Prometheus 3.5.3 on the sample data.
struct Recorded: Sendable, CustomTestStringConvertible {
    let target: String
    let status: Int
    let body: String

    init(_ target: String, _ body: String, status: Int = 200) {
        self.target = target
        self.status = status
        self.body = body
    }

    var testDescription: String { target }
}

func recordedError(_ target: String, _ status: Int, _ type: String, _ message: String) -> Recorded {
    Recorded(target, #"{"status":"error","errorType":"\#(type)","error":"\#(message)"}"#, status: status)
}

@Suite struct QueryTests {
    static let answers = [
        Recorded(
            "query?query=weird&time=1700000000",
            #"{"status":"success","data":{"resultType":"vector","result":[{"metric":{"__name__":"weird","path":"a\"b\\c\nd\te<>&"#
                + "\u{2028}\u{2029}é\\u0001\u{7f}😀" + #""},"value":[1700000000,"1"]}]}}"#),
        Recorded("query?query=1&time=4", #"{"status":"success","data":{"resultType":"scalar","result":[4,"1"]}}"#),
        Recorded(
            "query?query=1&time=-1.5", #"{"status":"success","data":{"resultType":"scalar","result":[-1.5,"1"]}}"#),
        Recorded(
            "query?query=1&time=-0.001", #"{"status":"success","data":{"resultType":"scalar","result":[-0.001,"1"]}}"#),
        Recorded(
            "query?query=1&time=1&time=2", #"{"status":"success","data":{"resultType":"scalar","result":[1,"1"]}}"#),
        Recorded(
            "query?query=1&query=2&time=1", #"{"status":"success","data":{"resultType":"scalar","result":[1,"1"]}}"#),
        Recorded(
            "query?query=%22a%3Cb%22&time=4.5",
            #"{"status":"success","data":{"resultType":"string","result":[4.5,"a\u003cb"]}}"#),
        Recorded(
            "query?query=temp&time=1700000000.2505",
            #"{"status":"success","data":{"resultType":"vector","result":[{"metric":{"Hostname":"a","__name__":"temp","gpu":"0"},"value":[1700000000.250,"50"]}]}}"#
        ),
        Recorded("query?query=nothing", #"{"status":"success","data":{"resultType":"vector","result":[]}}"#),
        Recorded(
            "query?query=temp&lookback_delta=10&time=1700000050",
            #"{"status":"success","data":{"resultType":"vector","result":[]}}"#),
        Recorded(
            "query?query=http_requests_total&limit=1&time=1700000000",
            #"{"status":"success","data":{"resultType":"vector","result":[{"metric":{"__name__":"http_requests_total","group":"production","instance":"0","job":"api"},"value":[1700000000,"0"]}]},"warnings":["results truncated due to limit"]}"#
        ),
        Recorded(
            "query_range?query=temp&start=1700000000.25&end=1700000120.25&step=60",
            #"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"Hostname":"a","__name__":"temp","gpu":"0"},"values":[[1700000000.250,"50"],[1700000060.250,"50.25"],[1700000120.250,"50.5"]]}]}}"#
        ),
        Recorded(
            "query_range?query=temp&start=2023-11-14T22:13:20Z&end=2023-11-14T22:15:20.500%2B00:00&step=1m",
            #"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"Hostname":"a","__name__":"temp","gpu":"0"},"values":[[1700000060,"50"],[1700000120,"50.25"]]}]}}"#
        ),
        Recorded(
            "query_range?query=nothing&start=1&end=2&step=1",
            #"{"status":"success","data":{"resultType":"matrix","result":[]}}"#),
        Recorded(
            "query_range?query=1&start=0&end=10&step=5",
            #"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[[0,"1"],[5,"1"],[10,"1"]]}]}}"#
        ),
        Recorded(
            "query_range?query=1&start=0&end=1&step=0.5",
            #"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[[0,"1"],[0.500,"1"],[1,"1"]]}]}}"#
        ),
    ]

    @Test(arguments: answers) func answerIsPrometheus(_ recorded: Recorded) async throws {
        try await withServer { port in
            let answer = try await get(port, "/api/v1/" + recorded.target)
            #expect(answer.text == recorded.body)
            #expect(answer.status == recorded.status)
            #expect(answer.header("Content-Type") == "application/json")
            #expect(answer.header("Vary") == "Origin")
        }
    }

    static let errors = [
        recordedError(
            "query", 400, "bad_data",
            #"invalid parameter \"query\": unknown position: parse error: no expression found in input"#),
        recordedError(
            "query?query=%20", 400, "bad_data",
            #"invalid parameter \"query\": 1:1: parse error: no expression found in input"#),
        recordedError(
            "query?query=up{", 400, "bad_data",
            #"invalid parameter \"query\": 1:4: parse error: unexpected end of input inside braces"#),
        recordedError(
            "query?query=up&time=foo", 400, "bad_data",
            #"invalid parameter \"time\": invalid time value for 'time': cannot parse \"foo\" to a valid timestamp"#),
        recordedError(
            "query?query=up&timeout=foo", 400, "bad_data",
            #"invalid parameter \"timeout\": cannot parse \"foo\" to a valid duration"#),
        recordedError(
            "query?query=up&timeout=-1s", 400, "bad_data",
            #"invalid parameter \"timeout\": cannot parse \"-1s\" to a valid duration"#),
        recordedError(
            "query?query=up&timeout=1e30", 400, "bad_data",
            #"invalid parameter \"timeout\": cannot parse \"1e30\" to a valid duration. It overflows int64"#),
        recordedError(
            "query?query=up&limit=foo", 400, "bad_data",
            #"invalid parameter \"limit\": strconv.Atoi: parsing \"foo\": invalid syntax"#),
        recordedError(
            "query?query=up&limit=-1", 400, "bad_data", #"invalid parameter \"limit\": limit must be non-negative"#),
        recordedError(
            "query?query=up&lookback_delta=x", 400, "bad_data",
            #"error parsing lookback delta duration: cannot parse \"x\" to a valid duration"#),
        recordedError(
            "query?query=1;a=2&time=1", 400, "bad_data",
            #"invalid parameter \"query\": unknown position: parse error: no expression found in input"#),
        recordedError(
            "query?query=%zz&time=1", 400, "bad_data",
            #"invalid parameter \"query\": unknown position: parse error: no expression found in input"#),
        // The order in which parameters are looked at.
        recordedError(
            "query?query=up{&time=foo&timeout=x&limit=x", 400, "bad_data",
            #"invalid parameter \"limit\": strconv.Atoi: parsing \"x\": invalid syntax"#),
        recordedError(
            "query?query=up{&time=foo&timeout=x", 400, "bad_data",
            #"invalid parameter \"time\": invalid time value for 'time': cannot parse \"foo\" to a valid timestamp"#),
        recordedError(
            "query?query=up{&timeout=x&lookback_delta=x", 400, "bad_data",
            #"invalid parameter \"timeout\": cannot parse \"x\" to a valid duration"#),
        recordedError(
            "query_range", 400, "bad_data", #"invalid parameter \"start\": cannot parse \"\" to a valid timestamp"#),
        recordedError(
            "query_range?query=up&start=1", 400, "bad_data",
            #"invalid parameter \"end\": cannot parse \"\" to a valid timestamp"#),
        recordedError(
            "query_range?query=up&start=x&end=2&step=1", 400, "bad_data",
            #"invalid parameter \"start\": cannot parse \"x\" to a valid timestamp"#),
        recordedError(
            "query_range?query=up&start=1&end=2&step=x", 400, "bad_data",
            #"invalid parameter \"step\": cannot parse \"x\" to a valid duration"#),
        recordedError(
            "query_range?query=up&start=1&end=2", 400, "bad_data",
            #"invalid parameter \"step\": cannot parse \"\" to a valid duration"#),
        recordedError(
            "query_range?query=up&start=1&end=2&step=0", 400, "bad_data",
            #"invalid parameter \"step\": zero or negative query resolution step widths are not accepted. Try a positive integer"#
        ),
        recordedError(
            "query_range?query=up&start=1&end=2&step=-1", 400, "bad_data",
            #"invalid parameter \"step\": zero or negative query resolution step widths are not accepted. Try a positive integer"#
        ),
        recordedError(
            "query_range?query=up&start=1&end=0&step=1", 400, "bad_data",
            #"invalid parameter \"end\": end timestamp must not be before start time"#),
        recordedError(
            "query_range?start=1&end=0&step=x", 400, "bad_data",
            #"invalid parameter \"end\": end timestamp must not be before start time"#),
        recordedError(
            "query_range?query=up&start=0&end=11001&step=1", 400, "bad_data",
            "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)"
        ),
        recordedError(
            "query_range?query=up&start=-1e18&end=1e18&step=1", 400, "bad_data",
            "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)"
        ),
        recordedError(
            "query_range?query=up&start=0&end=10&step=1e30", 400, "bad_data",
            #"invalid parameter \"step\": cannot parse \"1e30\" to a valid duration. It overflows int64"#),
        recordedError(
            "query_range?query=up[5m]&start=0&end=10&step=1", 400, "bad_data",
            #"invalid parameter \"query\": invalid expression type \"range vector\" for range query, must be Scalar or instant Vector"#
        ),
        recordedError(
            "query_range?query=%22a%22&start=0&end=10&step=1", 400, "bad_data",
            #"invalid parameter \"query\": invalid expression type \"string\" for range query, must be Scalar or instant Vector"#
        ),
        recordedError(
            "query_range?query=up%20on&start=0&end=10&step=1", 400, "bad_data",
            #"invalid parameter \"query\": 1:4: parse error: unexpected \u003con\u003e"#),
    ]

    @Test(arguments: errors) func errorIsPrometheus(_ recorded: Recorded) async throws {
        try await withServer { port in
            let answer = try await get(port, "/api/v1/" + recorded.target)
            #expect(answer.text == recorded.body)
            #expect(answer.status == recorded.status)
        }
    }

    @Test func everySpecialValueIsWrittenAsPrometheusWritesIt() async throws {
        let expected = [
            "big": "1e+21", "denormal": "5e-324", "inf": "+Inf", "large": "100000000000000000000",
            "long": "123456789.123",
            "minf": "-Inf", "nan": "NaN", "negzero": "-0", "tenth": "0.1", "third": "0.3333333333333333",
            "tiny": "1e-07",
        ]
        try await withServer { port in
            let answer = try await get(port, "/api/v1/query", [("query", "vals"), ("time", "1700000000")])
            for (kind, text) in expected {
                #expect(answer.text.contains(#""kind":"\#(kind)"},"value":[1700000000,"\#(text)"]"#), "\(kind)")
            }
        }
    }

    @Test func postIsAnsweredAsGet() async throws {
        try await withServer { port in
            for recorded in QueryTests.answers + QueryTests.errors {
                let parts = recorded.target.split(separator: "?", maxSplits: 1)
                let answer = try await ask(
                    port, "POST", "/api/v1/\(parts[0])",
                    headers: [("Content-Type", "application/x-www-form-urlencoded; charset=UTF-8")],
                    body: parts.count > 1 ? Array(parts[1].utf8) : [])
                #expect(answer.text == recorded.body, "\(recorded.target)")
                #expect(answer.status == recorded.status)
            }
        }
    }

    @Test func bodyComesBeforeURL() async throws {
        try await withServer { port in
            let answer = try await post(port, "/api/v1/query?time=4&query=2", [("query", "1"), ("time", "5")])
            #expect(answer.text.hasSuffix(#""result":[5,"1"]}}"#))
        }
    }

    @Test func statsComeWhenAsked() async throws {
        try await withServer { port in
            let without = try await get(port, "/api/v1/query", [("query", "temp")])
            #expect(!without.text.contains("stats"))
            let instant = [("query", "temp"), ("time", "1700000060"), ("stats", "1")]
            let with = try await get(port, "/api/v1/query", instant)
            #expect(with.text.contains(#","stats":{"timings":{"evalTotalTime":"#))
            #expect(with.text.contains(#""samples":{"totalQueryableSamples":1,"#))
            let range = [
                ("query", "sum_over_time(temp[30s])"), ("start", "1700000000.5"), ("end", "1700000120"), ("step", "30"),
            ]
            let all = try await get(port, "/api/v1/query_range", range + [("stats", "all")])
            let steps = "[[1700000000.5,1],[1700000030.5,0],[1700000060.5,1],[1700000090.5,0]]"
            #expect(
                all.text.contains(
                    #""samples":{"totalQueryableSamplesPerStep":\#(steps),"totalQueryableSamples":2,"peakSamples":"#))
        }
    }

    @Test func exhaustedTimeoutIs503() async throws {
        try await withServer { port in
            let answer = try await get(port, "/api/v1/query", [("query", "temp"), ("timeout", "0")])
            #expect(answer.status == 503)
            #expect(answer.text.contains(#""errorType":"timeout""#))
        }
    }

    @Test func failingStoreIs500() async throws {
        let store = sampleStore()
        store.fail(with: .corrupted("row 7 of blocks"))
        try await withServer(store) { port in
            for target in ["query?query=temp", "labels", "series?match[]=temp", "label/gpu/values"] {
                let answer = try await get(port, "/api/v1/" + target)
                #expect(answer.status == 500)
                #expect(answer.text == #"{"status":"error","errorType":"internal","error":"row 7 of blocks"}"#)
            }
        }
    }
}
