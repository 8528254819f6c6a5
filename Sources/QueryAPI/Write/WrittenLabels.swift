import Model

/// Why the labels of a series in a write request cannot name a series.
struct InvalidLabels: Error, CustomStringConvertible {
    let description: String
}

/// The labels in `message`, whose fields 1 are labels.
func writtenLabels(_ message: UnsafeRawBufferPointer) throws(InvalidLabels) -> Labels {
    var pairs: [(name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer)] = []
    do throws(ProtobufError) {
        var reader = ProtobufReader(message)
        while let (field, value) = try reader.next() {
            guard field == 1, case .bytes(let label) = value else { continue }
            pairs.append(try readLabel(label))
        }
    } catch {
        throw InvalidLabels(description: "labels do not decode: \(error)")
    }
    pairs.sort { $0.name.lexicographicallyPrecedes($1.name) }
    var encoded: [UInt8] = []
    encoded.reserveCapacity(message.count)
    for (index, pair) in pairs.enumerated() {
        if let reason = fault(pair, after: index > 0 ? pairs[index - 1].name : nil) {
            throw InvalidLabels(description: "\(reason) in series \(described(pairs))")
        }
        // An empty value is the same as no label.
        if pair.value.isEmpty { continue }
        encoded.appendLabelString(pair.name.bindMemory(to: UInt8.self))
        encoded.appendLabelString(pair.value.bindMemory(to: UInt8.self))
    }
    let labels = Labels(encoded: encoded)
    guard labels.metricName != nil else {
        throw InvalidLabels(description: "no metric name in series \(described(pairs))")
    }
    return labels
}

/// Label: name 1, value 2.
private func readLabel(
    _ message: UnsafeRawBufferPointer
) throws(ProtobufError) -> (name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {
    var name = UnsafeRawBufferPointer(start: nil, count: 0)
    var text = UnsafeRawBufferPointer(start: nil, count: 0)
    var reader = ProtobufReader(message)
    while let (field, value) = try reader.next() {
        guard case .bytes(let bytes) = value else { continue }
        if field == 1 { name = bytes } else if field == 2 { text = bytes }
    }
    return (name, text)
}

private func fault(
    _ pair: (name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer), after previous: UnsafeRawBufferPointer?
) -> String? {
    let name = String(decoding: pair.name, as: UTF8.self)
    if pair.name.isEmpty { return "a label without a name" }
    if let previous, previous.elementsEqual(pair.name) { return "label name \(quoted(name)) is not unique" }
    if String(validating: pair.name, as: UTF8.self) == nil { return "label name \(quoted(name)) is not UTF-8" }
    if String(validating: pair.value, as: UTF8.self) == nil { return "the value of label \(quoted(name)) is not UTF-8" }
    if max(pair.name.count, pair.value.count) > Limit.writeLabelBytes {
        return "label \(quoted(String(name.prefix(100)))) is longer than \(Limit.writeLabelBytes) bytes"
    }
    return nil
}

private func described(_ pairs: [(name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer)]) -> String {
    let texts = pairs.prefix(64).map { pair in
        "\(String(decoding: pair.name.prefix(200), as: UTF8.self))="
            + quoted(String(decoding: pair.value.prefix(200), as: UTF8.self))
    }
    return "{\(texts.joined(separator: ", "))}"
}
