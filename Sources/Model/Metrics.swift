import Synchronization

/// Counts of a program about itself, for its `/metrics` page.
///
/// A metric is made once, where its module starts, and kept by whoever counts; the registry only lists them.
public final class MetricRegistry: Sendable {
    private let collectors = Mutex<[@Sendable () -> [MetricFamily]]>([])

    public init() {}

    /// Adds a function that is called whenever the page is asked for.
    public func register(_ collect: @escaping @Sendable () -> [MetricFamily]) {
        collectors.withLock { $0.append(collect) }
    }

    /// Makes a counter and lists it under `name`.
    public func counter(_ name: String, _ help: String, labels: Labels = .empty) -> Counter {
        let counter = Counter()
        register {
            [MetricFamily(name, help, .counter, [MetricPoint(labels: labels, value: Double(counter.value))])]
        }
        return counter
    }

    /// Lists under `name` a gauge whose value is what `read` gives at the time.
    public func gauge(_ name: String, _ help: String, labels: Labels = .empty, read: @escaping @Sendable () -> Double) {
        register { [MetricFamily(name, help, .gauge, [MetricPoint(labels: labels, value: read())])] }
    }

    /// All metrics as they are now, sorted by name, those of one name together.
    public func collect() -> [MetricFamily] {
        var byName: [String: MetricFamily] = [:]
        for family in collectors.withLock({ $0 }).flatMap({ $0() }) {
            byName[family.name, default: MetricFamily(family.name, family.help, family.type, [])].points +=
                family.points
        }
        return byName.values.sorted { byteOrder($0.name, $1.name) }
    }
}

/// A number that only grows. Thread-safe.
public final class Counter: Sendable {
    private let count = Atomic<Int>(0)

    public init() {}

    public func add(_ amount: Int = 1) { count.add(amount, ordering: .relaxed) }

    public var value: Int { count.load(ordering: .relaxed) }
}

/// A metric with all its series, ready to be written out.
public struct MetricFamily: Sendable {
    public let name: String
    public let help: String
    public let type: MetricMetadata.MetricType
    public var points: [MetricPoint]

    public init(_ name: String, _ help: String, _ type: MetricMetadata.MetricType, _ points: [MetricPoint]) {
        self.name = name
        self.help = help
        self.type = type
        self.points = points
    }
}

/// One line of a metric family.
public struct MetricPoint: Sendable {
    /// What follows the family's name, such as `_bucket`, `_sum` or `_count`; usually empty.
    public var suffix: String
    /// Without `__name__`.
    public var labels: Labels
    public var value: Double

    public init(suffix: String = "", labels: Labels, value: Double) {
        self.suffix = suffix
        self.labels = labels
        self.value = value
    }
}

/// Counts observations in buckets of fixed upper bounds. Thread-safe.
public final class ClassicHistogram: Sendable {
    private struct State {
        var counts: [UInt64]
        var sum = 0.0
    }

    /// Upper bounds, ascending, `+Inf` not among them.
    public let bounds: [Double]
    private let state: Mutex<State>

    public init(bounds: [Double]) {
        self.bounds = bounds
        state = Mutex(State(counts: Array(repeating: 0, count: bounds.count + 1)))
    }

    public func observe(_ value: Double) {
        let bucket = bounds.firstIndex { value <= $0 } ?? bounds.count
        state.withLock { state in
            state.counts[bucket] += 1
            state.sum += value
        }
    }

    /// The lines of a classic histogram with these labels.
    public func points(labels: Labels) -> [MetricPoint] {
        let (counts, sum) = state.withLock { ($0.counts, $0.sum) }
        var points: [MetricPoint] = []
        var cumulative: UInt64 = 0
        for (index, count) in counts.enumerated() {
            cumulative += count
            var builder = LabelsBuilder(labels)
            builder.set("le", index < bounds.count ? formatFloat(bounds[index], .general) : "+Inf")
            points.append(MetricPoint(suffix: "_bucket", labels: builder.labels(), value: Double(cumulative)))
        }
        points.append(MetricPoint(suffix: "_sum", labels: labels, value: sum))
        points.append(MetricPoint(suffix: "_count", labels: labels, value: Double(cumulative)))
        return points
    }
}
