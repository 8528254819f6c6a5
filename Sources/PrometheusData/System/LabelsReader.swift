import Model

/// Makes labels from names and values, which mostly come in order.
struct LabelsReader {
    private var encoded: [UInt8] = []
    private var last: [UInt8] = []
    private var isSorted = true

    mutating func add(_ name: UnsafeBufferPointer<UInt8>, _ value: UnsafeBufferPointer<UInt8>) {
        if value.isEmpty { return }
        if !encoded.isEmpty, !last.lexicographicallyPrecedes(name) { isSorted = false }
        last.removeAll(keepingCapacity: true)
        last.append(contentsOf: name)
        encoded.appendLabelString(name)
        encoded.appendLabelString(value)
    }

    func labels() -> Labels {
        let labels = Labels(encoded: encoded)
        // Sorted anew, and of a name that is there twice the last one is kept.
        return isSorted ? labels : Labels(labels.map { (name: $0.name, value: $0.value) })
    }
}
