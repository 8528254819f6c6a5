import Glibc

/// Writes `left op right` into `left` where both are present, and an absent value elsewhere. Comparisons keep the left
/// value, or give 1 and 0 with `returnsBool`.
func combine(_ op: BinaryOperator, _ left: Column, _ right: UnsafePointer<Double>, _ count: Int, returnsBool: Bool) {
    switch op {
    case .add: zip(left, right, count) { $0 + $1 }
    case .subtract: zip(left, right, count) { $0 - $1 }
    case .multiply: zip(left, right, count) { $0 * $1 }
    case .divide: zip(left, right, count) { $0 / $1 }
    case .modulo: zip(left, right, count) { fmod($0, $1) }
    case .power: zip(left, right, count) { pow($0, $1) }
    case .atan2: zip(left, right, count) { Glibc.atan2($0, $1) }
    // There is nothing in a number to trim.
    case .trimUpper, .trimLower: left.update(repeating: absentValue, count: count)
    default: compare(op, left, right, count, returnsBool: returnsBool)
    }
}

/// The value of an arithmetic operator, or 1 or 0 for a comparison.
func scalarResult(_ op: BinaryOperator, _ a: Double, _ b: Double) -> Double {
    var left = a
    withUnsafePointer(to: b) { combine(op, &left, $0, 1, returnsBool: true) }
    return left
}

/// Whether a comparison holds.
func holds(_ op: BinaryOperator, _ a: Double, _ b: Double) -> Bool { scalarResult(op, a, b) == 1 }

private func compare(
    _ op: BinaryOperator, _ left: Column, _ right: UnsafePointer<Double>, _ count: Int, returnsBool: Bool
) {
    switch op {
    case .equal: filter(left, right, count, returnsBool) { $0 == $1 }
    case .notEqual: filter(left, right, count, returnsBool) { $0 != $1 }
    case .greater: filter(left, right, count, returnsBool) { $0 > $1 }
    case .less: filter(left, right, count, returnsBool) { $0 < $1 }
    case .greaterOrEqual: filter(left, right, count, returnsBool) { $0 >= $1 }
    case .lessOrEqual: filter(left, right, count, returnsBool) { $0 <= $1 }
    default: preconditionFailure("BUG: \(op) is no operator on values")
    }
}

@inline(__always)
private func zip(_ left: Column, _ right: UnsafePointer<Double>, _ count: Int, _ f: (Double, Double) -> Double) {
    for k in 0..<count {
        let result = f(left[k], right[k])
        left[k] = isAbsent(left[k]) || isAbsent(right[k]) ? absentValue : result
    }
}

@inline(__always)
private func filter(
    _ left: Column, _ right: UnsafePointer<Double>, _ count: Int, _ returnsBool: Bool,
    _ condition: (Double, Double) -> Bool
) {
    for k in 0..<count {
        let (a, b) = (left[k], right[k])
        let isTrue = condition(a, b)
        let result = returnsBool ? (isTrue ? 1 : 0) : isTrue ? a : absentValue
        left[k] = isAbsent(a) || isAbsent(b) ? absentValue : result
    }
}
