import TestSupport

/// One request of the comparison with a real Prometheus.
struct APIRequest: CustomStringConvertible {
    var method = "GET"
    var target: String
    var body = ""
    var headers: [(String, String)] = []

    var description: String {
        ([method, target, body] + headers.map { "\($0): \($1)" }).filter { !$0.isEmpty }.joined(separator: " ")
    }

    static func get(_ path: String, _ parameters: [(String, String)] = [], headers: [(String, String)] = [])
        -> APIRequest
    {
        APIRequest(target: parameters.isEmpty ? path : path + "?" + form(parameters), headers: headers)
    }

    static func post(
        _ path: String, _ body: String, type: String = "application/x-www-form-urlencoded"
    ) -> APIRequest {
        APIRequest(method: "POST", target: path, body: body, headers: [("Content-Type", type)])
    }
}

/// The requests, about data whose newest samples are of `time`, in seconds.
func apiRequests(time: Int64) -> [APIRequest] {
    // What is federated is looked for in the five minutes before now.
    federationRequests() + queryRequests(time) + parameterRequests(time) + formRequests() + nameRequests(time)
        + listRequests() + methodRequests() + headerRequests(time)
}

private func queryRequests(_ time: Int64) -> [APIRequest] {
    let queries = [
        "vals", "vals{kind=\"nan\"}", "temp", "rate(requests_total[5m])", "1", "\"a\\nb<>&\"", "vector(1)",
        "scalar(vector(1))", "temp[2m]", "nothing", "{", "sum(", "temp offset 1m", "-temp", "temp[1m:30s]",
        "temp @ 1700000000", "weird", "{\"my.metric\"}", "h_bucket", "histogram_quantile(0.5, h_bucket)", "1/0", "0/0",
        "topk(1, temp)", "sort_desc(temp)", "label_replace(temp, \"a\", \"b\", \"c\", \"d\")", "foo(1)",
        "sum by (gpu) (temp", "temp + on(gpu) temp", "count_values(\"x\", temp)", "quantile(2, temp)", "rate(temp[5m])",
        "absent(nothing)", "absent(nothing{a=\"b\"})", "temp[0s]", "1e1000", "sum(temp) by (Hostname)", "", " ",
        "#comment", "1 #c", "'x'", "`x`", "{__name__=~\"te.*\"}", "{__name__=~\"te(.*\"}", "{a=~\".*\"}", "{}", "temp{",
        "round(temp, 0.1)", "clamp(temp, 5, 1)", "sum without() (temp)", "bottomk(0, temp)", "min_over_time(temp[1d])",
        "vals > 1", "vals == bool 1", "temp or vector(0)",
    ]
    return queries.flatMap { query -> [APIRequest] in
        let range = [("query", query), ("start", "\(time - 300)"), ("end", "\(time)"), ("step", "60")]
        return [
            .get("/api/v1/query", [("query", query), ("time", "\(time)")]),
            .post("/api/v1/query", form([("query", query), ("time", "\(time)")])),
            .get("/api/v1/query_range", range), .get("/api/v1/format_query", [("query", query)]),
            .get("/api/v1/query_exemplars", Array(range.dropLast())),
        ]
    }
}

/// Each parameter of the two query endpoints with each of these values, beside good ones.
private func parameterRequests(_ time: Int64) -> [APIRequest] {
    let instant = [("query", "temp"), ("time", "\(time)")]
    let range = [("query", "temp"), ("start", "\(time - 300)"), ("end", "\(time)"), ("step", "60")]
    let instantValues: [(String, [String])] = [
        ("limit", ["0", "1", "2", "-1", "x", "1.5", "99999999999999999999", "+1", " 1", "0x1"]),
        ("timeout", ["1", "1s", "1ms1s", "x", "1e20", "1y", "Inf", "5m3s"]),
        ("lookback_delta", ["1", "1s", "30s", "10m", "x", "-1", "0", "1e20"]), ("stats", ["true", "all", "x", ""]),
        (
            "time",
            [
                "\(time)", "\(time).5", "\(time).123", "x", "2023-11-14T22:13:20Z", "2023-11-14T22:13:20.5+01:00",
                "2023-11-14 22:13:20Z", "2023-11-14T22:13:20", "1e9", "1e20", "-1", "Inf",
                "-292273086-05-16T16:47:06Z", "292277025-08-18T07:12:54.999999999Z", "0x10", "1700000000000",
                "2023-02-30T00:00:00Z", "+1700000000", "  1",
            ]
        ),
    ]
    let rangeValues: [(String, [String])] = [
        ("limit", ["0", "1", "-1", "x"]), ("timeout", ["1", "x", "1y"]), ("lookback_delta", ["1s", "x"]),
        ("stats", ["true", "all"]), ("start", ["", "x", "\(time + 1)", "\(time - 300).0005", "-1e9"]),
        ("end", ["", "x", "\(time - 301)", "1e18"]),
        ("step", ["", "x", "0", "-1", "0.5", "1m", "1h30m", "1e10", "0.001", "1d", "10", "NaN", "Inf", "1ms"]),
    ]
    func requests(_ path: String, _ good: [(String, String)], _ values: [(String, [String])]) -> [APIRequest] {
        values.flatMap { name, values in
            values.map { .get(path, good.filter { $0.0 != name } + [(name, $0)]) }
        }
    }
    return requests("/api/v1/query", instant, instantValues) + requests("/api/v1/query_range", range, rangeValues)
}

