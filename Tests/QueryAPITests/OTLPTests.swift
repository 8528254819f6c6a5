import HTTPTypes
import Model
import NIOCore
import Protobuf
import RemoteProtocol
import TestSupport
import Testing

@testable import QueryAPI

/// Builds an OTLP request of one resource and one scope.
private struct OTLPMessage {
    var metrics: [[UInt8]] = []
    var resource: [(String, String)] = []
    var scopeName = ""
    var scope: [(String, String)] = []

    static func attribute(_ name: String, _ value: String) -> [UInt8] {
        var text = Message()
        text.bytes(1, Array(value.utf8))
        var pair = Message()
        pair.bytes(1, Array(name.utf8))
        pair.bytes(2, text.bytes)
        return pair.bytes
    }

    mutating func metric(_ name: String, unit: String = "", kind: UInt64, _ data: (inout Message) -> Void) {
        var inner = Message()
        data(&inner)
        var metric = Message()
        metric.bytes(1, Array(name.utf8))
        metric.bytes(3, Array(unit.utf8))
        metric.bytes(kind, inner.bytes)
        metrics.append(metric.bytes)
    }

    /// A data point with a time, and `value` as a double where it is given.
    static func point(_ ms: UInt64, _ value: Double? = nil, _ more: (inout Message) -> Void = { _ in }) -> [UInt8] {
        var point = Message()
        point.fixed64(3, ms * 1_000_000)
        if let value { point.double(4, value) }
        more(&point)
        return point.bytes
    }

    var bytes: [UInt8] {
        var resourceMessage = Message()
        for (name, value) in resource { resourceMessage.bytes(1, OTLPMessage.attribute(name, value)) }
        var scope = Message()
        var content = Message()
        content.bytes(1, Array(scopeName.utf8))
        for (name, value) in self.scope { content.bytes(3, OTLPMessage.attribute(name, value)) }
        scope.bytes(1, content.bytes)
        for metric in metrics { scope.bytes(2, metric) }
        var whole = Message()
        whole.bytes(1, resourceMessage.bytes)
        whole.bytes(2, scope.bytes)
        var request = Message()
        request.bytes(1, whole.bytes)
        return request.bytes
    }
}

extension Message {
    fileprivate mutating func fixed64(_ field: UInt64, _ number: UInt64) {
        double(field, Double(bitPattern: number))
    }
}

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
            #expect(wrong.status == 400 && wrong.text.hasPrefix("unsupported content type: text/plain"))
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

    @Test(arguments: [51, 52, 53] as [UInt64]) func damagedRequestsNeverTrap(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let message = sample().bytes
        var all = OTLPSettings()
        all.promotesAllAttributes = true
        all.promotesScope = true
        all.convertsHistograms = seed % 2 == 0
        for length in 0..<message.count { _ = try? read(Array(message[..<length]), all) }
        for _ in 0..<tries(3000, slow: 200_000) {
            var bytes = message
            for _ in 0...random.below(4) { bytes[random.below(bytes.count)] = UInt8(truncatingIfNeeded: random.next()) }
            guard let request = try? read(bytes, all) else { continue }
            for sample in request.samples { #expect(sample.series < request.series.count) }
            for sample in request.histograms { #expect(throws: Never.self) { try sample.histogram.validate() } }
        }
    }
}
