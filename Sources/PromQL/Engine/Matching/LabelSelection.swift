import Model

/// The labels that describe what a metric is rather than where it comes from; they go when something is computed of it.
///
/// - Source: Prometheus 3.14 `schema.IsMetadataLabel`.
enum MetadataLabels {
    static let names = ["__name__", "__type__", "__unit__"]

    /// `labels` without them.
    static func drop(_ labels: Labels) -> Labels {
        // Most label sets have none but the name, and all three begin alike.
        labels.filter { name in !isMetadata(name) }
    }

    @inline(__always)
    static func isMetadata(_ name: UnsafeBufferPointer<UInt8>) -> Bool {
        guard name.count == 8, name[0] == UInt8(ascii: "_"), name[1] == UInt8(ascii: "_") else { return false }
        return names.contains { name.elementsEqual($0.utf8) }
    }
}

/// Which of a series' labels count when series are grouped or paired.
struct LabelSelection: Sendable {
    private let names: [[UInt8]]
    /// Whether the names are those that count, rather than those that do not.
    private let keeps: Bool
    private let dropsName: Bool

    /// `by (names)` and `on (names)`.
    static func only(_ names: [String]) -> LabelSelection {
        LabelSelection(names: names.map { Array($0.utf8) }, keeps: true, dropsName: false)
    }

    /// `without (names)` and `ignoring (names)`: neither does the metric's name count, but its type and unit do.
    static func without(_ names: [String]) -> LabelSelection {
        LabelSelection(names: names.map { Array($0.utf8) }, keeps: false, dropsName: true)
    }

    /// All labels but these.
    static func removing(_ names: [String]) -> LabelSelection {
        LabelSelection(names: names.map { Array($0.utf8) }, keeps: false, dropsName: false)
    }

    /// Whether no label counts.
    var isEmpty: Bool { keeps && names.isEmpty }

    /// Appends the selected labels in the layout of ``Labels/encoded``.
    func append(_ labels: Labels, to bytes: inout [UInt8]) {
        if isEmpty { return }
        labels.encoded.withUnsafeBufferPointer { encoded in
            var cursor = Labels.Cursor(encoded)
            while let label = cursor.next() {
                guard selects(label.name) else { continue }
                bytes.appendLabelString(label.name)
                bytes.appendLabelString(label.value)
            }
        }
    }

    private func selects(_ name: UnsafeBufferPointer<UInt8>) -> Bool {
        if dropsName && name.count == 8 && name.elementsEqual(Labels.metricNameLabel.utf8) { return false }
        for candidate in names where candidate.count == name.count && candidate.elementsEqual(name) { return keeps }
        return !keeps
    }

    /// The selected labels.
    func callAsFunction(_ labels: Labels) -> Labels {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(labels.encoded.count)
        append(labels, to: &bytes)
        return Labels(encoded: bytes)
    }
}

/// Numbers distinct label sets in the order in which they are first seen.
struct LabelTable {
    private(set) var labels: [Labels] = []
    private var hashes: [UInt64] = []
    /// Open addressing: index + 1 of the label set in each slot, 0 where it is free. A power of two in size.
    private var slots = [Int32](repeating: 0, count: 64)
    private var scratch: [UInt8] = []

    var count: Int { labels.count }

    /// The number of the labels that `selection` takes from `source`.
    mutating func index(of source: Labels, selecting selection: LabelSelection) -> Int {
        scratch.removeAll(keepingCapacity: true)
        selection.append(source, to: &scratch)
        let hash = scratch.withUnsafeBufferPointer { tableHash($0) }
        if let found = find(hash, scratch) { return found }
        return insert(Labels(encoded: scratch.map { $0 }), hash)
    }

    /// The number of `labels`.
    mutating func index(of labels: Labels) -> Int {
        let hash = labels.tableHash
        return find(hash, labels.encoded) ?? insert(labels, hash)
    }

    /// The number of the labels that `selection` takes from `source`, or nil where they are new.
    mutating func find(_ source: Labels, selecting selection: LabelSelection) -> Int? {
        scratch.removeAll(keepingCapacity: true)
        selection.append(source, to: &scratch)
        return find(scratch.withUnsafeBufferPointer { tableHash($0) }, scratch)
    }

    private func find(_ hash: UInt64, _ encoded: [UInt8]) -> Int? {
        var slot = Int(truncatingIfNeeded: hash) & (slots.count - 1)
        while slots[slot] != 0 {
            let index = Int(slots[slot]) - 1
            if hashes[index] == hash, labels[index].encoded == encoded { return index }
            slot = (slot + 1) & (slots.count - 1)
        }
        return nil
    }

    private mutating func insert(_ new: Labels, _ hash: UInt64) -> Int {
        labels.append(new)
        hashes.append(hash)
        // At most half full, so that probes stay short.
        if 2 * labels.count > slots.count {
            slots = [Int32](repeating: 0, count: 2 * slots.count)
            for index in labels.indices { place(index) }
        } else {
            place(labels.count - 1)
        }
        return labels.count - 1
    }

    private mutating func place(_ index: Int) {
        var slot = Int(truncatingIfNeeded: hashes[index]) & (slots.count - 1)
        while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
        slots[slot] = Int32(index + 1)
    }
}
