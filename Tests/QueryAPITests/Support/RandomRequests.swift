import Model
import RemoteProtocol
import TestSupport

@testable import QueryAPI

/// Texts, times and values that are easily got wrong, among ordinary ones.
extension SeededGenerator {
    mutating func oddText() -> String {
        pick([
            "a", "job", "le", "x.y", "é😀", "", "__name__", "\u{0}", "a\"b\\c\n", String(repeating: "long", count: 40),
        ])
    }

    mutating func oddTime() -> Int64 { pick([0, 1, -1, 1_700_000_000_000, 1_700_000_015_000, .min, .max]) }

    mutating func oddValue() -> Double {
        pick([0, -0.0, 1, 0.1, 1e308, -.infinity, .nan, StaleMarker.value, .leastNonzeroMagnitude])
    }

    fileprivate mutating func oddLabels() -> [(String, String)] {
        var labels = [("__name__", pick(["m", "up", "é"]))]
        for name in ["code", "job", "le"] where chance(50) { labels.append((name, oddText())) }
        return labels
    }
}

func randomWrite1(_ random: inout SeededGenerator) -> [UInt8] {
    var message = Message()
    for _ in 0...random.number(3) {
        let samples = (0..<random.number(4)).map { _ in (random.oddTime(), random.oddValue()) }
        message.series(random.oddLabels(), samples)
    }
    if random.chance(50) { message.metadata(UInt64(random.number(9)), "m", random.oddText(), "s") }
    if random.chance(60) {
        var series = Message()
        series.bytes(1, Message.label(Array("__name__".utf8), Array("h".utf8)))
        series.bytes(4, Message.histogram(random.oddTime(), sampleHistogram))
        series.bytes(3, Message.exemplar(6, random.oddValue(), [("trace_id", "x")]))
        message.bytes(1, series.bytes)
    }
    return message.bytes
}

func randomWrite2(_ random: inout SeededGenerator) -> [UInt8] {
    var message = Message2()
    for _ in 0...random.number(3) {
        message.series(random.oddLabels()) { series, message in
            for _ in 0..<random.number(3) {
                series.bytes(2, message.sample(random.oddTime(), random.oddValue(), startTime: random.oddTime()))
            }
            if random.chance(50) {
                series.bytes(3, Message.histogram(random.oddTime(), sampleHistogram, startTime: 7))
            }
            series.bytes(4, message.exemplar(6, 1, [("trace_id", "x")]))
            series.bytes(5, message.metadata(3, random.oddText(), "unit"))
        }
    }
    return message.bytes(symbolsFirst: random.chance(80))
}

func randomRead(_ random: inout SeededGenerator) -> [UInt8] {
    let queries = (0...random.number(2)).map { _ in
        var hints = ReadRequest.Hints()
        hints.function = "rate"
        hints.step = random.oddTime()
        let matchers = (0...random.number(3)).compactMap { _ in
            try? Matcher(random.oddText(), random.pick([.equal, .notEqual, .matches, .notMatches]), "a.+|b")
        }
        return ReadRequest.Query(
            startTime: random.oddTime(), endTime: random.oddTime(), matchers: matchers,
            hints: random.chance(50) ? hints : nil)
    }
    return ReadRequest(queries: queries, acceptedTypes: [.streamedChunks, .samples]).encoded()
}

/// A metrics request of OTLP with every kind of metric, in both encodings.
struct OTLPSample {
    let protobuf: [UInt8]
    let json: [UInt8]

    init(_ random: inout SeededGenerator) {
        let time = UInt64(bitPattern: random.pick([0, 1_700_000_000_000_000_000, 1_700_000_015_000_000_000, .max, -1]))
        let value = random.oddValue()
        let number = Int64(random.pick([0, 1, -1, Int.max, Int.min]))
        let text = random.oddText()
        let isMonotonic = random.chance(50)
        protobuf = OTLPSample.protobuf(time, value, number, text, isMonotonic)
        json = Array(OTLPSample.json(time, value, number, text, isMonotonic).utf8)
    }

    private static func json(
        _ time: UInt64, _ value: Double, _ number: Int64, _ text: String, _ isMonotonic: Bool
    ) -> String {
        var quotedText: [UInt8] = []
        quotedText.appendJSONString(text)
        let text = String(decoding: quotedText, as: UTF8.self)
        let value =
            value.isNaN
            ? "\"NaN\"" : value == -.infinity ? "\"-Infinity\"" : value == .infinity ? "\"Infinity\"" : "\(value)"
        let point =
            #""startTimeUnixNano":"1","timeUnixNano":"\#(time)","attributes":[{"key":"gpu","value":{"stringValue":\#(text)}}]"#
        return """
            {"resourceMetrics": [{"resource": {"attributes": [
              {"key": "service.name", "value": {"stringValue": "shop"}}, {"key": \(text), "value": {"intValue": "\(number)"}},
              {"key": "list", "value": {"arrayValue": {"values": [{"boolValue": true}, {"doubleValue": \(value)}]}}},
              {"key": "map", "value": {"kvlistValue": {"values": [{"key": "k", "value": {"bytesValue": "AQID"}}]}}}],
              "droppedAttributesCount": 3}, "unknown": [{"a": [1, null, {}]}],
             "scopeMetrics": [{"schemaUrl": "", "scope": {"name": "lib", "version": \(text)}, "metrics": [
              {"name": "temp", "unit": "Cel", "description": \(text), "gauge": {"dataPoints": [{\(point), "asDouble": \(value)}]}},
              {"name": "sold", "sum": {"aggregationTemporality": 2, "isMonotonic": \(isMonotonic), "data_points": [
               {\(point), "asInt": "\(number)", "flags": 0, "exemplars": [{"timeUnixNano": \(time), "asInt": 5,
                "traceId": "5b8efff798038103d269b633813fc60c", "spanId": "EEE19B7EC3C1B174"}]}]}},
              {"name": "wait", "unit": "s", "histogram": {"aggregationTemporality": "AGGREGATION_TEMPORALITY_CUMULATIVE",
               "dataPoints": [{\(point), "count": "6", "sum": 7.5, "bucketCounts": ["1", 3, "2"], "explicitBounds": [0.1, 5]}]}},
              {"name": "size", "exponentialHistogram": {"aggregationTemporality": 2, "dataPoints": [{\(point), "count": "4",
               "sum": 3.0, "scale": 1, "zeroCount": 1, "positive": {"offset": -2, "bucketCounts": ["1", "0", "0", "0", "2"]}}]}},
              {"name": "length", "summary": {"dataPoints": [{\(point), "count": 2, "sum": 9.0,
               "quantileValues": [{"quantile": 0.5, "value": \(value)}]}]}}]}]}]}
            """
    }

