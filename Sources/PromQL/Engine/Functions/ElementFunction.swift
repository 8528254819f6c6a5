import Glibc

/// The functions that turn each sample's value into another by itself.
enum ElementFunction: String, Sendable {
    case abs, ceil, floor, exp, ln, log2, log10, sqrt, sgn, deg, rad
    case sin, cos, tan, asin, acos, atan, sinh, cosh, tanh, asinh, acosh, atanh
    case negate

    /// Replaces the present values of a column.
    func apply(_ column: Column, _ count: Int) {
        switch self {
        case .abs: map(column, count) { $0.magnitude }
        case .ceil: map(column, count) { $0.rounded(.up) }
        case .floor: map(column, count) { $0.rounded(.down) }
        case .sqrt: map(column, count) { $0.squareRoot() }
        case .sgn: map(column, count) { $0 < 0 ? -1 : $0 > 0 ? 1 : $0 }
        case .deg: map(column, count) { $0 * 180 / .pi }
        case .rad: map(column, count) { $0 * .pi / 180 }
        case .negate: map(column, count) { -$0 }
        case .exp: map(column, count) { Glibc.exp($0) }
        case .ln: map(column, count) { Glibc.log($0) }
        case .log2: map(column, count) { Glibc.log2($0) }
        case .log10: map(column, count) { Glibc.log10($0) }
        default: applyTrigonometric(column, count)
        }
    }

    private func applyTrigonometric(_ column: Column, _ count: Int) {
        switch self {
        case .sin: map(column, count) { Glibc.sin($0) }
        case .cos: map(column, count) { Glibc.cos($0) }
        case .tan: map(column, count) { Glibc.tan($0) }
        case .asin: map(column, count) { Glibc.asin($0) }
        case .acos: map(column, count) { Glibc.acos($0) }
        case .atan: map(column, count) { Glibc.atan($0) }
        case .sinh: map(column, count) { Glibc.sinh($0) }
        case .cosh: map(column, count) { Glibc.cosh($0) }
        case .tanh: map(column, count) { Glibc.tanh($0) }
        case .asinh: map(column, count) { Glibc.asinh($0) }
        case .acosh: map(column, count) { Glibc.acosh($0) }
        default: map(column, count) { Glibc.atanh($0) }
        }
    }
}

/// Replaces the present values of a column; inlined, so that `change` is no call.
@inline(__always)
func map(_ column: Column, _ count: Int, _ change: (Double) -> Double) {
    for k in 0..<count {
        let value = column[k]
        let changed = change(value)
        column[k] = isAbsent(value) ? value : changed
    }
}

/// As ``map(_:_:_:)``, with a scalar that may differ from step to step.
@inline(__always)
func map(_ column: Column, _ scalar: ScalarColumn, _ change: (Double, Double) -> Double) {
    for k in 0..<scalar.steps {
        let value = column[k]
        let changed = change(value, scalar.values[k])
        column[k] = isAbsent(value) ? value : changed
    }
}
