import Model

/// Rows of blocks that were read before: a dashboard asks for the same hours again and again, and decoding them is most
/// of what a query costs.
///
/// It holds rows of plain floats, up to so many bytes. The oldest row that nobody has asked for since it was last
/// looked at goes first. A query over more than fits is not kept, and once rows have to go for others, only one of a few
/// is taken: each would otherwise be pushed out shortly before it is asked for again. Thread-safe.
final class RowCache: @unchecked Sendable {
    // SAFETY: everything that changes is read and changed under `lock`, but for the converters in `converters`, each of
    // which belongs to the thread that took it.

    /// A row, as long as the block is what it was: `revision` is that of the block.
    struct Key: Hashable {
        let row: Int64
        let revision: Int

        init(_ block: Block, _ series: UInt32) {
            row = Block.row(block.number, series)
            revision = block.revision
        }
    }

    /// A row in the cache.
    private struct Row {
        let key: Key
        let values: CachedValues
        let times: CachedTimes
        /// Length of the row in the database.
        let storedBytes: Int
    }

    /// Where a row is, and whether it was asked for since the hand came by.
    private struct Place {
        var row: Row
        var wasRead = false
    }

    private struct TimesKey: Hashable {
        let first: Int64
        let last: Int64
        let count: Int

        /// - Parameter times: at least one.
        init(_ times: UnsafeBufferPointer<Int64>) {
            (first, last, count) = (times[0], times[times.count - 1], times.count)
        }
    }

    private let bytesMax: Int
    private let lock = Lock()
    private var indices: [Key: Int] = [:]
    private var places: [Place] = []
    /// The place that is looked at next when room is needed.
    private var hand = 0
    private var times: [TimesKey: CachedTimes] = [:]
    private var bytes = 0
    /// Whether a row had to go for another, as from then on each does.
    private var isFull = false
    /// How many rows there were to take since.
    private var offered = 0
    private var converters: [WholeNumbers] = []

    /// What a row takes beside its values: the place, the index's entry, and two objects.
    private static let rowOverhead = 192
    /// What a sample takes in most rows.
    private static let sampleBytes = 2
    /// One of so many rows is taken while there is no room.
    private static let takenShare = 4
    /// The most of the room that one row may take.
    private static let rowShareMax = 8

    init(bytesMax: Int) { self.bytesMax = max(0, bytesMax) }

    /// What the rows take in memory.
    var byteCount: Int { lock.withLock { bytes } }

    /// Appends to `buffer` the samples of a row from `minTime` to `maxTime`.
    /// - Returns: false where the row is not in the cache.
    func read(_ key: Key, _ minTime: Int64, _ maxTime: Int64, into buffer: SampleBuffer) -> Bool {
        let found = lock.withLock { () -> Row? in
            guard let index = indices[key] else { return nil }
            places[index].wasRead = true
            return places[index].row
        }
        guard let found else { return false }
        buffer.stored.add(bytes: found.storedBytes)
        let window = found.times.buffer.window(minTime, maxTime)
        guard !window.isEmpty, let times = found.times.buffer.baseAddress else { return true }
        buffer.reserve(window.count)
        (buffer.timestamps + buffer.count).update(from: times + window.lowerBound, count: window.count)
        found.values.copy(window, to: buffer.values + buffer.count)
        buffer.count += window.count
        return true
    }

    /// Whether about so much fits.
    func hasRoom(for series: Int, of blocks: [Block]) -> Bool {
        var needed = 0
        for block in blocks {
            let samples = Int(block.sampleCount) / max(1, block.series.count)
            needed += min(series, block.series.count) * (RowCache.rowOverhead + RowCache.sampleBytes * samples)
        }
        return needed <= bytesMax
    }

    /// Whether to put a row into the cache that was not there: `keep` wants the whole of it.
    func takesMore() -> Bool {
        lock.withLock {
            guard isFull else { return bytesMax > 0 }
            offered &+= 1
            return offered % RowCache.takenShare == 0
        }
    }

    /// Keeps a row, whose samples are those of `buffer` from index `start` on.
    func keep(_ key: Key, _ buffer: SampleBuffer, from start: Int, storedBytes: Int) {
        let count = buffer.count - start
        guard count > 0, buffer.histograms.isEmpty, buffer.startTimes.isEmpty,
            16 * count + RowCache.rowOverhead <= bytesMax / RowCache.rowShareMax
        else { return }
        let converter = lock.withLock { converters.popLast() } ?? WholeNumbers()
        let values = CachedValues(buffer.values + start, count: count, converter)
        lock.withLock {
            converters.append(converter)
            guard indices[key] == nil else { return }
            let times = shared(UnsafeBufferPointer(start: buffer.timestamps + start, count: count))
            times.rows += 1
            insert(Row(key: key, values: values, times: times, storedBytes: storedBytes))
        }
    }

    /// The timestamps as other rows have them, or a copy. Called under the lock.
    private func shared(_ times: UnsafeBufferPointer<Int64>) -> CachedTimes {
        let key = TimesKey(times)
        if let known = self.times[key], known.buffer.elementsEqual(times) { return known }
        let new = CachedTimes(times)
        bytes += new.byteCount
        self.times[key] = new
        return new
    }

    /// Called under the lock.
    private func insert(_ row: Row) {
        let needed = row.values.byteCount + RowCache.rowOverhead
        while bytes + needed > bytesMax, !places.isEmpty {
            isFull = true
            sweep()
        }
        bytes += needed
        indices[row.key] = places.count
        places.append(Place(row: row))
    }

    /// Lets the row under the hand go, unless it was asked for since the hand came by. Called under the lock.
    private func sweep() {
        if hand >= places.count { hand = 0 }
        if places[hand].wasRead {
            places[hand].wasRead = false
            hand += 1
            return
        }
        let row = places[hand].row
        indices[row.key] = nil
        bytes -= row.values.byteCount + RowCache.rowOverhead
        row.times.rows -= 1
        if row.times.rows == 0 { forget(row.times) }
        // The last place fills the gap.
        let last = places.removeLast()
        if hand < places.count {
            places[hand] = last
            indices[last.row.key] = hand
            hand += 1
        }
    }

    private func forget(_ times: CachedTimes) {
        bytes -= times.byteCount
        let key = TimesKey(times.buffer)
        if self.times[key] === times { self.times[key] = nil }
    }
}

extension UnsafeBufferPointer<Int64> {
    /// The indices of those elements, of ascending ones, that lie from `low` to `high`.
    func window(_ low: Int64, _ high: Int64) -> Range<Int> {
        let first = firstIndex { $0 >= low }
        return first..<Swift.max(first, firstIndex { $0 > high })
    }

    /// The index of the first element for which `isBehind` holds, which does for all behind it; `count` where there is
    /// none.
    private func firstIndex(_ isBehind: (Int64) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if isBehind(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
