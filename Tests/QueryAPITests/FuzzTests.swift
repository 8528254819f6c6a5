import Model
import TestSupport
import Testing

@testable import QueryAPI
@testable import RemoteProtocol

/// Inputs made at random must be refused or accepted, and never end the process. A failure names its seed.
@Suite struct FuzzTests {
    @Test(arguments: [1, 2, 3] as [UInt64]) func formsNeverTrap(_ seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let pieces: [String] = ["%", "%4", "%41", "%zz", "&", "=", ";", "+", "a", "match[]", "\u{0}", "é", "%ff", "=="]
        for _ in 0..<20_000 {
            var form = Form()
            try form.add((0..<random.below(12)).map { _ in pieces[random.below(pieces.count)] }.joined().utf8)
            _ = try? form.limit("a")
            _ = try? form.time("a")
            _ = form.all("")
        }
    }

    @Test func everyEncodedStringDecodesToItself() throws {
        var random = SeededGenerator(seed: 7)
        for _ in 0..<2000 {
            let scalars = (0..<random.below(20)).compactMap { _ in Unicode.Scalar(UInt32(random.below(0x11_0000))) }
            var text = ""
            text.unicodeScalars.append(contentsOf: scalars)
            var form = QueryAPI.Form()
            try form.add("x=1&k=\(percentEncoded(text))&y".utf8)
            #expect(form["k"].utf8.elementsEqual(text.utf8))
            #expect(form.problem == nil)
            #expect(form.parameters.map(\.name) == ["x", "k", "y"])
        }
    }

    @Test(arguments: [11, 12] as [UInt64]) func timesAndDurationsNeverTrap(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let seeds = [
            "2023-11-14T22:13:20.5+07:00", "1e308", "-1e308", "9223372036854775807", "-0", "1h30m", "9999999999y",
            "NaN",
            "+Inf", "0x1p-2", "9e12", "-9e12", "9223372036", "9999-12-31T23:59:59.999999999Z", "0000-01-01T00:00:00Z",
        ]
        let alphabet = Array("0123456789eE+-.:TZyhmsd \u{0}n".unicodeScalars)
        for _ in 0..<50_000 {
            var text = Array(seeds[random.below(seeds.count)].unicodeScalars)
            for _ in 0..<random.below(3) where !text.isEmpty {
                text[random.below(text.count)] = alphabet[random.below(alphabet.count)]
            }
            var mutated = ""
            mutated.unicodeScalars.append(contentsOf: text)
            if let time = parseTime(mutated) {
                #expect(time >= TimeBounds.min && time <= TimeBounds.max)
                _ = CivilTime.format(time)
            }
            _ = parseDuration(mutated)
        }
    }

    @Test func formattedTimesAreReadBack() {
        var random = SeededGenerator(seed: 5)
        for _ in 0..<20_000 {
            // Years 0000 to 9999.
            let time = Int64(random.below(315_569_520_000_000)) - 62_167_219_200_000
            #expect(CivilTime.parse(CivilTime.format(time)) == time)
        }
    }

    @Test(arguments: [21, 22, 23] as [UInt64]) func damagedWriteRequestsNeverTrap(_ seed: UInt64) {
        var message = Message()
        for number in 0..<3 {
            message.series([("__name__", "metric"), ("n", String(number))], [(1, 1), (2, .nan)])
        }
        message.metadata(1, "metric", "help", "unit")
        var series = Message()
        series.bytes(1, Message.label(Array("__name__".utf8), Array("h".utf8)))
        series.bytes(4, Message.histogram(5, sampleHistogram))
        series.bytes(3, Message.exemplar(6, 1, [("trace_id", "x")]))
        message.bytes(1, series.bytes)
        damage(message.bytes, .v1, seed)
    }

    @Test(arguments: [24, 25, 26] as [UInt64]) func damagedWriteRequestsOfVersion2NeverTrap(_ seed: UInt64) {
        var message = Message2()
        for number in 0..<3 {
            message.series([("__name__", "metric"), ("n", String(number))]) { series, message in
                series.bytes(2, message.sample(1, 1, startTime: 5))
                series.bytes(3, Message.histogram(5, sampleHistogram, startTime: 7))
                series.bytes(4, message.exemplar(6, 1, [("trace_id", "x")]))
                series.bytes(5, message.metadata(3, "help", "unit"))
                series.varint(6, 9)
            }
        }
        damage(message.bytes(), .v2, seed)
    }

    private func damage(_ message: [UInt8], _ version: WriteRequest.Version, _ seed: UInt64) {
        let receiver = RemoteWriteReceiver(MemoryStore(), registry: MetricRegistry())
        var random = SeededGenerator(seed: seed)
        for length in 0..<message.count { _ = try? receiver.prepare(Array(message[..<length]), version) }
        for _ in 0..<20_000 {
            var bytes = message
            for _ in 0...random.below(4) { bytes[random.below(bytes.count)] = UInt8(truncatingIfNeeded: random.next()) }
            guard let prepared = try? receiver.prepare(bytes, version) else { continue }
            let batch = prepared.batch
            #expect(batch.startTimes.isEmpty || batch.startTimes.count == batch.values.count)
            for (index, ref) in batch.refs.enumerated() {
                let labels = prepared.labels(ofSeries: prepared.seriesIndex(of: index, \.sample))
                #expect((try? receiver.appendable.resolve([labels])) == [ref])
            }
            for sample in batch.histograms { #expect(throws: Never.self) { try sample.histogram.validate() } }
        }
    }

    @Test func damagedSnappyBlocksNeverTrap() {
        var random = SeededGenerator(seed: 31)
        let block = snappyCompressed((0..<2000).map { UInt8($0 / 7 % 50) })
        for _ in 0..<20_000 {
            var bytes = block
            for _ in 0...random.below(3) { bytes[random.below(bytes.count)] = UInt8(truncatingIfNeeded: random.next()) }
            if random.below(4) == 0 { bytes.removeLast(random.below(bytes.count)) }
            let content = bytes.withUnsafeBytes { try? snappyDecompressed($0, bytesMax: 1 << 20) }
            if let content { #expect(content.count <= 1 << 20) }
        }
    }

    @Test func everyByteStringBecomesValidJSON() throws {
        var random = SeededGenerator(seed: 41)
        for _ in 0..<5000 {
            let bytes = (0..<random.below(30)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
            for escaping in [JSONEscaping.minimal, .html] {
                var out: [UInt8] = []
                bytes.withUnsafeBufferPointer { out.appendJSONString($0, escaping) }
                let text = try #require(String(validating: out, as: UTF8.self))
                #expect(text.dropFirst().dropLast().unicodeScalars.allSatisfy { $0.value >= 0x20 })
                #expect(unescaped(text) == String(decoding: bytes, as: UTF8.self))
            }
        }
    }
}

/// The text of a JSON string.
private func unescaped(_ json: String) -> String? {
    var rest = json.unicodeScalars.dropFirst().dropLast()
    var text = String.UnicodeScalarView()
    while let scalar = rest.popFirst() {
        guard scalar == "\\" else {
            if scalar == "\"" { return nil }
            text.append(scalar)
            continue
        }
        switch rest.popFirst() {
        case "n": text.append("\n")
        case "r": text.append("\r")
        case "t": text.append("\t")
        case "u":
            guard let code = UInt32(String(rest.prefix(4)), radix: 16), let scalar = Unicode.Scalar(code) else {
                return nil
            }
            text.append(scalar)
            rest = rest.dropFirst(4)
        case let other?: text.append(other)
        case nil: return nil
        }
    }
    return String(text)
}

extension SeededGenerator {
    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }
}
