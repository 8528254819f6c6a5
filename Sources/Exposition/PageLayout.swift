import Glibc
import Model

/// The lines of a page without their values: what two scrapes of one target have in common.
///
/// A target's page hardly changes but for its values, so that most lines are recognised by comparing them with the line
/// at the same place of the page before, and nothing of them is parsed but the number.
public struct PageLayout: Sendable {
    public enum Kind: UInt8, Sendable {
        /// A sample that is kept. Its raw value is 0: see `Line.isPlainSample`.
        case sample
        /// A sample that relabelling drops.
        case droppedSample
        /// A sample whose value is kept for what is made of it, and that is no series by itself.
        case part
        case comment
        case typeCounter, typeHistogram, typeSummary, typeOther

        public var isSample: Bool { rawValue <= Kind.part.rawValue }
        public var isType: Bool { rawValue > Kind.comment.rawValue }
    }

    struct Line {
        /// Where the line's head ends in `heads`; it begins where the one before ends.
        var headEnd: Int
        /// How many lines of kind `sample` or `part` come before it.
        var samplesBefore: UInt32
        /// The kind in the upper four bits, and below them the TYPE line that the line is behind.
        var packed: UInt32

        var kind: Kind { Kind(rawValue: UInt8(packed >> 28)) ?? .comment }
        var typeLine: TypeLine { TypeLine(index: packed & 0x0fff_ffff) }

        /// Whether the line is a sample that is kept, behind this TYPE line; one comparison, as most lines are.
        @inline(__always)
        func isPlainSample(behind typeLine: TypeLine) -> Bool { packed == typeLine.index }
    }

    /// The TYPE line that is in force at some place of a page: two lines are the same only behind the same one, as it says
    /// how labels are read.
    public struct TypeLine: Sendable, Equatable {
        let index: UInt32

        /// Before the first one.
        public static let none = TypeLine(index: 0x0fff_ffff)
        /// One that the layout does not have.
        public static let unknown = TypeLine(index: 0x0fff_fffe)

        init(index: UInt32) { self.index = index }

        /// The TYPE line at place `line`.
        public init(at line: Int) { index = UInt32(truncatingIfNeeded: line) & 0x0fff_ffff }
    }

    /// One after another the lines' heads: of a sample the text of its name and labels, of a comment the whole line.
    private(set) var heads: [UInt8] = []
    private(set) var lines: [Line] = []
    private var typeLine = TypeLine.none
    /// How many lines are samples whose values are kept.
    public private(set) var sampleCount = 0
    /// How many of these are parts.
    public private(set) var partCount = 0
    /// How many lines are samples that are dropped.
    public private(set) var droppedCount = 0

    /// What the page is written in, which says how its lines are read.
    public let format: ExpositionFormat

    public init(_ format: ExpositionFormat = .text) { self.format = format }

    public var count: Int { lines.count }

    /// How many lines say something of metrics.
    public var commentCount: Int { lines.count - sampleCount - droppedCount }

    /// How many samples whose values are kept come before line `index`, which may be one behind the last.
    public func samplesBefore(_ index: Int) -> Int {
        index < lines.count ? Int(lines[index].samplesBefore) : sampleCount
    }

    public func kind(_ index: Int) -> Kind { lines[index].kind }

    /// The kind of the last TYPE line; nil where there is none.
    public var typeInForce: Kind? { typeLine == .none ? nil : lines[Int(typeLine.index)].kind }

    /// The TYPE line that line `index` is behind.
    public func typeLine(_ index: Int) -> TypeLine { lines[index].typeLine }

    private func headStart(_ index: Int) -> Int { index == 0 ? 0 : lines[index - 1].headEnd }

    /// Calls `body` with the head of line `index`.
    public func withHead<R, E: Error>(
        _ index: Int, _ body: (UnsafeBufferPointer<UInt8>) throws(E) -> R
    ) throws(E) -> R {
        let range = headStart(index)..<lines[index].headEnd
        return try heads.withUnsafeBufferPointer { (bytes) throws(E) in
            try body(UnsafeBufferPointer(rebasing: bytes[range]))
        }
    }

    /// Whether line `index` has this head.
    public func hasHead(_ head: UnsafeBufferPointer<UInt8>, at index: Int) -> Bool {
        withHead(index) { $0.count == head.count && $0.elementsEqual(head) }
    }

    public mutating func append(_ head: UnsafeBufferPointer<UInt8>, _ kind: Kind) {
        heads.append(contentsOf: head)
        appendLine(heads.count, kind)
    }

    private mutating func appendLine(_ headEnd: Int, _ kind: Kind) {
        if kind.isType { typeLine = TypeLine(at: lines.count) }
        let packed = UInt32(kind.rawValue) << 28 | typeLine.index
        lines.append(
            Line(headEnd: headEnd, samplesBefore: UInt32(truncatingIfNeeded: sampleCount), packed: packed))
        switch kind {
        case .sample: sampleCount += 1
        case .part:
            sampleCount += 1
            partCount += 1
        case .droppedSample: droppedCount += 1
        default: break
        }
    }

    /// Appends the lines `range` of another layout.
    public mutating func append(_ other: PageLayout, _ range: Range<Int>) {
        guard let last = range.last else { return }
        let start = other.headStart(range.lowerBound)
        let shift = heads.count - start
        heads.append(contentsOf: other.heads[start..<other.lines[last].headEnd])
        for line in other.lines[range] { appendLine(line.headEnd + shift, line.kind) }
    }

    /// Finds lines by their head.
    /// - Complexity: linear in the bytes of all heads; made only when a page differs from the one before.
    public func index() -> Index {
        var byHash: [UInt64: Int] = Dictionary(minimumCapacity: lines.count)
        for line in 0..<lines.count { byHash[withHead(line) { hash64($0) }] = line }
        return Index(byHash: byHash)
    }

    public struct Index: Sendable {
        fileprivate let byHash: [UInt64: Int]
    }

    /// The line with this head, or nil. Of two heads with one hash only the later is found, which costs the other a
    /// parse and nothing else.
    public func find(_ head: UnsafeBufferPointer<UInt8>, _ index: Index) -> Int? {
        guard let line = index.byHash[hash64(head)], hasHead(head, at: line) else { return nil }
        return line
    }
}

extension PageLayout {
    /// Of the samples whose head stands further up in the page already, the places among the kept values, ascending.
    /// - Complexity: linear in the bytes of all heads.
    public func repeatedPlaces() -> [Int] {
        var firstOf: [UInt64: Int] = Dictionary(minimumCapacity: sampleCount)
        var repeated: [Int] = []
        for line in 0..<lines.count where lines[line].kind == .sample {
            withHead(line) { head in
                let hash = hash64(head)
                guard let first = firstOf[hash] else { return firstOf[hash] = line }
                if hasHead(head, at: first) { repeated.append(samplesBefore(line)) }
            }
        }
        return repeated
    }

    /// Whether any line has `text`, which is not empty, in its head.
    public func contains(_ text: StaticString) -> Bool {
        heads.withUnsafeBytes { bytes in
            let length = text.utf8CodeUnitCount
            var offset = 0
            while let start = bytes.baseAddress, offset + length <= bytes.count {
                guard let found = memchr(start + offset, Int32(text.utf8Start[0]), bytes.count - length - offset + 1)
                else { return false }
                if memcmp(found, text.utf8Start, length) == 0 { return true }
                offset = UnsafeRawPointer(found) - start + 1
            }
            return false
        }
    }
}
