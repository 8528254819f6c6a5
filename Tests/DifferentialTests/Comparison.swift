import Model

/// How two answers to one query differ.
struct Difference: Sendable, CustomStringConvertible {
    enum Kind: Sendable {
        case failure, type, series, points, order, annotations

        /// Whether it may be another one's cause: an answer differs in its series where an operand's differs in its points.
        func isAkin(to other: Kind) -> Bool {
            let ofValues: [Kind] = [.failure, .type, .series, .points]
            return self == other || ofValues.contains(self) && ofValues.contains(other)
        }
    }

    var kind: Kind
    var description: String

    /// Whether other series among several, or numbers close to each other, may be its cause.
    var isOfChoice: Bool { [.series, .points, .order].contains(kind) }
}

extension Answer {
    /// How much two numbers may differ, as a part of the larger one: sums of many terms and Prometheus's compensated ones
    /// end in other last bits, and what is computed from those differs by a little more.
    static let tolerance = 1e-9

    /// How this answer, ours, differs from the real one; nil where it does not.
    /// - Parameters:
    ///   - tolerance: 0 where numbers must be the same to the bit.
    ///   - order: what the order of an instant vector's series depends on.
    func difference(
        from theirs: Answer, tolerance: Double = Answer.tolerance, order: SeriesOrder = .none
    ) -> Difference? {
        switch (self, theirs) {
        case (.failure(let ours), .failure(let theirs)):
            if Exclusions.comparable(error: ours) == Exclusions.comparable(error: theirs) { return nil }
            return Difference(kind: .failure, description: "ours:   \(ours)\ntheirs: \(theirs)")
        case (.failure(let text), .success(let result)):
            return Difference(kind: .failure, description: "ours:   \(text)\ntheirs: \(result.series.count) series")
        case (.success(let result), .failure(let text)):
            return Difference(kind: .failure, description: "ours:   \(result.series.count) series\ntheirs: \(text)")
        case (.success(let ours), .success(let theirs)):
            return ours.difference(from: theirs, tolerance, order)
        }
    }
}

/// What an instant vector's order is that of.
enum SeriesOrder: Sendable {
    case none, values, labels
}

extension Answer.Result {
    fileprivate func difference(from theirs: Answer.Result, _ tolerance: Double, _ order: SeriesOrder) -> Difference? {
        if type != theirs.type { return Difference(kind: .type, description: "ours: \(type), theirs: \(theirs.type)") }
        if let text = seriesDifference(theirs) { return Difference(kind: .series, description: text) }
        if let text = pointsDifference(theirs, tolerance) { return Difference(kind: .points, description: text) }
        if let text = orderDifference(theirs, tolerance, order) { return Difference(kind: .order, description: text) }
        let (mine, others) = (annotations, theirs.annotations)
        if mine == others { return nil }
        let lines = mine.subtracting(others).sorted().map { "only ours:   \($0)" }
        return Difference(
            kind: .annotations,
            description: (lines + others.subtracting(mine).sorted().map { "only theirs: \($0)" }).joined(
                separator: "\n"))
    }

    private var annotations: Set<String> {
        Set(warnings.union(infos).compactMap { Exclusions.comparable(annotation: $0) })
    }

    /// The annotations without their places.
    var remarks: Set<String> {
        Set(annotations.map { text in String(text.lastIndex(of: "(").map { text[..<$0] } ?? text[...]) })
    }

    private func seriesDifference(_ theirs: Answer.Result) -> String? {
        let (mine, others) = (series.map(\.labels).sorted(), theirs.series.map(\.labels).sorted())
        if mine == others { return nil }
        let here = mine.filter { !others.contains($0) }.prefix(4).map { "only ours:   \($0) \(text(of: $0))" }
        let there = others.filter { !mine.contains($0) }.prefix(4).map { "only theirs: \($0) \(theirs.text(of: $0))" }
        return (here + there + ["\(mine.count) series, theirs \(others.count)"]).joined(separator: "\n")
    }

    private func text(of labels: Labels) -> String {
        series.first { $0.labels == labels }?.points.prefix(3).map(\.description).joined(separator: ", ") ?? ""
    }

    private func pointsDifference(_ theirs: Answer.Result, _ tolerance: Double) -> String? {
        let others = Dictionary(theirs.series.map { ($0.labels, $0) }) { first, _ in first }
        for one in series {
            guard let other = others[one.labels] else { continue }
            if one.points.map(\.time) != other.points.map(\.time) {
                return "\(one.labels)\nours at   \(one.points.map(\.time))\ntheirs at \(other.points.map(\.time))"
            }
            for (mine, real) in zip(one.points, other.points) where !mine.isClose(real, tolerance) {
                return "\(one.labels)\nours:   \(mine)\ntheirs: \(real)"
            }
        }
        return nil
    }

    private func orderDifference(_ theirs: Answer.Result, _ tolerance: Double, _ order: SeriesOrder) -> String? {
        let isSame = zip(series, theirs.series).allSatisfy { mine, real in
            switch order {
            case .none: true
            case .labels: mine.labels == real.labels
            case .values: zip(mine.points, real.points).allSatisfy { $0.isClose($1, tolerance) }
            }
        }
        return isSame ? nil : "ours:   \(series.map(\.labels))\ntheirs: \(theirs.series.map(\.labels))"
    }
}

extension Answer.Point: CustomStringConvertible {
    var description: String { "\(numbers.map { formatFloat($0, .general) }.joined(separator: " ")) @\(time)" }

    func isClose(_ other: Answer.Point, _ tolerance: Double) -> Bool {
        guard time == other.time, (numbers.count > 1) == (other.numbers.count > 1) else { return false }
        // What cancels out in a bucket or a sum is as exact as the other numbers of its histogram.
        let total = numbers.count > 1 ? max(numbers[0].magnitude, other.numbers[0].magnitude) : 0
        let noise = total.isFinite ? tolerance * total : 0
        let (mine, real) = (numbers(above: noise), other.numbers(above: noise))
        guard mine.count == real.count else { return false }
        return zip(mine, real).allSatisfy { x, y in
            if x.bitPattern == y.bitPattern || x.isNaN && y.isNaN { return true }
            if tolerance == 0 { return false }
            let bound = max(tolerance * max(x.magnitude, y.magnitude), noise)
            return x == y || x.isFinite && y.isFinite && (x - y).magnitude <= bound
        }
    }

    /// The numbers without those of buckets that hold no more than `noise`.
    private func numbers(above noise: Double) -> [Double] {
        guard numbers.count > 2, noise > 0 else { return numbers }
        let buckets = stride(from: 2, to: numbers.count, by: 4).filter { !(numbers[$0 + 3].magnitude <= noise) }
        return numbers[..<2] + buckets.flatMap { numbers[$0..<$0 + 4] }
    }
}
