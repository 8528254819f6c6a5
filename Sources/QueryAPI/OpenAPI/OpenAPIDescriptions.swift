/// What is said of a route besides its path and methods.
struct OpenAPIDescription: Sendable {
    struct Parameter: Sendable {
        let name: String
        let meaning: String
        var isRequired = false

        /// Repeated ones end in brackets.
        var schema: String { name.hasSuffix("[]") ? "{type: array, items: {type: string}}" : "{type: string}" }
    }

    let summary: String
    var parameters: [Parameter] = []
    /// The type of the message that is sent, where it is no form.
    var requestType: String?
    var responseType = "application/json"
    /// Status and meaning.
    var responses = [("200", "The answer."), ("default", "Why there is none.")]

    init(_ summary: String, _ parameters: [Parameter] = []) {
        self.summary = summary
        self.parameters = parameters
    }

    fileprivate func sending(_ type: String) -> Self {
        var copy = self
        copy.requestType = type
        return copy
    }

    fileprivate func answering(_ type: String) -> Self {
        var copy = self
        copy.responseType = type
        return copy
    }

    fileprivate func answeringNothing() -> Self {
        var copy = self
        copy.responses[0] = ("204", "It is done.")
        return copy
    }
}

private typealias Parameter = OpenAPIDescription.Parameter

private let query = Parameter(name: "query", meaning: "A PromQL expression.", isRequired: true)
private let start = Parameter(name: "start", meaning: "The earliest time, in Unix seconds or RFC 3339's notation.")
private let end = Parameter(name: "end", meaning: "The latest time, included.")
private let match = Parameter(name: "match[]", meaning: "Selectors of series, any of which may select one.")
private let limit = Parameter(name: "limit", meaning: "The most results; 0 means all.")
private let pool = Parameter(name: "scrapePool", meaning: "A job's name.")
private let settings = [
    Parameter(name: "timeout", meaning: "How long the query may take."),
    Parameter(name: "lookback_delta", meaning: "How long a sample stands for its series."),
    Parameter(name: "stats", meaning: "Adds statistics of the query; those of each step where it is `all`."), limit,
]
private let search = [
    match, start, end, limit,
    Parameter(name: "search[]", meaning: "What names are to be like, any of which is enough."),
    Parameter(name: "fuzz_threshold", meaning: "The least likeness, from 0 to 100."),
    Parameter(name: "fuzz_alg", meaning: "The measure of likeness: subsequence or jarowinkler."),
    Parameter(name: "case_sensitive", meaning: "Whether capitals differ from small letters."),
    Parameter(name: "sort_by", meaning: "alpha or score."), Parameter(name: "sort_dir", meaning: "asc or dsc."),
    Parameter(name: "include_score", meaning: "Whether to tell how alike names are."),
    Parameter(name: "batch_size", meaning: "How many results a line has."),
]
private let ndjson = "application/x-ndjson"
private let text = "text/plain"

