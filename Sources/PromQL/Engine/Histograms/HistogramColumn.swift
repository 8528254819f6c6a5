import Model

/// The native histograms of one series, ascending by step; nothing for most series.
///
/// They stand beside a ``Column``, which is absent at their steps: whatever knows of numbers only leaves them out.
typealias HistogramColumn = [StepHistogram]

struct StepHistogram: Sendable {
    var step: Int
    var histogram: Histogram
}

extension HistogramColumn {
    /// The histogram at a step.
    func at(_ step: Int) -> Histogram? {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if self[middle].step < step { low = middle + 1 } else { high = middle }
        }
        return low < count && self[low].step == step ? self[low].histogram : nil
    }

    /// Puts a histogram in where it belongs; steps mostly come in order.
    mutating func put(_ histogram: Histogram, at step: Int) {
        let place = last.map { $0.step < step } ?? true ? count : firstIndex { $0.step >= step } ?? count
        insert(StepHistogram(step: step, histogram: histogram), at: place)
    }

    /// About as many samples as these take memory for, 16 bytes each.
    var heldSamples: Int { reduce(0) { $0 + $1.histogram.heldSamples } }
}