    private static func protobuf(
        _ time: UInt64, _ value: Double, _ number: Int64, _ text: String, _ isMonotonic: Bool
    ) -> [UInt8] {
        func point(_ attributes: UInt64, _ start: UInt64, _ more: (inout Message) -> Void) -> [UInt8] {
            var point = Message()
            point.fixed64(start, 1)
            point.fixed64(start + 1, time)
            point.bytes(attributes, OTLPMessage.attribute("gpu", text))
            more(&point)
            return point.bytes
        }
        var message = OTLPMessage()
        message.resourceAttributes = OTLPSample.resource(value, number, text)
        message.scopeName = "lib"
        message.scopeVersion = text
        message.metric("temp", unit: "Cel", help: text, kind: 5) { $0.bytes(1, point(7, 2) { $0.double(4, value) }) }
        message.metric("sold", kind: 7) {
            $0.bytes(
                1,
                point(7, 2) {
                    $0.fixed64(6, UInt64(bitPattern: number))
                    var exemplar = Message()
                    exemplar.fixed64(2, time)
                    exemplar.fixed64(6, 5)
                    exemplar.bytes(4, [0xee, 0xe1, 0x9b, 0x7e, 0xc3, 0xc1, 0xb1, 0x74])
                    exemplar.bytes(
                        5,
                        [
                            0x5b, 0x8e, 0xff, 0xf7, 0x98, 0x03, 0x81, 0x03, 0xd2, 0x69, 0xb6, 0x33, 0x81, 0x3f, 0xc6,
                            0x0c,
                        ])
                    $0.bytes(5, exemplar.bytes)
                })
            $0.varint(2, 2)
            $0.varint(3, isMonotonic ? 1 : 0)
        }
        message.metric("wait", unit: "s", kind: 9) {
            $0.bytes(
                1,
                point(9, 2) {
                    $0.fixed64(4, 6)
                    $0.double(5, 7.5)
                    for count in [1, 3, 2] as [UInt64] { $0.fixed64(6, count) }
                    for bound in [0.1, 5] { $0.double(7, bound) }
                })
            $0.varint(2, 2)
        }
        message.metric("size", kind: 10) {
            var buckets = Message()
            buckets.varint(1, 3)  // -2 in zigzag
            for count in [1, 0, 0, 0, 2] as [UInt64] { buckets.varint(2, count) }
            $0.bytes(
                1,
                point(1, 2) {
                    $0.fixed64(4, 4)
                    $0.double(5, 3)
                    $0.varint(6, 2)  // 1 in zigzag
                    $0.fixed64(7, 1)
                    $0.bytes(8, buckets.bytes)
                })
            $0.varint(2, 2)
        }
        message.metric("length", kind: 11) {
            var quantile = Message()
            quantile.double(1, 0.5)
            quantile.double(2, value)
            $0.bytes(
                1,
                point(7, 2) {
                    $0.fixed64(4, 2)
                    $0.double(5, 9)
                    $0.bytes(6, quantile.bytes)
                })
        }
        return message.bytes
    }

    private static func resource(_ value: Double, _ number: Int64, _ text: String) -> [[UInt8]] {
        func pair(_ name: String, _ build: (inout Message) -> Void) -> [UInt8] {
            var inner = Message()
            build(&inner)
            var pair = Message()
            pair.bytes(1, Array(name.utf8))
            pair.bytes(2, inner.bytes)
            return pair.bytes
        }
        func message(_ build: (inout Message) -> Void) -> [UInt8] {
            var message = Message()
            build(&message)
            return message.bytes
        }
        let list = [message { $0.varint(2, 1) }, message { $0.double(4, value) }]
        return [
            OTLPMessage.attribute("service.name", "shop"), pair(text) { $0.varint(3, UInt64(bitPattern: number)) },
            pair("list") { $0.bytes(5, message { for one in list { $0.bytes(1, one) } }) },
            pair("map") { $0.bytes(6, message { $0.bytes(1, pair("k") { $0.bytes(7, [1, 2, 3]) }) }) },
        ]
    }
}
