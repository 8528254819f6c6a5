import Model

/// One series' values at all steps of a query, in time order.
typealias Column = UnsafeMutablePointer<Double>

/// The value that stands in a column where a series has no sample at a step.
///
/// It is the staleness marker's bit pattern: a stored marker means just that, arithmetic never produces it (it is a
/// signaling NaN, and hardware only gives quiet ones), and no query may show it, so that no sample can be mistaken for
/// it.
@inline(__always)
var absentValue: Double { Double(bitPattern: 0x7ff0_0000_0000_0002) }

@inline(__always)
func isAbsent(_ value: Double) -> Bool { value.bitPattern == 0x7ff0_0000_0000_0002 }

@inline(__always)
func isPresent(_ value: Double) -> Bool { value.bitPattern != 0x7ff0_0000_0000_0002 }

/// How many of the first `count` values are present.
func presentCount(_ column: UnsafePointer<Double>, _ count: Int) -> Int {
    var present = 0
    for k in 0..<count { present &+= isPresent(column[k]) ? 1 : 0 }
    return present
}
