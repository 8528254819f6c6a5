import Model

/// A request to a receiver, ready to be sent.
struct OutgoingRequest: Sendable {
    var body: [UInt8] = []
    var samples = 0
    var histograms = 0
    var exemplars = 0
    var metadata = 0
    /// Of its samples and histograms, in milliseconds; nil where it has none.
    var newest: Int64?

    /// How often it was tried.
    var tries = 0
    /// Whether it may have arrived without our knowing.
    var mayHaveArrived = false
    /// When to try again, in monotonic nanoseconds.
    var retryAt: UInt64 = 0
    var backoffMs: Int64 = 0
}

/// What goes into one request: samples by series, each series' in order of time.
struct RequestContent {
    struct Series {
        var labels: Labels
        var floats: [(time: Int64, value: Double)] = []
        var histograms: [(time: Int64, histogram: Histogram)] = []
        var exemplars: [Exemplar] = []
    }

    private(set) var series: [Series] = []
    private var places: [SeriesRef: Int] = [:]
    private(set) var count = 0
    private(set) var newest: Int64?

    mutating func addFloat(_ ref: SeriesRef, _ labels: Labels, _ time: Int64, _ value: Double) {
        series[place(ref, labels)].floats.append((time, value))
        note(time)
    }

    mutating func addHistogram(_ ref: SeriesRef, _ labels: Labels, _ time: Int64, _ histogram: Histogram) {
        series[place(ref, labels)].histograms.append((time, histogram))
        note(time)
    }

    mutating func addExemplar(_ ref: SeriesRef, _ labels: Labels, _ exemplar: Exemplar) {
        series[place(ref, labels)].exemplars.append(exemplar)
        count += 1
    }

    private mutating func note(_ time: Int64) {
        count += 1
        newest = max(newest ?? .min, time)
    }

    private mutating func place(_ ref: SeriesRef, _ labels: Labels) -> Int {
        if let place = places[ref] { return place }
        places[ref] = series.count
        series.append(Series(labels: labels))
        return series.count - 1
    }
}
