/// Makes labels from changes to other labels.
public struct LabelsBuilder: Sendable {
    private var pairs: [Label]

    /// Starts from `base`, all of whose labels are kept until changed.
    public init(_ base: Labels = .empty) {
        pairs = Array(base)
    }

    /// Starts from `pairs`, of which the later wins where two have one name; those with empty values are left out.
    /// - Complexity: n log n for n pairs, where setting one after the other would take quadratic time.
    public init(_ pairs: [Label]) {
        self.pairs = pairs
        if pairs.count > 1 {
            let order = pairs.indices.sorted { a, b in
                let (left, right) = (pairs[a].name, pairs[b].name)
                return byteOrder(left, right) || a < b && !byteOrder(right, left)
            }
            for (index, next) in zip(order, order.dropFirst()) where !byteOrder(pairs[index].name, pairs[next].name) {
                // What is left out is marked by an empty value.
                self.pairs[index] = Label(name: pairs[index].name, value: "")
            }
        }
        self.pairs.removeAll { $0.value.isEmpty }
    }

    /// Sets a label. An empty value removes it.
    public mutating func set(_ name: String, _ value: String) {
        pairs.removeAll { $0.name == name }
        if !value.isEmpty { pairs.append(Label(name: name, value: value)) }
    }

    /// Sets labels one after the other.
    /// - Complexity: n log n for n labels, old and new ones.
    public mutating func set(_ labels: [Label]) {
        guard !labels.isEmpty else { return }
        self = LabelsBuilder(pairs + labels)
    }

    public mutating func remove(_ name: String) {
        pairs.removeAll { $0.name == name }
    }

    /// Removes the labels of which `isUnwanted` holds.
    public mutating func removeAll(where isUnwanted: (Label) -> Bool) {
        pairs.removeAll(where: isUnwanted)
    }

    public subscript(name: String) -> String? {
        pairs.first { $0.name == name }?.value
    }

    /// The labels as they are now, sorted by name.
    public func labels() -> Labels {
        let sorted = pairs.sorted { byteOrder($0.name, $1.name) }
        var encoded: [UInt8] = []
        encoded.reserveCapacity(sorted.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count + 2 })
        for pair in sorted {
            encoded.appendLabelString(pair.name)
            encoded.appendLabelString(pair.value)
        }
        return Labels(encoded: encoded)
    }
}

extension Labels: ExpressibleByDictionaryLiteral {
    /// `["__name__": "up", "job": "demo"]`.
    public init(dictionaryLiteral pairs: (String, String)...) {
        self.init(pairs.lazy.map { (name: $0.0, value: $0.1) })
    }
}

extension Labels {
    /// The labels with others set.
    ///
    /// - Parameter changes: names and values in the layout of ``encoded``, sorted by name, each name once. An empty value
    ///   removes the label.
    /// - Complexity: linear in the bytes of both.
    public func setting(_ changes: [UInt8]) -> Labels {
        if changes.isEmpty { return self }
        var merged: [UInt8] = []
        merged.reserveCapacity(encoded.count + changes.count)
        encoded.withUnsafeBufferPointer { old in
            changes.withUnsafeBufferPointer { new in merged.appendMerged(old, new) }
        }
        return Labels(encoded: merged)
    }

    /// The labels without those that `drop` says, bytes of the names being only valid during the call.
    public func filter(_ keep: (UnsafeBufferPointer<UInt8>) -> Bool) -> Labels {
        var kept: [UInt8] = []
        kept.reserveCapacity(encoded.count)
        forEachBytes { name, value in
            guard keep(name) else { return }
            kept.appendLabelString(name)
            kept.appendLabelString(value)
        }
        return Labels(encoded: kept)
    }

    /// The labels named in `names` only.
    public func keeping(_ names: [String]) -> Labels {
        filter { name in names.contains { matches($0, name) } }
    }

    /// The labels not named in `names`.
    public func removing(_ names: [String]) -> Labels {
        filter { name in !names.contains { matches($0, name) } }
    }

    /// The labels without `__name__`.
    public var withoutMetricName: Labels { removing([Labels.metricNameLabel]) }
}

/// Whether `name` has just these bytes.
private func matches(_ name: String, _ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    name.utf8.count == bytes.count && name.utf8.elementsEqual(bytes)
}

/// Whether `a` sorts before `b` by unsigned bytes, as Prometheus orders label names.
public func byteOrder(_ a: String, _ b: String) -> Bool {
    a.utf8.lexicographicallyPrecedes(b.utf8)
}

extension [UInt8] {
    /// Appends the labels of both, those of `new` where a name is in both; not those that are empty there.
    fileprivate mutating func appendMerged(_ old: UnsafeBufferPointer<UInt8>, _ new: UnsafeBufferPointer<UInt8>) {
        var (left, right) = (Labels.Cursor(old), Labels.Cursor(new))
        var start = 0
        var next = left.next()
        while let change = right.next() {
            while let label = next, compare(label.name, change.name) < 0 {
                append(contentsOf: old[start..<left.offset])
                start = left.offset
                next = left.next()
            }
            if let label = next, equal(label.name, change.name) {
                start = left.offset
                next = left.next()
            }
            guard !change.value.isEmpty else { continue }
            appendLabelString(change.name)
            appendLabelString(change.value)
        }
        append(contentsOf: old[start...])
    }

    /// Appends a length and a string in the layout of ``Labels/encoded``.
    public mutating func appendLabelString(_ string: String) {
        var string = string
        string.withUTF8 { appendLabelString($0) }
    }

    /// Appends a length and a string in the layout of ``Labels/encoded``.
    public mutating func appendLabelString(_ bytes: UnsafeBufferPointer<UInt8>) {
        let count = Swift.min(bytes.count, Labels.stringBytesMax)
        if count < 255 {
            append(UInt8(count))
        } else {
            append(contentsOf: [255, UInt8(count & 255), UInt8(count >> 8 & 255), UInt8(count >> 16)])
        }
        append(contentsOf: UnsafeBufferPointer(rebasing: bytes[..<count]))
    }
}
