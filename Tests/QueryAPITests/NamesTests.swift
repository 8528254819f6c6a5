import Model
import TestSupport
import Testing

@testable import QueryAPI

@Suite struct NamesTests {
    static let answers = [
        Recorded(
            "labels",
            #"{"status":"success","data":["Hostname","__name__","gpu","group","instance","job","kind","my.label","path"]}"#
        ),
        Recorded("labels?match[]=temp", #"{"status":"success","data":["Hostname","__name__","gpu"]}"#),
        Recorded(
            "labels?match[]=temp&match[]=vals&limit=2",
            #"{"status":"success","data":["Hostname","__name__"],"warnings":["results truncated due to limit"]}"#),
        Recorded("labels?match[]=nothing", #"{"status":"success","data":[]}"#),
        Recorded("labels?start=5&end=4", #"{"status":"success","data":[]}"#),
        Recorded("labels?start=1&end=4", #"{"status":"success","data":[]}"#),
        Recorded("labels?limit=0&match[]=temp", #"{"status":"success","data":["Hostname","__name__","gpu"]}"#),
        Recorded(
            "labels?limit=9223372036854775807&match[]=temp",
            #"{"status":"success","data":["Hostname","__name__","gpu"]}"#),
        Recorded("label/gpu/values", #"{"status":"success","data":["0"]}"#),
        Recorded(
            "label/__name__/values",
            #"{"status":"success","data":["http_requests_total","my.metric","temp","vals","weird"]}"#),
        Recorded(
            "label/__name__/values?limit=1",
            #"{"status":"success","data":["http_requests_total"],"warnings":["results truncated due to limit"]}"#),
        Recorded(
            "label/path/values",
            #"{"status":"success","data":["a\"b\\c\nd\te\u003c\u003e\u0026\u2028\u2029é\u0001"# + "\u{7f}😀" + #""]}"#),
        Recorded("label/nothing/values", #"{"status":"success","data":[]}"#),
        Recorded("label/my.label/values", #"{"status":"success","data":["x"]}"#),
        Recorded("label/U__my_2e_label/values", #"{"status":"success","data":["x"]}"#),
        Recorded("label/U__my_2e_/values", #"{"status":"success","data":[]}"#),
        Recorded("label/U__my_zz_label/values", #"{"status":"success","data":[]}"#),
        Recorded("label/kind/values?match[]=vals{kind=~%22n.*%22}", #"{"status":"success","data":["nan","negzero"]}"#),
        Recorded("series?match[]=temp", #"{"status":"success","data":[{"Hostname":"a","__name__":"temp","gpu":"0"}]}"#),
        Recorded(
            "series?match[]=temp&match[]=http_requests_total&limit=2",
            #"{"status":"success","data":[{"Hostname":"a","__name__":"temp","gpu":"0"},{"__name__":"http_requests_total","group":"production","instance":"0","job":"api"}],"warnings":["results truncated due to limit"]}"#
        ),
        Recorded("series?match[]=nothing", #"{"status":"success","data":[]}"#),
        Recorded("series?match[]=temp&start=5&end=4", #"{"status":"success","data":[]}"#),
        Recorded(
            "series?match[]=temp&start=-292273086-05-16T16:47:06Z&end=292277025-08-18T07:12:54.999999999Z",
            #"{"status":"success","data":[{"Hostname":"a","__name__":"temp","gpu":"0"}]}"#),
        recordedError(
            "labels?limit=x", 400, "bad_data",
            #"invalid parameter \"limit\": strconv.Atoi: parsing \"x\": invalid syntax"#),
        recordedError("labels?match[]={", 400, "bad_data", "1:2: parse error: unexpected end of input inside braces"),
        recordedError("labels?match[]={}", 400, "bad_data", "match[] must contain at least one non-empty matcher"),
        recordedError(
            "labels?match[]={a=%22%22}", 400, "bad_data", "match[] must contain at least one non-empty matcher"),
        recordedError("labels?match[]=temp[5m]", 400, "bad_data", #"1:5: parse error: unexpected \"[\""#),
        recordedError(
            "series?match[]=temp&a=%25zz%zz", 400, "bad_data", #"error parsing form values: invalid URL escape \"%zz\""#
        ),
        recordedError(
            "labels?start=x", 400, "bad_data",
            #"invalid parameter \"start\": invalid time value for 'start': cannot parse \"x\" to a valid timestamp"#),
        recordedError("label/U__/values", 400, "bad_data", #"invalid label name: \"\""#),
        recordedError("series", 400, "bad_data", "no match[] parameter provided"),
        recordedError(
            "series?match[]={", 400, "bad_data",
            #"invalid parameter \"match[]\": 1:2: parse error: unexpected end of input inside braces"#),
        recordedError(
            "series?match[]={}", 400, "bad_data",
            #"invalid parameter \"match[]\": match[] must contain at least one non-empty matcher"#),
    ]

    @Test(arguments: answers) func answerIsPrometheus(_ recorded: Recorded) async throws {
        try await withServer { port in
            let answer = try await get(port, "/api/v1/" + recorded.target)
            #expect(answer.text == recorded.body)
            #expect(answer.status == recorded.status)
        }
    }

    @Test func postIsAnsweredAsGet() async throws {
        try await withServer { port in
            for recorded in NamesTests.answers where !recorded.target.hasPrefix("label/") {
                let parts = recorded.target.split(separator: "?", maxSplits: 1)
                let answer = try await ask(
                    port, "POST", "/api/v1/\(parts[0])",
                    headers: [("Content-Type", "application/x-www-form-urlencoded")],
                    body: parts.count > 1 ? Array(parts[1].utf8) : [])
                #expect(answer.text == recorded.body, "\(recorded.target)")
            }
        }
    }

    @Test func seriesLabelsKeepAngleBrackets() async throws {
        try await withServer { port in
            let answer = try await get(port, "/api/v1/series", [("match[]", "weird")])
            #expect(answer.text.contains(#""a\"b\\c\nd\te<>&"# + "\u{2028}\u{2029}é\\u0001\u{7f}😀\""))
        }
    }

    @Test(arguments: [
        ("U__a__b", "a_b"), ("U___3a_x", ":x"), ("U__no_ending", "U__no_ending"), ("plain", "plain"),
        ("U___110000_", "U___110000_"), ("U___1f600_", "😀"), ("U__sp ace", "U__sp ace"),
    ])
    func labelNamesInPathsAreUnescaped(_ escaped: String, _ name: String) async throws {
        let store = MemoryStore([
            (labels: ["__name__": "m", name: "found"], samples: [(timestamp: t0, value: 1)])
        ])
        try await withServer(store) { port in
            let answer = try await get(port, "/api/v1/label/\(percentEncoded(escaped))/values")
            #expect(answer.text == #"{"status":"success","data":["found"]}"#)
        }
    }
}

@Suite struct EscapedNameTests {
    @Test(arguments: [("a.b_c:d", "U__a_2e_b__c:d"), ("1ü", "U___31__fc_"), ("U__x", "U__U____x"), ("😀", "U___1f600_")])
    func namesAreEscapedAndReadBack(_ name: String, _ escaped: String) {
        #expect(valuesEscapedName(name) == escaped)
        #expect(unescapedLabelName(escaped) == name)
    }
}
