import Model
import PromQL
import Protobuf
import RemoteProtocol
import TestSupport
import Testing

@testable import QueryAPI

/// What the server takes from others, damaged at random: `make fuzz-requests`.
@Suite struct RequestFuzzTests {
    @Test(arguments: [WriteRequest.Version.v1, .v2]) func writeRequestsAreReadOrRefused(_ version: WriteRequest.Version)
    {
        let receiver = RemoteWriteReceiver(ForgetfulStore(), registry: MetricRegistry())
        let report = fuzz("write \(version)", quick: 2000) { random in
            version == .v1 ? randomWrite1(&random) : randomWrite2(&random)
        } decode: { bytes in
            verdict(of: bytes, version, receiver)
        }
        #expect(report.problem == nil)
    }

    @Test func compressedWriteRequestsAreReadOrRefused() {
        let receiver = RemoteWriteReceiver(ForgetfulStore(), registry: MetricRegistry())
        let bytesMax = 1 << 16
        let report = fuzz("snappy", quick: 2000) { random in
            snappyCompressed(randomWrite1(&random))
        } decode: { bytes in
            let content = bytes.withUnsafeBytes { try? snappyDecompressed($0, bytesMax: bytesMax) }
            guard let content else { return .refused }
            if content.count > bytesMax { return .wrong("\(content.count) bytes where \(bytesMax) are the most") }
            return verdict(of: content, .v1, receiver)
        }
        #expect(report.problem == nil)
    }

    @Test func readRequestsAreReadOrRefused() {
        let report = fuzz("read", quick: 2000, whole: randomRead) { bytes in
            guard let request = try? bytes.withUnsafeBytes({ try ReadRequest($0) }) else { return .refused }
            if request.queries.count > ReadRequest.queriesMax { return .wrong("\(request.queries.count) queries") }
            if request.acceptedTypes.count > ReadRequest.typesMax {
                return .wrong("\(request.acceptedTypes.count) types")
            }
            // What was understood is what is written of it.
            let again = try? request.encoded().withUnsafeBytes { try ReadRequest($0) }
            return again?.encoded() == request.encoded() ? .taken : .wrong("is written as another request")
        }
        #expect(report.problem == nil)
    }

    @Test(arguments: [false, true]) func otlpRequestsAreReadOrRefused(isJSON: Bool) {
        let report = fuzz(isJSON ? "otlp json" : "otlp", quick: 2000, pieces: isJSON ? jsonPieces : []) { random in
            let metrics = OTLPSample(&random)
            return isJSON ? metrics.json : metrics.protobuf
        } decode: { bytes in
            guard isJSON else { return otlpVerdict(bytes) }
            let bytesMax = 1 << 16
            guard let message = try? bytes.withUnsafeBytes({ try otlpMessage(json: $0, bytesMax: bytesMax) }) else {
                return .refused
            }
            return otlpVerdict(message)
        }
        #expect(report.problem == nil)
    }

    @Test func gzippedRequestsAreReadOrRefused() {
        let bytesMax = 1 << 16
        let report = fuzz("gzip", quick: 1000) { random in
            var compressed: [UInt8] = []
            Deflater()?.compress(OTLPSample(&random).protobuf, isLast: true, into: &compressed)
            return compressed
        } decode: { bytes in
            guard let content = try? bytes.withUnsafeBytes({ try gunzipped($0, bytesMax: bytesMax) }) else {
                return .refused
            }
            return content.count <= bytesMax ? otlpVerdict(content) : .wrong("\(content.count) bytes")
        }
        #expect(report.problem == nil)
    }

    @Test func formsAreReadOrRefused() {
        let pieces = [
            "%", "%4", "%41", "%zz", "&", "=", ";", "+", "a", "match[]=", "\u{0}", "é", "%ff", "==", "limit=", "1e",
        ]
        let report = fuzz("form", quick: 5000, pieces: pieces.map { Array($0.utf8) }) { random in
            let values = [
                "1", "0", "2023-11-14T22:13:20.5+07:00", "1h30m", "up%7Ba%3D%22b%22%7D", "9223372036854775807", "NaN",
                "+Inf",
            ]
            let names = ["time", "start", "end", "step", "timeout", "limit", "match[]", "query"]
            return Array(names.map { "\($0)=\(random.pick(values))" }.joined(separator: "&").utf8)
        } decode: { bytes in
            verdict(ofForm: bytes)
        }
        #expect(report.problem == nil)
    }

