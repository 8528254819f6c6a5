import Exposition
import Model
import TestSupport
import Testing

/// All that a protobuf page says, and its heads.
func readProtobufPage(_ page: [UInt8], _ choice: HistogramChoice = HistogramChoice()) throws -> (
    samples: [ReadSample], metadata: [MetadataLine], rest: [ExposedMetric.Sample]
) {
    var samples: [ReadSample] = []
    var metadata: [MetadataLine] = []
    var rest: [ExposedMetric.Sample] = []
    try page.withUnsafeBytes { bytes in
        var page = ProtobufPage(bytes, choice)
        var metric = ExposedMetric()
        while try page.next(&metric) {
            for index in metric.lines.indices {
                switch metric.lines[index].content {
                case .comment(let line): metadata.append(line)
                case .sample(let sample):
                    let labels = try metric.withHead(index) { head in
                        try TextParser(head, format: .text).labels(of: head)
                    }
                    samples.append(
                        ReadSample(
                            labels: Labels(labels.map { ($0.name, $0.value) }), valueBits: sample.value.bitPattern,
                            timestamp: sample.timestamp))
                    rest.append(sample)
                }
            }
        }
    }
    return (samples, metadata, rest)
}

@Suite struct ProtobufPageTests {
    /// Families that both formats write alike.
    private static let sharedKinds: [PageFamily.Kind] = [.counter, .gauge, .summary, .unknown, .histogram]

    @Test func aPageSaysWhatTheSamePageOfTextSays() throws {
        var random = SeededGenerator(seed: makeSeed())
        for number in 0..<60 {
            let families = Self.sharedKinds.enumerated().map {
                PageFamily.random($0.offset, $0.element, utf8: number % 2 == 1, &random)
            }
            let text = try readPage(textPage(families, isOpenMetrics: false))
            let binary = try readProtobufPage(protobufPage(families))
            #expect(binary.samples.map(\.description).sorted() == text.samples.map(\.description).sorted())
            let units = binary.metadata.filter { if case .unit = $0 { true } else { false } }
            #expect(units.count == families.count { !$0.unit.isEmpty })
            #expect(binary.metadata.filter { !units.contains($0) } == text.metadata)
        }
    }