private func formRequests() -> [APIRequest] {
    let paths = [
        "query", "query_range", "query_exemplars", "format_query", "parse_query", "series", "metadata",
        "targets/metadata",
    ].map { "/api/v1/" + $0 }
    let types = [
        "text/plain", "application/json", "application/x-www-form-urlencoded; charset=utf-8",
        "multipart/form-data; boundary=x", "",
    ]
    return paths.map { .get($0) } + paths.map { .post($0, "") }
        + types.map { .post("/api/v1/query?query=1&time=1", "query=2", type: $0) } + [
            .get("/api/v1/query?query=%zz"), .post("/api/v1/query", "query=%zz"),
            .get("/api/v1/query?query=1;time=1"), .post("/api/v1/query", "query=1;time=1"),
            .get("/api/v1/labels?match[]=temp&x=%zz"), .get("/api/v1/series?match[]=temp&x=%zz"),
            .get("/api/v1/query?query=1&query=2&time=1"), .post("/api/v1/query?query=1&time=1", "query=2"),
            .get("/api/v1/query_range?query=up&start=0&end=1e6&step=1"),
        ]
}

private func nameRequests(_ time: Int64) -> [APIRequest] {
    let times = [("start", "\(time - 300)"), ("end", "\(time)")]
    let selectors = [
        "temp", "{__name__=~\"temp|vals\"}", "temp{gpu=\"0\"}", "nothing", "{", "{}", "temp[5m]", "sum(temp)",
        "{a=~\".*\"}", "{\"my.metric\"}", "1", "",
    ]
    var requests: [APIRequest] = []
    for path in [
        "labels", "series", "label/__name__/values", "label/gpu/values", "label/my.label/values",
        "label/U__my_2e_label/values", "label/nothing/values",
    ].map({ "/api/v1/" + $0 }) {
        requests += selectors.map { .get(path, [("match[]", $0)] + times) }
        requests += ["0", "1", "2", "-1", "x", "1000"].map {
            .get(path, [("match[]", "temp"), ("match[]", "vals"), ("limit", $0)] + times)
        }
        requests += [("x", ""), ("", "x"), ("2", "1"), ("0", "1"), ("", "1"), ("\(time + 86_400)", "")].map {
            .get(path, [("match[]", "temp"), ("start", $0.0), ("end", $0.1)])
        }
    }
    let names = [
        "a-b", "9a", "a%2Fb", "U__", "U__a", "U__a__b", "U___", "%20", "%C3%A9", "__name__", "a:b", "U__x_zz_", "a%22b",
    ]
    return requests + names.map { .get("/api/v1/label/\($0)/values?match[]=temp") }
        + ["labels", "series"].map { .post("/api/v1/" + $0, form([("match[]", "temp")] + times)) }
}

private func listRequests() -> [APIRequest] {
    let queries = [
        "metadata?limit=0", "metadata?limit=x", "metadata?limit=-1", "metadata?limit_per_metric=1",
        "metadata?limit_per_metric=x", "metadata?limit_per_metric=0", "metadata?metric=temp", "metadata?metric=nothing",
        "metadata?limit=1.5", "metadata", "targets/metadata", "targets/metadata?limit=x", "targets/metadata?limit=0",
        "targets/metadata?metric=temp", "targets/metadata?metric=nothing", "targets/metadata?match_target=%7B",
        "targets/metadata?match_target=%7Bjob=%22fake%22%7D", "targets/metadata?match_target=%7Bjob=%22no%22%7D",
        "targets/metadata?match_target=%7Bjob=%22fake%22%7D&metric=temp&limit=1", "targets/metadata?match_target=1",
        "targets", "targets?state=active", "targets?state=dropped", "targets?state=any", "targets?state=x",
        "targets?state=ACTIVE", "targets?scrapePool=fake", "targets?scrapePool=no",
        "targets?state=dropped&scrapePool=fake", "scrape_pools", "rules", "rules?type=alert", "rules?type=x", "alerts",
        "alertmanagers", "notifications", "status/walreplay", "status/tsdb?limit=0", "status/tsdb?limit=x",
        "status/tsdb?limit=-1",
    ]
    return queries.map { .get("/api/v1/" + $0) }
}