    @Test func selectorsAreReadOrRefused() {
        let texts = [
            #"up"#, #"{__name__=~"a.+",b!="c"}"#, #"http_requests_total{job="api",code!~"2..|3.."}"#,
            #"{"my.metric","é"="x"}"#,
            #"a{b=~"[a-z]{2,3}(x|y)*"}"#, #"up{a="\"\\\n\u00e9"}"#,
        ]
        let pieces = [#"{"#, "}", "\"", "\\", "=~", "!~", "!=", ",", "(", ")", "[", "{9999}", "\\x", "é", "*", "|"]
        let report = fuzz("selector", quick: 3000, pieces: pieces.map { Array($0.utf8) }) { random in
            Array(random.pick(texts).utf8)
        } decode: { bytes in
            guard let matchers = try? parseSelector(String(decoding: bytes, as: UTF8.self)) else { return .refused }
            for matcher in matchers { _ = matcher.matches("abc") }
            return matchers.isEmpty ? .wrong("a selector without a matcher") : .taken
        }
        #expect(report.problem == nil)
    }

    @Test func stringObjectsAndLabelNamesAreReadOrRefused() {
        let report = fuzz("json object", quick: 3000, pieces: jsonPieces) { random in
            Array(#"{"a": "b\n\u00e9\ud83d\ude00", "U__my_2e_label": "\\"}"#.utf8)
        } decode: { bytes in
            let text = String(decoding: bytes, as: UTF8.self)
            _ = unescapedLabelName(text)
            return parseStringObject(text) == nil ? .refused : .taken
        }
        #expect(report.problem == nil)
    }
}

private let jsonPieces = [
    "{", "}", "[", "]", "\"", "\\", ":", ",", "null", "true", "\\ud83d", "1e400", "-", "9223372036854775808", "\"\"",
    "[[[[[[[[",
    "\"values\":[", "\"arrayValue\":{",
].map { Array($0.utf8) }

private func verdict(
    of bytes: [UInt8], _ version: WriteRequest.Version, _ receiver: RemoteWriteReceiver
) -> FuzzVerdict {
    guard let prepared = try? receiver.prepare(bytes, version) else { return .refused }
    let batch = prepared.batch
    guard batch.startTimes.isEmpty || batch.startTimes.count == batch.values.count else { return .wrong("start times") }
    guard batch.values.count <= Limit.writeSamples else { return .wrong("\(batch.values.count) samples") }
    for (index, ref) in batch.refs.enumerated() {
        let labels = prepared.labels(ofSeries: prepared.seriesIndex(of: index, \.sample))
        if ForgetfulStore.ref(labels) != ref { return .wrong("sample \(index) is of another series") }
    }
    for sample in batch.histograms where (try? sample.histogram.validate()) == nil {
        return .wrong("a histogram that is not valid")
    }
    return .taken
}

private func otlpVerdict(_ bytes: [UInt8]) -> FuzzVerdict {
    var settings = OTLPSettings()
    settings.promotesAllAttributes = true
    settings.promotesScope = true
    settings.convertsHistograms = bytes.count % 2 == 0
    var reader = OTLPReader(settings, lookbackMs: 300_000)
    guard (try? bytes.withUnsafeBytes { try reader.read($0) }) != nil else { return .refused }
    let request = reader.request
    guard request.samples.allSatisfy({ $0.series < request.series.count }) else {
        return .wrong("a sample of no series")
    }
    // A data point without anything has two bytes and two samples.
    guard request.samples.count <= 3 * bytes.count else {
        return .wrong("\(request.samples.count) samples of \(bytes.count) bytes")
    }
    for sample in request.histograms where (try? sample.histogram.validate()) == nil {
        return .wrong("a histogram that is not valid")
    }
    for labels in request.series {
        var last = ""
        for label in labels {
            if label.name <= last, !byteOrder(last, label.name) { return .wrong("labels that do not ascend") }
            last = label.name
        }
    }
    return .taken
}

private func verdict(ofForm bytes: [UInt8]) -> FuzzVerdict {
    var form = Form()
    guard (try? form.add(bytes)) != nil else { return .refused }
    guard form.parameters.count <= Limit.formParameters else { return .wrong("\(form.parameters.count) parameters") }
    for name in ["time", "start", "end"] {
        guard let time = try? form.time(name) else { continue }
        if time < TimeBounds.min || time > TimeBounds.max { return .wrong("the time \(time)") }
        _ = CivilTime.format(time)
    }
    for name in ["step", "timeout"] { _ = try? form.requiredDuration(name) }
    if let limit = try? form.limit(), limit < 1 { return .wrong("the limit \(limit)") }
    for text in form.all("match[]") { _ = try? parseSelector(text) }
    return form.problem == nil ? .taken : .refused
}

/// A store that tells series from their labels alone, so that it does not grow with them.
private struct ForgetfulStore: Appendable {
    static func ref(_ labels: Labels) -> SeriesRef { SeriesRef(id: UInt32(truncatingIfNeeded: labels.hashValue)) }

    func resolve(_ labels: [Labels]) throws(StorageError) -> [SeriesRef] { labels.map(ForgetfulStore.ref) }
    func append(_ batch: SampleBatch) async throws(StorageError) -> AppendResult { AppendResult() }
    func setMetadata(_ metadata: [MetricMetadata]) async throws(StorageError) {}
}