/// By route.
let openAPIDescriptions: [String: OpenAPIDescription] = [
    "/api/v1/query": .init(
        "A query at one time.",
        [query, Parameter(name: "time", meaning: "The time; now where it is left out.")] + settings),
    "/api/v1/query_range": .init(
        "A query at evenly spaced times.",
        [
            query, start, end,
            Parameter(name: "step", meaning: "Their distance, in seconds or as a duration.", isRequired: true),
        ]
            + settings),
    "/api/v1/query_exemplars": .init("Exemplars of the series that a query selects.", [query, start, end]),
    "/api/v1/format_query": .init("A query in the printer's notation.", [query]),
    "/api/v1/parse_query": .init("A query's syntax tree.", [query]),
    "/api/v1/labels": .init("Names of labels.", [match, start, end, limit]),
    "/api/v1/label/:name/values": .init("Values of a label.", [match, start, end, limit]),
    "/api/v1/series": .init("Label sets of series.", [match, start, end, limit]),
    "/api/v1/metadata": .init(
        "Type, help and unit of metrics.",
        [
            Parameter(name: "metric", meaning: "A metric's name."), limit,
            Parameter(name: "limit_per_metric", meaning: "The most entries per metric."),
        ]),
    "/api/v1/rules": .init("Recording and alerting rules.", [Parameter(name: "type", meaning: "alert or record.")]),
    "/api/v1/alerts": .init("Active alerts."),
    "/api/v1/alertmanagers": .init("Alertmanagers that alerts are sent to."),
    "/api/v1/notifications": .init("What the server has to tell whoever looks at it."),
    "/api/v1/notifications/live": .init("The same, and what comes later, as server-sent events.")
        .answering("text/event-stream"),
    "/api/v1/features": .init("What clients may rely on, by area."),
    "/api/v1/openapi.yaml": .init("This document.").answering("application/yaml"),
    "/api/v1/search/metric_names": .init(
        "Names of metrics like those searched for.",
        search + [Parameter(name: "include_metadata", meaning: "Whether to add type, help and unit.")]
    ).answering(ndjson),
    "/api/v1/search/label_names": .init("Names of labels like those searched for.", search).answering(ndjson),
    "/api/v1/search/label_values": .init(
        "Values of a label like those searched for.",
        search + [Parameter(name: "label", meaning: "The label's name.", isRequired: true)]
    ).answering(ndjson),
    "/api/v1/targets": .init(
        "What is scraped, and how it went.", [Parameter(name: "state", meaning: "active, dropped or any."), pool]),
    "/api/v1/targets/metadata": .init(
        "What the targets' pages say of their metrics.",
        [
            Parameter(name: "match_target", meaning: "A selector of targets by their labels."),
            Parameter(name: "metric", meaning: "A metric's name."), limit,
        ]),
    "/api/v1/targets/relabel_steps": .init(
        "What each rule of a job's relabelling does to labels.",
        [pool, Parameter(name: "labels", meaning: "The labels, as a JSON object.", isRequired: true)]),
    "/api/v1/scrape_pools": .init("Names of jobs."),
    "/api/v1/scrape_pools/config": .init("A job's configuration.", [pool]),
    "/api/v1/status/buildinfo": .init("What the server was built from."),
    "/api/v1/status/runtimeinfo": .init("How the server runs."),
    "/api/v1/status/config": .init("The configuration in use, as YAML."),
    "/api/v1/status/flags": .init("The flags in force."),
    "/api/v1/status/tsdb": .init("How many series there are, and which labels make them many.", [limit]),
    "/api/v1/status/tsdb/blocks": .init("The store's sealed blocks."),
    "/api/v1/status/self_metrics": .init(
        "What the server counts about itself.",
        [Parameter(name: "metric_name_pattern", meaning: "A regular expression of names.")]),
    "/api/v1/status/walreplay": .init("How far the journal has been read."),
    "/api/v1/admin/tsdb/delete_series": .init("Deletes samples.", [match, start, end]).answeringNothing(),
    "/api/v1/admin/tsdb/clean_tombstones": .init("Does nothing: deleting leaves nothing to clean.").answeringNothing(),
    "/api/v1/admin/tsdb/snapshot": .init(
        "Copies the store.", [Parameter(name: "skip_head", meaning: "Read, and changes nothing.")]),
    "/api/v1/write": .init("Remote write, 1.0 and 2.0.").sending("application/x-protobuf").answeringNothing(),
    "/api/v1/read": .init("Remote read: samples, or chunks that are streamed.").sending("application/x-protobuf")
        .answering("application/x-protobuf"),
    "/api/v1/otlp/v1/metrics": .init("Metrics of OpenTelemetry's exporters.").sending("application/x-protobuf")
        .answering("application/x-protobuf"),
    "/federate": .init("The newest sample of each series that is selected.", [match]).answering(text),
    "/-/healthy": .init("Whether the process answers.").answering(text),
    "/-/ready": .init("Whether queries can be answered.").answering(text),
    "/-/reload": .init("Reads the configuration again.").answering(text),
    "/-/quit": .init("Ends the server.").answering(text),
    "/metrics": .init("What the server counts about itself.").answering(text),
    "/version": .init("What the server was built from."),
    "/": .init("A page for people.").answering("text/html"),
]
