/// A set of series numbers as successive runs: series are mostly created together and live together.
///
///     repeatedly   varint: numbers left out since the end of the run before (at first since 0)
///                  varint: numbers in the run, at least 1
struct SeriesRuns: Sendable, Equatable {
    /// Per run its first number and one past its last; ascending, with gaps between.
    private(set) var runs: [Range<UInt32>] = []
    private(set) var count = 0

    init() {}

    /// Adds a number greater than all before, and less than the greatest there can be.
    mutating func append(_ id: UInt32) {
        precondition(id < .max && id >= runs.last?.upperBound ?? 0, "BUG: series \(id) is out of order")
        count += 1
        if let last = runs.last, last.upperBound == id {
            runs[runs.count - 1] = last.lowerBound..<id + 1
        } else {
            runs.append(id..<id + 1)
        }
    }

    /// As ``append(_:)``, of a number that was read from a file, whose rows may be out of order where it is damaged.
    /// - Returns: false where it is not greater than all before.
    mutating func appendRead(_ id: UInt32) -> Bool {
        guard id < .max, id >= runs.last?.upperBound ?? 0 else { return false }
        append(id)
        return true
    }

    /// The set with some numbers, ascending, in it or not.
    func changing(_ changes: [(id: UInt32, isThere: Bool)]) -> SeriesRuns {
        if changes.allSatisfy({ contains($0.id) == $0.isThere }) { return self }
        let changed = Dictionary(changes.map { ($0.id, $0.isThere) }) { _, new in new }
        var ids = Set(runs.lazy.joined().filter { changed[$0] != false })
        for change in changes where change.isThere { ids.insert(change.id) }
        var result = SeriesRuns()
        for id in ids.sorted() { result.append(id) }
        return result
    }

    /// All numbers that any of `sets` has.
    static func union(_ sets: [SeriesRuns]) -> SeriesRuns {
        var union = SeriesRuns()
        for run in sets.flatMap(\.runs).sorted(by: { $0.lowerBound < $1.lowerBound }) {
            let end = union.runs.last?.upperBound ?? 0
            let start = max(run.lowerBound, end)
            guard start < run.upperBound else { continue }
            union.count += Int(run.upperBound - start)
            if start == end, let last = union.runs.popLast() {
                union.runs.append(last.lowerBound..<run.upperBound)
            } else {
                union.runs.append(start..<run.upperBound)
            }
        }
        return union
    }

    func contains(_ id: UInt32) -> Bool {
        var low = 0
        var high = runs.count
        while low < high {
            let middle = (low + high) / 2
            if runs[middle].upperBound <= id { low = middle + 1 } else { high = middle }
        }
        return low < runs.count && runs[low].contains(id)
    }

    /// Marks in `found` which of `ids`, ascending, are in the set.
    func mark(_ ids: [UInt32], in found: inout [Bool]) {
        var run = 0
        for (index, id) in ids.enumerated() where !found[index] {
            while run < runs.count, runs[run].upperBound <= id { run += 1 }
            if run == runs.count { return }
            found[index] = runs[run].contains(id)
        }
    }

    var encoded: [UInt8] {
        var bytes: [UInt8] = []
        var end: UInt32 = 0
        for run in runs {
            bytes.appendVarint(UInt64(run.lowerBound - end))
            bytes.appendVarint(UInt64(run.count))
            end = run.upperBound
        }
        return bytes
    }

    init(encoded: UnsafeRawBufferPointer) throws(DecodeError) {
        var reader = ByteReader(encoded)
        var end = 0
        while reader.remaining > 0 {
            let start = end + (try reader.count(max: Int(UInt32.max) - end))
            let length = try reader.count(max: Int(UInt32.max) - start)
            guard length > 0, start > end || runs.isEmpty else { throw DecodeError("a run of series is empty") }
            end = start + length
            runs.append(UInt32(start)..<UInt32(end))
            count += length
        }
    }
}
