import Model

/// Between which two of `count` sorted values a quantile lies, and how near to each.
struct QuantilePlace {
    let lower: Int
    let upper: Int
    private let weight: Double

    /// - Parameter q: from 0 to 1.
    init(_ q: Double, count: Int) {
        let rank = q * Double(count - 1)
        let floor = rank.rounded(.down)
        lower = max(0, Int(floor))
        upper = min(count - 1, lower + 1)
        weight = rank - floor
    }

    func between(_ a: Double, _ b: Double) -> Double { a * (1 - weight) + b * weight }
}

/// The quantile of values given as sort keys, which it rearranges.
///
/// - Source: Prometheus 3 `promql/quantile.go`: linear interpolation between the closest ranks, NaN sorting first.
func quantile(_ q: Double, _ keys: UnsafeMutablePointer<Int64>, _ count: Int) -> Double {
    if count == 0 || q.isNaN { return .ordinaryNaN }
    if q < 0 { return -.infinity }
    if q > 1 { return .infinity }
    return selectQuantile(q, keys, count)
}

/// As ``quantile``, for `q` from 0 to 1 and at least one key.
func selectQuantile(_ q: Double, _ keys: UnsafeMutablePointer<Int64>, _ count: Int) -> Double {
    let place = QuantilePlace(q, count: count)
    selectKey(place.lower, keys, count)
    let lower = keyValue(keys[place.lower])
    guard place.upper > place.lower else { return place.between(lower, lower) }
    var next = keys[place.upper]
    for index in stride(from: place.upper + 1, to: count, by: 1) { next = min(next, keys[index]) }
    return place.between(lower, keyValue(next))
}

/// Rearranges the keys so that the one at `rank` is where sorting would put it, and none after it is smaller.
///
/// - Source: Hoare's quickselect with a median-of-three pivot.
/// - Complexity: linear on average.
private func selectKey(_ rank: Int, _ keys: UnsafeMutablePointer<Int64>, _ count: Int) {
    var low = 0
    var high = count - 1
    while low < high {
        let middle = low + (high - low) / 2
        let (a, b, c) = (keys[low], keys[middle], keys[high])
        let pivot = max(min(a, b), min(max(a, b), c))
        var i = low
        var j = high
        while i <= j {
            while keys[i] < pivot { i &+= 1 }
            while keys[j] > pivot { j &-= 1 }
            if i <= j {
                let swapped = keys[i]
                keys[i] = keys[j]
                keys[j] = swapped
                i &+= 1
                j &-= 1
            }
        }
        if rank <= j { high = j } else if rank >= i { low = i } else { return }
    }
}

/// An integer that sorts as `value` does, NaN before all others.
@inline(__always)
func sortKey(_ value: Double) -> Int64 {
    if value.isNaN { return .min }
    let bits = Int64(bitPattern: value.bitPattern)
    return bits ^ ((bits >> 63) & .max)
}

/// The value whose key this is.
@inline(__always)
func keyValue(_ key: Int64) -> Double {
    if key == .min { return .ordinaryNaN }
    return Double(bitPattern: UInt64(bitPattern: key ^ ((key >> 63) & .max)))
}
