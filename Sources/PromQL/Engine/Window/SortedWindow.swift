/// The values of a window that moves forward, sorted, as integers that sort as they do.
struct SortedWindow: ~Copyable {
    let keys: UnsafeMutablePointer<Int64>
    /// The keys of the samples `low..<high` are sorted; nothing is where they were last only copied.
    private var low = 0
    private var high = 0
    /// How many windows a sample lies in.
    private let overlap: Int

    init(_ samples: Samples, _ windows: WindowGrid) {
        overlap = windows.overlap
        keys = .allocate(capacity: max(samples.count, 1))
    }

    deinit { keys.deallocate() }

    /// Whether keeping `size` values sorted is cheaper than looking at each of them a few times.
    func isWorthSorting(_ size: Int) -> Bool {
        // From window to window 2 × size / overlap keys come and go. Each shifts half the window, eight keys in a
        // nanosecond; selecting anew looks at each key about three times, a nanosecond each.
        20 + size / 8 < 2 * overlap
    }

    /// Makes the keys those of the samples `first..<end`, in their order.
    mutating func copy(_ samples: Samples, _ first: Int, _ end: Int) {
        for index in first..<end { keys[index - first] = sortKey(samples.values[index]) }
        (low, high) = (0, 0)
    }

    /// Makes the keys those of the samples `first..<end`, sorted. Neither bound ever decreases.
    mutating func sort(_ samples: Samples, _ first: Int, _ end: Int) {
        if first < high { return slide(samples, first, end) }
        copy(samples, first, end)
        var window = UnsafeMutableBufferPointer(start: keys, count: end - first)
        window.sort()
        (low, high) = (first, end)
    }

    /// Brings the sorted keys from the previous window to the samples `first..<end`.
    private mutating func slide(_ samples: Samples, _ first: Int, _ end: Int) {
        var count = high - low
        while low < first {
            let index = position(sortKey(samples.values[low]), count)
            (keys + index).update(from: keys + index + 1, count: count - index - 1)
            count -= 1
            low += 1
        }
        while high < end {
            let key = sortKey(samples.values[high])
            let index = position(key, count)
            (keys + index + 1).update(from: keys + index, count: count - index)
            keys[index] = key
            count += 1
            high += 1
        }
    }

    /// The index of the first of `count` keys that is not smaller than `key`.
    private func position(_ key: Int64, _ count: Int) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if keys[middle] < key { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
