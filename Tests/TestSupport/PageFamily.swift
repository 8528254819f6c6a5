import Model

/// A metric family of a page, to be written in each of the formats.
public struct PageFamily: Sendable {
    public enum Kind: Int, Sendable, CaseIterable {
        // The numbers are those of the protobuf format; what is behind them is OpenMetrics's alone.
        case counter, gauge, summary, unknown, histogram, gaugeHistogram, info, stateset
    }

    public struct Exemplar: Sendable {
        public var labels: [(name: String, value: String)]
        public var value: Double
        public var seconds: Double?

        public init(labels: [(name: String, value: String)], value: Double, seconds: Double? = nil) {
            self.labels = labels
            self.value = value
            self.seconds = seconds
        }
    }

    public struct Metric: Sendable {
        public var labels: [(name: String, value: String)] = []
        public var value = 0.0
        public var count = 0.0
        public var sum = 0.0
        public var quantiles: [(quantile: Double, value: Double)] = []
        public var buckets: [(bound: Double, cumulative: Double, exemplar: Exemplar?)] = []
        /// Of counters one; of native histograms any number.
        public var exemplars: [Exemplar] = []
        public var createdSeconds: Double?
        public var native: Histogram?

        public init() {}
    }

    public var name: String
    public var kind: Kind
    public var help = ""
    public var unit = ""
    public var metrics: [Metric] = []

    public init(_ name: String, _ kind: Kind) {
        self.name = name
        self.kind = kind
    }
}

extension PageFamily {
    private static let labelValues = ["", "x", "C:\\d\n\"q\"", "é😀", "a b", "-1"]

    /// A family of this kind with random content.
    public static func random(_ index: Int, _ kind: Kind, utf8: Bool, _ random: inout SeededGenerator) -> PageFamily {
        var family = PageFamily("\(utf8 ? "my.fam-é" : "fam")\(index)", kind)
        if random.chance(70) { family.help = random.pick(["What it is.", "A \\ and\na line.", "\"quoted\" é"]) }
        if random.chance(30) {
            family.name += "_seconds"
            family.unit = "seconds"
        }
        for number in 0...random.number(3) {
            var metric = Metric()
            metric.labels = [("n", "\(number)")]
            for name in ["mode", utf8 ? "label.name" : "label_name"] where random.chance(60) {
                metric.labels.append((name, random.pick(labelValues)))
            }
            metric.fill(kind, &random)
            family.metrics.append(metric)
        }
        return family
    }
}

extension PageFamily.Metric {
    fileprivate mutating func fill(_ kind: PageFamily.Kind, _ random: inout SeededGenerator) {
        value = random.pick([0, 1, -2.5, 1e21, 5e-324, 123_456.789, .infinity, .nan, 0.1])
        if kind == .info || kind == .stateset { value = 1 }
        if kind == .counter { value = Double(random.number(100_000)) }
        if random.chance(40) { createdSeconds = 1_700_000_000 + Double(random.number(1_000_000)) / 1000 }
        if kind == .counter, random.chance(60) { exemplars = [PageFamily.Exemplar.random(&random)] }
        if kind == .summary {
            (count, sum) = (Double(random.number(1000)), Double(random.number(1000)) / 8)
            quantiles = [0, 0.5, 0.99, 1].filter { _ in random.chance(70) }.map { ($0, Double(random.number(90)) / 4) }
        }
        guard kind == .histogram || kind == .gaugeHistogram else { return }
        for bound in [-1, 0.005, 0.1, 1, 2.5, 10, 1e6] where random.chance(60) {
            count += Double(random.number(3) * random.number(20))
            // With times: Prometheus 3.5 gives one without, which goes to a converted histogram, the time of another.
            buckets.append((bound, count, random.chance(40) ? .random(&random, isDated: true) : nil))
        }
        count += Double(random.number(10))
        buckets.append((.infinity, count, nil))
        sum = Double(random.number(1000)) / 8
    }

    /// Makes the metric's histogram a native one, with or without classic buckets.
    ///
    /// It has exemplars only where `exemplarCount` says so.
    public mutating func makeNative(_ random: inout SeededGenerator, isFloat: Bool, exemplarCount: Int = 0) {
        var native = Histogram(schema: Int8(random.number(13) - 4), isFloat: isFloat)
        native.zeroThreshold = random.pick([0, 1e-128])
        native.zeroCount = Double(random.number(4))
        (native.positiveSpans, native.positiveBuckets) = sparse(&random, isFloat)
        if random.chance(40) { (native.negativeSpans, native.negativeBuckets) = sparse(&random, isFloat) }
        native.count = (native.positiveBuckets + native.negativeBuckets).reduce(native.zeroCount, +)
        native.sum = Double(random.number(1000)) / 8
        if native.positiveSpans.isEmpty {
            native.zeroThreshold = 1e-3
        }
        (count, sum) = (native.count, native.sum)
        if random.chance(30) { buckets = [] } else { buckets = [(1, native.zeroCount, nil), (.infinity, count, nil)] }
        for index in buckets.indices where exemplarCount > 0 && random.chance(50) {
            buckets[index].exemplar = .random(&random, isDated: true)
        }
        exemplars = (0..<exemplarCount).map { _ in .random(&random) }
        self.native = native
    }

    private func sparse(_ random: inout SeededGenerator, _ isFloat: Bool) -> ([Histogram.Span], [Double]) {
        var spans: [Histogram.Span] = []
        var buckets: [Double] = []
        for index in 0..<random.number(4) {
            let length = 1 + random.number(4)
            spans.append(
                .init(offset: Int32(random.number(5)) + (index == 0 ? -3 : 1), length: UInt32(length)))
            buckets += (0..<length).map { _ in Double(1 + random.number(50)) / (isFloat ? 4 : 1) }
        }
        return (spans, isFloat ? buckets : buckets.map { $0.rounded(.down) })
    }
}

extension PageFamily.Exemplar {
    static func random(_ random: inout SeededGenerator, isDated: Bool = false) -> Self {
        var exemplar = Self(labels: [("trace_id", "t\(random.number(1000))")], value: Double(random.number(100)) / 8)
        // Without escapes: Prometheus 3.5 stores those of OpenMetrics's exemplars as they are written.
        if random.chance(20) { exemplar.labels.append(("span.id", "é")) }
        if isDated || random.chance(70) { exemplar.seconds = 1_700_000_000 + Double(random.number(1_000_000)) / 1000 }
        return exemplar
    }
}
