import HTTPTypes
import Model
import NIOCore
import Protobuf
import RemoteProtocol
import TestSupport
import Testing

@testable import QueryAPI

private func read(
    _ bytes: [UInt8], _ settings: OTLPSettings = OTLPSettings(), into request: OTLPRequest = OTLPRequest()
) throws -> OTLPRequest {
    var reader = OTLPReader(settings, lookbackMs: 300_000)
    reader.request = request
    try bytes.withUnsafeBytes { try reader.read($0) }
    return reader.request
}

private func lines(_ request: OTLPRequest) -> [String] {
    request.samples.map { "\(request.series[$0.series]) \(formatFloat($0.value, .plain)) \($0.timestamp)" }
}

@Suite struct OTLPNameTests {
    /// Name, unit, whether it is a counter; the name under each of the four strategies.
    static let names: [(String, String, Bool, [String])] = [
        (
            "http.server.duration", "s", false,
            [
                "http_server_duration_seconds", "http_server_duration", "http.server.duration_seconds",
                "http.server.duration",
            ]
        ),
        ("requests", "1", true, ["requests_total", "requests", "requests_total", "requests"]),
        ("fill", "1", false, ["fill_ratio", "fill", "fill_ratio", "fill"]),
        ("a.total", "By", true, ["a_bytes_total", "a_total", "a.total_bytes_total", "a.total"]),
        ("speed", "m/s", false, ["speed_meters_per_second", "speed", "speed_meters_per_second", "speed"]),
        ("rate", "{req}/s", false, ["rate_per_second", "rate", "rate_per_second", "rate"]),
        ("x.seconds", "s", false, ["x_seconds", "x_seconds", "x.seconds_seconds", "x.seconds"]),
        ("9a__b", "", false, ["_9a_b", "_9a_b", "9a__b", "9a__b"]),
    ]

    @Test(arguments: names) func metricIsNamedAsPrometheusDoes(
        _ name: String, _ unit: String, _ isCounter: Bool, _ expected: [String]
    ) {
        for (strategy, expected) in zip(OTLPSettings.Translation.allCases, expected) {
            var settings = OTLPSettings()
            settings.translation = strategy
            let metric = OTLPNames.Metric(name: name, unit: unit, isCounter: isCounter, isGauge: !isCounter)
            #expect(OTLPNames(settings: settings).metricName(metric) == expected, "\(strategy)")
        }
    }

    @Test func labelsAreNamedAsPrometheusDoes() {
        let names = OTLPNames(settings: OTLPSettings())
        let expected = ["host.name": "host_name", "9x": "key_9x", "_y": "key_y", "__z": "__z", "a..b": "a__b"]
        for (name, label) in expected { #expect(names.labelName(name) == label) }
    }
}

@Suite struct OTLPTests {
    private func sample() -> OTLPMessage {
        var message = OTLPMessage()
        message.resource = [
            ("service.name", "shop"), ("service.namespace", "eu"), ("service.instance.id", "i-1"), ("host.name", "h1"),
        ]
        message.metric("temp", unit: "Cel", kind: 5) {
            $0.bytes(1, OTLPMessage.point(1000, 21.5) { $0.bytes(7, OTLPMessage.attribute("gpu.id", "0")) })
        }
        message.metric("sold", kind: 7) {
            $0.bytes(1, OTLPMessage.point(1000, 3))
            $0.varint(2, 2)
            $0.varint(3, 1)
        }
        message.metric("wait", unit: "s", kind: 9) {
            let point = OTLPMessage.point(1000) {
                $0.fixed64(4, 6)
                $0.double(5, 7.5)
                for count in [1, 3, 2] as [UInt64] { $0.fixed64(6, count) }
                for bound in [0.1, 5] { $0.double(7, bound) }
            }
            $0.bytes(1, point)
            $0.varint(2, 2)
        }
        message.metric("size", kind: 11) {
            let point = OTLPMessage.point(1000) {
                $0.fixed64(4, 2)
                $0.double(5, 9)
                var quantile = Message()
                quantile.double(1, 0.5)
                quantile.double(2, 4)
                $0.bytes(6, quantile.bytes)
            }
            $0.bytes(1, point)
        }
        return message
    }

