/// Which text each of some quantiles has in a label, at every step.
struct QuantileLabels: Sendable {
    /// The texts, each once; one empty one where there is no label.
    private(set) var texts: [String] = []
    /// Of each quantile the index of its text at every step, or one index where that is always the same.
    private var indices: [[Int]] = []

    init(_ quantiles: [ScalarColumn], isLabelled: Bool) {
        guard isLabelled else {
            texts = [""]
            indices = quantiles.map { _ in [0] }
            return
        }
        var known: [String: Int] = [:]
        for quantile in quantiles {
            var places: [Int] = []
            for (step, value) in quantile.elements.enumerated() {
                if step > 0, quantile.isConstant { break }
                if step > 0, value.bitPattern == quantile[step - 1].bitPattern {
                    places.append(places[step - 1])
                    continue
                }
                let text = openMetricsFloat(value)
                let place = known[text] ?? texts.count
                if place == texts.count {
                    texts.append(text)
                    known[text] = place
                }
                places.append(place)
            }
            indices.append(places)
        }
    }

    /// The index of a quantile's text at a step.
    subscript(_ quantile: Int, _ step: Int) -> Int {
        let places = indices[quantile]
        return places.count == 1 ? places[0] : places[step]
    }
}
