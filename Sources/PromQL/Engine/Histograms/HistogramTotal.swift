import Model

/// The sum or the average of histograms that come one by one, and what is to be remarked about them.
struct HistogramTotal {
    private var total: HistogramSum?
    private var count = 0.0
    private let isAverage: Bool
    /// What is added is multiplied by this, which is below 1 once the sum would have grown beyond all numbers.
    private var scale = 1.0
    private var hasReset = false
    private var hasNoReset = false
    /// Whether bounds were lost, as not all had them.
    private(set) var isReconciled = false
    /// Whether exponential and custom buckets met, so that there is no total.
    private(set) var isIncompatible = false

    /// 2^−64: more histograms than anybody has do not grow beyond all numbers, and small counts lose nothing.
    private static let smallScale = 0x1p-64

    init(isAverage: Bool) { self.isAverage = isAverage }

    /// Whether one is known to be reset, and another not to be.
    var hasResetConflict: Bool { hasReset && hasNoReset }

    mutating func add(_ histogram: Histogram) {
        if isIncompatible { return }
        count += 1
        hasReset = hasReset || histogram.counterReset == .reset
        hasNoReset = hasNoReset || histogram.counterReset == .notReset
        guard total != nil else {
            total = HistogramSum(histogram)
            return
        }
        let before = isAverage && scale == 1 ? total : nil
        note(total!.add(histogram, factor: scale))
        guard var before, total!.isInfinite, !before.isInfinite else { return }
        scale = HistogramTotal.smallScale
        before.multiply(by: scale)
        note(before.add(histogram, factor: scale))
        total = before
    }

    private mutating func note(_ outcome: HistogramSum.Outcome) {
        if outcome == .incompatible { isIncompatible = true }
        if outcome == .reconciled { isReconciled = true }
    }

    /// Takes in what another one took in after this one.
    mutating func merge(_ other: HistogramTotal) {
        guard var theirs = other.total else { return }
        isIncompatible = isIncompatible || other.isIncompatible
        isReconciled = isReconciled || other.isReconciled
        hasReset = hasReset || other.hasReset
        hasNoReset = hasNoReset || other.hasNoReset
        guard total != nil else {
            self = other
            return
        }
        count += other.count
        let common = min(scale, other.scale, isAverage ? HistogramTotal.smallScale : 1)
        total!.multiply(by: common / scale)
        theirs.multiply(by: common / other.scale)
        scale = common
        note(total!.add(theirs))
    }

    /// The total; nil where nothing was added or not everything could be.
    var value: Histogram? {
        guard let total, !isIncompatible else { return nil }
        return total.histogram(dividedBy: isAverage ? count : 1, times: 1 / scale)
    }
}