    @Test func everyKindBecomesItsSeries() throws {
        let request = try read(sample().bytes)
        #expect(request.problems.lines == [])
        let labels = #"instance="i-1", job="eu/shop""#
        #expect(
            lines(request) == [
                "temp_celsius{gpu_id=\"0\", \(labels)} 21.5 1000", "sold_total{\(labels)} 3 1000",
                "wait_seconds_sum{\(labels)} 7.5 1000", "wait_seconds_count{\(labels)} 6 1000",
                "wait_seconds_bucket{\(labels), le=\"0.1\"} 1 1000", "wait_seconds_bucket{\(labels), le=\"5\"} 4 1000",
                "wait_seconds_bucket{\(labels), le=\"+Inf\"} 6 1000", "size_sum{\(labels)} 9 1000",
                "size_count{\(labels)} 2 1000", "size{\(labels), quantile=\"0.5\"} 4 1000",
                "target_info{host_name=\"h1\", \(labels)} 1 1000",
            ])
        #expect(request.metadata.map(\.metric) == ["temp_celsius", "sold_total", "wait_seconds", "size"])
        #expect(request.metadata.map(\.type) == [.gauge, .counter, .histogram, .summary])
    }

    @Test func settingsPromoteAttributesAndConvertHistograms() throws {
        var settings = OTLPSettings()
        settings.promotedAttributes = ["host.name"]
        settings.keepsIdentifyingAttributes = true
        settings.convertsHistograms = true
        let request = try read(sample().bytes, settings)
        #expect(
            lines(request).first
                == #"temp_celsius{gpu_id="0", host_name="h1", instance="i-1", job="eu/shop"} 21.5 1000"#)
        #expect(lines(request).last?.contains(#"service_name="shop""#) == true)
        let histogram = try #require(request.histograms.first?.histogram)
        #expect(histogram.customValues == [0.1, 5])
        #expect(histogram.positiveBuckets == [1, 3, 2])
        #expect(histogram.count == 6 && histogram.sum == 7.5)
    }

    @Test func exponentialHistogramBecomesNative() throws {
        var message = OTLPMessage()
        message.metric("wait", kind: 10) {
            var buckets = Message()
            buckets.varint(1, 3)  // -2 in zigzag
            for count in [1, 0, 0, 0, 2] as [UInt64] { buckets.varint(2, count) }
            let point = OTLPMessage.point(1000) {
                $0.fixed64(4, 4)
                $0.double(5, 3)
                $0.varint(6, 2)  // 1 in zigzag
                $0.fixed64(7, 1)
                $0.bytes(8, buckets.bytes)
            }
            $0.bytes(1, point)
            $0.varint(2, 2)
        }
        let histogram = try #require(try read(message.bytes).histograms.first?.histogram)
        #expect(histogram.schema == 1 && histogram.zeroCount == 1 && histogram.zeroThreshold == 1e-128)
        #expect(histogram.positiveSpans == [.init(offset: -1, length: 1), .init(offset: 3, length: 1)])
        #expect(histogram.positiveBuckets == [1, 2])
    }