private func methodRequests() -> [APIRequest] {
    let requests = [
        "HEAD /api/v1/query?query=1", "PUT /api/v1/query?query=1", "DELETE /api/v1/query", "DELETE /api/v1/series",
        "PATCH /api/v1/labels", "OPTIONS /api/v1/query", "OPTIONS /api/v1/nope", "OPTIONS /-/ready", "OPTIONS /metrics",
        "OPTIONS /federate", "POST /federate", "PUT /federate", "HEAD /federate", "POST /api/v1/metadata",
        "POST /api/v1/targets", "POST /-/healthy", "GET /-/reload", "POST /-/reload", "PUT /-/quit", "GET /-/quit",
        "GET /api/v1/nope", "POST /api/v1/nope", "GET /api", "GET /api/", "GET /api/v1/", "GET /api/v2/x",
        "GET /nope", "POST /nope", "POST /version", "HEAD /version", "HEAD /metrics", "POST /metrics", "GET /-/nope",
        "GET /-/", "GET /api/v1/write", "GET /api/v1/admin/tsdb/snapshot",
        "POST /api/v1/admin/tsdb/clean_tombstones", "POST /api/v1/admin/tsdb/delete_series",
        "PUT /api/v1/admin/tsdb/delete_series?match[]=nothing", "TRACE /api/v1/query", "HEAD /nope",
        "HEAD /api/v1/nope",
    ]
    return requests.map { line in
        let parts = line.split(separator: " ")
        return APIRequest(method: String(parts[0]), target: String(parts[1]))
    }
}

private func headerRequests(_ time: Int64) -> [APIRequest] {
    let small = "/api/v1/query?query=1&time=1"
    let large = "/api/v1/query?query=vals&time=\(time)"
    var requests: [APIRequest] = []
    for origin in ["http://a.b", "null", "x"] {
        let header = ("Origin", origin)
        requests += [small, "/federate?match[]=nothing", "/api/v1/nope"].map { .get($0, headers: [header]) }
        requests.append(
            APIRequest(
                method: "OPTIONS", target: "/api/v1/query",
                headers: [header, ("Access-Control-Request-Method", "POST")]))
    }
    for encoding in ["gzip", "identity", "gzip, deflate, br", "*", "br"] {
        requests.append(.get(large, headers: [("Accept-Encoding", encoding)]))
    }
    for type in ["application/json", "text/html", "application/xml", "*/*", "application/json;q=0", "text/*"] {
        requests.append(.get(small, headers: [("Accept", type)]))
    }
    return requests
}

private func federationRequests() -> [APIRequest] {
    let selectors = [
        "temp", "h_bucket", "nothing", "{", "", "vals", "temp{gpu=\"0\"}", "{\"my.metric\"}", "weird", "sum(temp)",
        "requests_total", "{__name__=~\"temp|vals\"}", "{job=\"fake\",__name__!~\"up|scrape_.*\"}",
    ]
    let protobuf = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"
    let types = [
        "text/plain", "text/plain;version=1.0.0;escaping=allow-utf-8", "text/plain;escaping=dots",
        "text/plain;escaping=values", "text/plain;escaping=x", "application/openmetrics-text;version=1.0.0",
        "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5", "*/*", "application/json",
        protobuf,
        protobuf + ";escaping=allow-utf-8;q=0.6,application/openmetrics-text;q=0.5,*/*;q=0.1",
        "application/vnd.google.protobuf",
    ]
    return selectors.map { .get("/federate", [("match[]", $0)]) } + [
        .get("/federate"), .get("/federate", [("match[]", "temp"), ("match[]", "temp"), ("match[]", "vals")]),
    ]
        + types.flatMap { type in
            ["{\"my.metric\"}", "temp"].map { .get("/federate", [("match[]", $0)], headers: [("Accept", type)]) }
        }
}