    @Test func exemplarsAndStartTimesAreRead() throws {
        var counter = PageFamily("a_total", .counter)
        var metric = PageFamily.Metric()
        metric.value = 3
        metric.createdSeconds = 1_700_000_000.25
        metric.exemplars = [.init(labels: [("trace_id", "x\"y")], value: 0.5, seconds: 12.5)]
        counter.metrics = [metric]
        let rest = try readProtobufPage(protobufPage([counter])).rest
        #expect(rest.map(\.startTime) == [1_700_000_000_250])
        #expect(
            rest.first?.exemplars == [
                ExposedExemplar(labels: Labels([("trace_id", "x\"y")]), value: 0.5, timestamp: 12_500)
            ])
    }

    /// Whatever else it says.
    @Test func familiesWithoutMetricsSayNothing() throws {
        var empty = PageFamily("", .gauge)
        (empty.help, empty.unit) = ("Nothing.", "seconds")
        var family = PageFamily("g", .gauge)
        family.metrics = [PageFamily.Metric()]
        // A family of a type that is none: its name, and the type 9.
        let unknown: [UInt8] = [5, 0x0a, 1, UInt8(ascii: "u"), 0x18, 9]
        let page = try readProtobufPage(protobufPage([empty]) + unknown + protobufPage([family]))
        #expect(page.metadata == [.type(metric: "g", .gauge)] && page.samples.count == 1)
        let withMetric: [UInt8] = [7, 0x0a, 1, UInt8(ascii: "u"), 0x18, 9, 0x22, 0]
        #expect(readError(withMetric)?.hasSuffix(": unknown metric type 9") == true)
    }

    /// The lines that a page is remembered by say what the page says.
    @Test func commentsAreWrittenAsTheyAreRead() throws {
        var family = PageFamily("é\"\\_x", .gaugeHistogram)
        (family.help, family.unit) = ("A\\b \"q\"\nc \\n", "x")
        family.metrics = [PageFamily.Metric()]
        try protobufPage([family]).withUnsafeBytes { bytes in
            var page = ProtobufPage(bytes, HistogramChoice())
            var metric = ExposedMetric()
            #expect(try page.next(&metric) && metric.lines.count == 3)
            for index in metric.lines.indices {
                guard case .comment(let said) = metric.lines[index].content else { continue }
                let read = try metric.withHead(index) { head in
                    var parser = TextParser(head, format: .openMetrics)
                    return try parser.metadata(of: head)
                }
                #expect(read == said)
            }
        }
    }

    /// As in Prometheus, buckets of floating-point numbers without any observation are none of a histogram.
    @Test func floatBucketsNeedAFloatCount() throws {
        var family = PageFamily("h", .histogram)
        var metric = PageFamily.Metric()
        var native = Histogram(schema: 3)
        native.positiveSpans = [.init(offset: 0, length: 1)]
        (native.positiveBuckets, native.zeroThreshold) = ([0], 0.001)
        metric.native = native
        family.metrics = [metric]
        var choice = HistogramChoice()
        choice.takesNative = true
        #expect(throws: ExpositionError.self) { try readProtobufPage(protobufPage([family]), choice) }
    }

    @Test func bucketsBehindTheLastAreNone() throws {
        var family = PageFamily("h", .histogram)
        var metric = PageFamily.Metric()
        metric.count = 4
        metric.buckets = [(1, 2, nil), (.infinity, 4, nil), (2, 3, nil)]
        family.metrics = [metric]
        let buckets = try readProtobufPage(protobufPage([family])).samples.map(\.labels).filter { $0["le"] != nil }
        #expect(buckets.map { $0["le"] } == ["1.0", "+Inf"])
    }

    private func histogram(_ random: inout SeededGenerator, isFloat: Bool) -> PageFamily {
        var family = PageFamily.random(0, .histogram, utf8: false, &random)
        family.metrics = Array(family.metrics.prefix(1))
        family.metrics[0].makeNative(&random, isFloat: isFloat)
        family.metrics[0].buckets = [(1, 0, nil), (.infinity, family.metrics[0].count, nil)]
        return family
    }

    @Test func nativeHistogramsReadAsTheyWereWritten() throws {
        var random = SeededGenerator(seed: makeSeed())
        for number in 0..<200 {
            let family = histogram(&random, isFloat: number % 2 == 0)
            var choice = HistogramChoice()
            let classic = try readProtobufPage(protobufPage([family]), choice).rest
            #expect(classic.count == 4 && classic.allSatisfy { $0.histogram == nil })
            choice.takesNative = true
            let native = try readProtobufPage(protobufPage([family]), choice).rest
            let written = try #require(family.metrics[0].native)
            let read = try #require(native.first?.histogram)
            #expect(native.count == 1)
            #expect(read.count == written.count && read.sum == written.sum && read.schema == written.schema)
            #expect(read.populatedBuckets == written.populatedBuckets)
            choice.takesClassicToo = true
            #expect(try readProtobufPage(protobufPage([family]), choice).rest.count == 5)
        }
    }

    @Test func classicHistogramsBecomeOnesWithCustomBuckets() throws {
        var family = PageFamily("h", .histogram)
        var metric = PageFamily.Metric()
        (metric.count, metric.sum) = (7, 4.5)
        metric.buckets = [(0.5, 1, nil), (1, 1, nil), (2, 5, nil), (.infinity, 7, nil)]
        family.metrics = [metric]
        var choice = HistogramChoice()
        choice.convertsClassic = true
        let rest = try readProtobufPage(protobufPage([family]), choice).rest
        let made = try #require(rest.first?.histogram)
        #expect(rest.count == 1)
        #expect(made.customValues == [0.5, 1, 2])
        #expect("\(made)" == "{count:7, sum:4.5, [-Inf,0.5]:1, (1,2]:4, (2,+Inf]:2}")
    }

    /// A family has its name once and a metric its labels; the series of the page repeat them.
    @Test func namesAndLabelsAreNotRepeatedWithoutEnd() {
        let tooMany = "the page's series have too many bytes of names and labels for its size"
        var family = PageFamily(String(repeating: "n", count: 300_000), .gauge)
        family.metrics = Array(repeating: PageFamily.Metric(), count: 2_000)
        #expect(readError(protobufPage([family]))?.hasSuffix(": " + tooMany) == true)
        family.name = String(repeating: "n", count: 2 << 20)
        #expect(
            readError(protobufPage([family]))?.hasSuffix(": a metric has more than 1048576 bytes of name and labels")
                == true)
        var histogram = PageFamily("h", .histogram)
        var metric = PageFamily.Metric()
        metric.labels = [("l", String(repeating: "v", count: 500_000))]
        metric.buckets = (0..<60_000).map { (Double($0), 1, nil) }
        histogram.metrics = [metric]
        #expect(readError(protobufPage([histogram]))?.hasSuffix(": " + tooMany) == true)
    }

    private func readError(_ page: [UInt8]) -> String? {
        do {
            _ = try readProtobufPage(page)
            return nil
        } catch {
            return "\(error)"
        }
    }

    /// Every truncation and every flipped byte gives samples or an error, never a trap.
    @Test func damagedPagesNeverTrap() {
        var random = SeededGenerator(seed: makeSeed())
        var choice = HistogramChoice()
        choice.takesNative = true
        choice.takesClassicToo = true
        let families = PageFamily.Kind.allCases.map { PageFamily.random(0, $0, utf8: true, &random) }
        let page = protobufPage(families + [histogram(&random, isFloat: false), histogram(&random, isFloat: true)])
        for length in 0..<page.count { _ = try? readProtobufPage(Array(page[..<length]), choice) }
        for round in 0..<3000 {
            choice.convertsClassic = round % 2 == 0
            var damaged = page
            for _ in 0...random.number(4) { damaged[random.number(damaged.count)] = UInt8(random.number(256)) }
            _ = try? readProtobufPage(damaged, choice)
        }
    }
}
