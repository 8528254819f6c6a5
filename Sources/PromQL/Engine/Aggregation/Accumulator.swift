/// One group's running aggregate at every step: three numbers each.
///
/// | aggregator | a | b | n |
/// |---|---|---|---|
/// | sum, avg | sum (or mean) | its compensation | count, negative where `a` is a mean |
/// | min, max | extreme | – | count |
/// | stddev, stdvar | mean | sum of squared deviations | count |
/// | count, group | – | – | count |
struct Accumulator {
    private let a: Column
    private let b: Column
    private let n: Column
    let steps: Int

    static let columns = 3

    /// - Parameter memory: three columns that an accumulator was made in before.
    init(resuming memory: Column, steps: Int) {
        a = memory
        b = memory + steps
        n = memory + 2 * steps
        self.steps = steps
    }

    /// - Parameter memory: room for three columns, not initialised.
    init(_ memory: Column, steps: Int) {
        self.init(resuming: memory, steps: steps)
        // −0 is what addition leaves as it is.
        a.initialize(repeating: -0.0, count: steps)
        b.initialize(repeating: 0, count: steps)
        n.initialize(repeating: 0, count: steps)
    }

    /// Takes one series in.
    func add(_ column: UnsafePointer<Double>, _ op: Aggregator) {
        switch op {
        case .sum: addToSum(column)
        case .avg: addToAverage(column)
        case .min: addExtreme(column) { $0 < $1 }
        case .max: addExtreme(column) { $0 > $1 }
        case .stddev, .stdvar: addToMoments(column)
        default: for k in 0..<steps { n[k] += isPresent(column[k]) ? 1 : 0 }
        }
    }

    /// Counts something that is no number.
    func count(_ step: Int) { n[step] += 1 }

    /// Whether a number was taken in at a step.
    func hasFloats(_ step: Int) -> Bool { n[step] != 0 }

    private func addToSum(_ column: UnsafePointer<Double>) {
        for k in 0..<steps {
            let value = column[k]
            var sum = CompensatedSum(sum: a[k], error: b[k])
            sum.add(value)
            let isHere = isPresent(value)
            a[k] = isHere ? sum.sum : a[k]
            b[k] = isHere ? sum.error : b[k]
            n[k] += isHere ? 1 : 0
        }
    }

    private func addToAverage(_ column: UnsafePointer<Double>) {
        for k in 0..<steps where isPresent(column[k]) { include(k, CompensatedSum(sum: column[k]), 1) }
    }

    /// Takes `count` further values at step `k` into an average, given as their sum.
    private func include(_ k: Int, _ added: CompensatedSum, _ count: Double) {
        if n[k] >= 0 {
            var sum = CompensatedSum(sum: a[k], error: b[k])
            sum.add(added.sum)
            if !sum.sum.isInfinite || n[k] == 0 {
                (a[k], b[k], n[k]) = (sum.sum, sum.sum.isInfinite ? 0 : sum.error + added.error, n[k] + count)
                return
            }
            // The sum overflows: go on with the mean.
            (a[k], b[k], n[k]) = (a[k] / n[k], b[k] / n[k], -n[k])
        }
        let total = -n[k] + count
        let weight = -n[k] / total
        var mean = CompensatedSum(sum: a[k] * weight, error: b[k] * weight)
        mean.add(added.sum / total)
        (a[k], b[k], n[k]) = (mean.sum, mean.sum.isInfinite ? 0 : mean.error + added.error / total, -total)
    }

    @inline(__always)
    private func addExtreme(_ column: UnsafePointer<Double>, _ isBetter: (Double, Double) -> Bool) {
        for k in 0..<steps {
            let value = column[k]
            guard isPresent(value) else { continue }
            if n[k] == 0 || isBetter(value, a[k]) || a[k].isNaN { a[k] = value }
            n[k] += 1
        }
    }

    private func addToMoments(_ column: UnsafePointer<Double>) {
        for k in 0..<steps {
            let value = column[k]
            guard isPresent(value) else { continue }
            n[k] += 1
            if n[k] == 1 {
                // An infinite or NaN value has no deviation.
                (a[k], b[k]) = (value, value - value)
                continue
            }
            let delta = value - a[k]
            a[k] += delta / n[k]
            b[k] += delta * (value - a[k])
        }
    }

    /// Takes in what another accumulator took in after this one.
    func merge(_ other: Accumulator, _ op: Aggregator) {
        for k in 0..<steps where other.n[k] != 0 {
            if n[k] == 0 {
                (a[k], b[k], n[k]) = (other.a[k], other.b[k], other.n[k])
                continue
            }
            switch op {
            case .sum:
                let merged = SumFold.merge(
                    CompensatedSum(sum: a[k], error: b[k]), CompensatedSum(sum: other.a[k], error: other.b[k]))
                (a[k], b[k], n[k]) = (merged.sum, merged.error, n[k] + other.n[k])
            case .avg: mergeAverage(other, k)
            case .min: (a[k], n[k]) = (MinFold.merge(a[k], other.a[k]), n[k] + other.n[k])
            case .max: (a[k], n[k]) = (MaxFold.merge(a[k], other.a[k]), n[k] + other.n[k])
            case .stddev, .stdvar:
                let merged = MomentsFold.merge(
                    Moments(count: n[k], mean: a[k], squares: b[k]),
                    Moments(count: other.n[k], mean: other.a[k], squares: other.b[k]))
                (a[k], b[k], n[k]) = (merged.mean, merged.squares, merged.count)
            default: n[k] += other.n[k]
            }
        }
    }

    private func mergeAverage(_ other: Accumulator, _ k: Int) {
        if other.n[k] > 0 {
            return include(k, CompensatedSum(sum: other.a[k], error: other.b[k]), other.n[k])
        }
        // The other is a mean already: make this one a mean too, and weigh both.
        if n[k] > 0 { (a[k], b[k], n[k]) = (a[k] / n[k], b[k] / n[k], -n[k]) }
        let total = n[k] + other.n[k]
        let weight = n[k] / total
        var mean = CompensatedSum(sum: a[k] * weight, error: b[k] * weight)
        mean.add(other.a[k] * (other.n[k] / total))
        mean.error += other.b[k] * (other.n[k] / total)
        (a[k], b[k], n[k]) = (mean.sum, mean.sum.isInfinite ? 0 : mean.error, total)
    }

    /// Writes the aggregate of each step at which there was anything.
    func finish(_ op: Aggregator, into column: Column) {
        for k in 0..<steps {
            let count = n[k]
            guard count != 0 else {
                column[k] = absentValue
                continue
            }
            switch op {
            case .sum: column[k] = CompensatedSum(sum: a[k], error: b[k]).total
            case .avg:
                column[k] = count > 0 ? a[k] / count + b[k] / count : CompensatedSum(sum: a[k], error: b[k]).total
            case .min, .max: column[k] = a[k]
            case .stdvar: column[k] = b[k] / count
            case .stddev: column[k] = (b[k] / count).squareRoot()
            case .group: column[k] = 1
            default: column[k] = count
            }
        }
    }
}