    @Test func deltaTemporalityIsLeftOutAndSaid() throws {
        var message = OTLPMessage()
        message.metric("sold", kind: 7) {
            $0.bytes(1, OTLPMessage.point(1000, 3))
            $0.varint(2, 1)
        }
        let request = try read(message.bytes)
        #expect(request.series.isEmpty)
        #expect(
            request.problems.lines == [
                #"metric "sold" is left out: its temporality is delta; only cumulative is accepted"#
            ])
    }

    @Test func attributesAreBounded() throws {
        var message = sample()
        // Names that become the same, none of them long.
        let many = (0..<20_000).map { ($0 % 2 == 0 ? "a.b" : "a_b", "v") }
        message.metric("many", kind: 5) {
            let point = OTLPMessage.point(1000, 1) {
                for (name, value) in many { $0.bytes(7, OTLPMessage.attribute(name, value)) }
            }
            $0.bytes(1, point)
        }
        var request = try read(message.bytes)
        #expect(request.samples.count == 11)
        #expect(
            request.problems.lines == [
                #"a data point of "many" is left out: it has more than 65536 bytes of attributes"#
            ])
        message.resource = many
        request = try read(message.bytes)
        #expect(request.samples.isEmpty)
        #expect(request.problems.lines == ["a resource is left out: it has more than 65536 bytes of attributes"])
        message = sample()
        message.metric(String(repeating: "n", count: 70_000), kind: 5) { $0.bytes(1, OTLPMessage.point(1000, 1)) }
        request = try read(message.bytes)
        #expect(request.samples.count == 11)
        #expect(request.problems.lines.first?.hasSuffix("its name is longer than 65536 bytes") == true)
    }

    @Test func attributesOfOneNameAreJoined() throws {
        var message = OTLPMessage()
        message.resource = [("service.name", "shop")]
        message.metric("m", kind: 5) {
            let point = OTLPMessage.point(1000, 1) {
                for (name, value) in [("b", ""), ("a_b", "2"), ("a.b", "1"), ("job", "own"), ("a.b", "3")] {
                    $0.bytes(7, OTLPMessage.attribute(name, value))
                }
            }
            $0.bytes(1, point)
        }
        #expect(lines(try read(message.bytes)) == [#"m{a_b="1;3;2", job="shop"} 1 1000"#])
    }

    @Test func scopeWinsOverAttributesOfItsNames() throws {
        var settings = OTLPSettings()
        settings.promotesScope = true
        settings.promotesAllAttributes = true
        var message = OTLPMessage()
        message.resource = [("service.name", "shop"), ("os", "linux"), ("zone", "a")]
        message.scopeName = "lib"
        message.scope = [("a.b", "first"), ("a_b", "last")]
        message.metric("m", kind: 5) {
            let point = OTLPMessage.point(1000, 1) {
                for (name, value) in [
                    ("otel_scope_name", "x"), ("otel_scope_version", "1"), ("os", "own"), ("zone", ""),
                ] {
                    $0.bytes(7, OTLPMessage.attribute(name, value))
                }
            }
            $0.bytes(1, point)
        }
        let labels =
            #"job="shop", os="own", otel_scope_a_b="last", otel_scope_name="lib", service_name="shop", zone="a""#
        #expect(lines(try read(message.bytes, settings)).first == "m{\(labels)} 1 1000")
    }

    @Test func labelsOfAllSamplesAreBounded() throws {
        var message = OTLPMessage()
        message.resource = [("service.name", String(repeating: "s", count: 500))]
        message.metric("m", kind: 5) {
            for ms in 1...20 as ClosedRange<UInt64> { $0.bytes(1, OTLPMessage.point(ms, 1)) }
        }
        #expect(try read(message.bytes, into: OTLPRequest(labelBytes: 20_000)).samples.count == 20)
        #expect(throws: ProtobufError.self) { try read(message.bytes, into: OTLPRequest(labelBytes: 10_000)) }
    }

    @Test func exemplarsAreBounded() throws {
        var message = OTLPMessage()
        message.metric("m", kind: 7) {
            let empty = [5 << 3 | 2, 0] as [UInt8]
            let point = OTLPMessage.point(1000, 1) {
                for _ in 0...Limit.writeExemplars { $0.bytes += empty }
            }
            $0.bytes(1, point)
            $0.varint(2, 2)
        }
        #expect(throws: ProtobufError.self) { try read(message.bytes) }
    }

    @Test func samplesArriveOverHTTP() async throws {
        let store = MemoryStore()
        let body = sample().bytes
        try await withServer(store) {
            $0.options.enableOTLPReceiver = true
        } _: { port in
            let type = ("Content-Type", "application/x-protobuf")
            let answer = try await ask(port, "POST", "/api/v1/otlp/v1/metrics", headers: [type], body: body)
            #expect(answer.status == 200 && answer.body.isEmpty)
            #expect(try await ask(port, "POST", OTLPReceiver.path, headers: [type], body: [255]).status == 400)
            let wrong = try await ask(port, "POST", OTLPReceiver.path, headers: [("Content-Type", "text/plain")])
            #expect(
                wrong.status == 400
                    && wrong.text.hasPrefix(
                        "unsupported content type: text/plain, supported: [application/json, application/x-protobuf]")
            )
            let gzip = [type, ("Content-Encoding", "gzip")]
            let damaged = try await ask(port, "POST", OTLPReceiver.path, headers: gzip, body: body)
            #expect(damaged.status == 400 && damaged.text.hasPrefix("gzip: "))
        }
        #expect(store.contents.keys.contains(#"sold_total{instance="i-1", job="eu/shop"}"#))
        try await withServer(store) { port in
            let answer = try await ask(port, "POST", OTLPReceiver.path)
            #expect(answer.status == 404)
        }
    }

    @Test func requestsInJSONMeanWhatThoseInProtobufDo() throws {
        var random = SeededGenerator(seed: makeSeed())
        var settings = OTLPSettings()
        settings.promotesAllAttributes = true
        settings.promotesScope = true
        for _ in 0..<50 {
            let sample = OTLPSample(&random)
            let message = try sample.json.withUnsafeBytes { try otlpMessage(json: $0, bytesMax: 1 << 20) }
            let (json, protobuf) = (try read(message, settings), try read(sample.protobuf, settings))
            #expect(lines(json) == lines(protobuf))
            #expect(lines(json).count > 8)
            #expect(json.histograms.map(\.histogram) == protobuf.histograms.map(\.histogram))
            #expect(json.exemplars.map(\.exemplar.labels) == protobuf.exemplars.map(\.exemplar.labels))
            #expect(json.metadata == protobuf.metadata && json.problems.lines == protobuf.problems.lines)
        }
    }

    private static let faultyJSON: [(String, String)] = [
        ("", "json: expected '{' at byte 0"), ("[]", "json: expected '{' at byte 0"),
        ("{} {}", "json: expected the end at byte 3"),
        (#"{"resourceMetrics": {}}"#, "json: expected '[' at byte 20"),
        (#"{"resourceMetrics": [{"scopeMetrics": [{"metrics": [{"name": 5}]}]}]}"#, "json: expected '\"' at byte 61"),
        (#"{"a": \#(String(repeating: "[", count: 100))"#, "at most 64 nested"),
        (#"{"a": tru}"#, "json: expected a value before at byte 9"),
        (
            #"{"resourceMetrics": [{"scopeMetrics": [{"metrics": [{"sum": {"dataPoints": [{"asInt": "1.5"}]}}]}]}]}"#,
            "json: expected a whole number of 64 bits before"
        ),
    ]

    @Test(arguments: faultyJSON) func faultsInJSONAreNamedWithTheirPlace(_ text: String, _ message: String) {
        let error = #expect(throws: JSONError.self) {
            try Array(text.utf8).withUnsafeBytes { try otlpMessage(json: $0, bytesMax: 1 << 20) }
        }
        #expect(error?.description.contains(message) == true, "\(error?.description ?? "")")
    }

    @Test func messagesOfJSONAreBounded() throws {
        var random = SeededGenerator(seed: 1)
        let sample = OTLPSample(&random)
        #expect(throws: JSONError.self) {
            try sample.json.withUnsafeBytes { try otlpMessage(json: $0, bytesMax: sample.protobuf.count / 2) }
        }
    }

    @Test func samplesInJSONArriveOverHTTP() async throws {
        let store = MemoryStore()
        let text = """
            {"resourceMetrics": [{"scopeMetrics": [{"metrics": [{"name": "t", "gauge": {"dataPoints": [
             {"timeUnixNano": "1000000000", "asInt": "5"}]}}]}]}]}
            """
        try await withServer(store) {
            $0.options.enableOTLPReceiver = true
        } _: { port in
            let type = ("Content-Type", "application/json; charset=utf-8")
            func post(_ text: String) async throws -> HTTPAnswer {
                try await ask(port, "POST", OTLPReceiver.path, headers: [type], body: Array(text.utf8))
            }
            let answer = try await post(text)
            #expect(answer.status == 200 && answer.text == "{}")
            #expect(answer.header("Content-Type") == "application/json")
            let left = try await post(text.replacing("gauge", with: "unknown"))
            #expect(
                left.status == 200
                    && left.text
                        == #"{"partialSuccess":{"errorMessage":"metric \"t\" is left out: it has no data of a known type"}}"#
            )
            let refused = try await post("{")
            #expect(refused.status == 400 && refused.text == #"{"message":"json: expected '\"' at byte 1"}"#)
        }
        #expect(store.contents.values.map { $0.map(\.value) } == [[5]])
    }

    @Test func compressedBodiesAreBounded() throws {
        var compressed: [UInt8] = []
        try #require(Deflater()).compress([UInt8](repeating: 7, count: 1 << 20), isLast: true, into: &compressed)
        let content = try compressed.withUnsafeBytes { try gunzipped($0, bytesMax: 1 << 20) }
        #expect(content.count == 1 << 20 && content.allSatisfy { $0 == 7 })
        #expect(throws: GzipError.self) { try compressed.withUnsafeBytes { try gunzipped($0, bytesMax: 1 << 19) } }
        // A second member's content follows the first's.
        let twice = try (compressed + compressed).withUnsafeBytes { try gunzipped($0, bytesMax: 2 << 20) }
        #expect(twice.count == 2 << 20)
        #expect(throws: GzipError.self) {
            try (compressed + [1, 2, 3]).withUnsafeBytes { try gunzipped($0, bytesMax: 2 << 20) }
        }
        for length in stride(from: 0, to: compressed.count, by: 7) {
            #expect(throws: GzipError.self) {
                try compressed[..<length].withUnsafeBytes { try gunzipped($0, bytesMax: 1 << 20) }
            }
        }
    }
}
