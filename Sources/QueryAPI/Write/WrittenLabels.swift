import Model
import Protobuf
import RemoteProtocol

/// Why the labels of a series in a write request cannot name a series.
struct InvalidLabels: Error, CustomStringConvertible {
    let description: String
}

/// Reads the labels of series and exemplars from the bytes of a write request.
struct WrittenLabels {
    private typealias Pair = (name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer)

    let message: UnsafeRawBufferPointer
    /// Where the strings lie that numbers refer to, in version 2.0; nil in 1.0, where labels are written out.
    var symbols: [Range<Int>]?

    /// Where a part of the message lies in it.
    func range(_ part: UnsafeRawBufferPointer) -> Range<Int> {
        guard let base = message.baseAddress, let start = part.baseAddress else { return 0..<0 }
        return start - base..<start - base + part.count
    }

    func symbol(_ number: UInt64) -> UnsafeRawBufferPointer? {
        guard let symbols, number < UInt64(symbols.count) else { return nil }
        return UnsafeRawBufferPointer(rebasing: message[symbols[Int(number)]])
    }

    /// The labels of a series.
    ///
    /// - Parameter source: bytes of the message whose fields 1 are labels, or numbers of symbols.
    func labels(_ source: Range<Int>) throws(InvalidLabels) -> Labels {
        let pairs = try pairs(source)
        let labels = try encoded(pairs)
        guard labels.metricName != nil else {
            throw InvalidLabels(description: "no metric name in series \(described(pairs))")
        }
        return labels
    }

    /// The labels of an exemplar; there may be none.
    func exemplarLabels(_ source: Range<Int>) throws(InvalidLabels) -> Labels {
        let pairs = try pairs(source)
        // No character has more than four bytes; this much is cheap to look at.
        var characterCount = 0
        for pair in pairs {
            guard pair.name.count + pair.value.count <= 4 * Limit.exemplarLabelCharacters else {
                throw InvalidLabels(description: "the labels of an exemplar are too long")
            }
            characterCount += String(decoding: pair.name, as: UTF8.self).unicodeScalars.count
            characterCount += String(decoding: pair.value, as: UTF8.self).unicodeScalars.count
            guard characterCount <= Limit.exemplarLabelCharacters else {
                throw InvalidLabels(description: "the labels of an exemplar are too long")
            }
        }
        return try encoded(pairs)
    }

    private func encoded(_ pairs: [Pair]) throws(InvalidLabels) -> Labels {
        var encoded: [UInt8] = []
        encoded.reserveCapacity(pairs.reduce(0) { $0 + min($1.name.count + $1.value.count, 1000) + 2 })
        for (index, pair) in pairs.enumerated() {
            if let reason = fault(pair, after: index > 0 ? pairs[index - 1].name : nil) {
                throw InvalidLabels(description: "\(reason) in series \(described(pairs))")
            }
            // An empty value is the same as no label.
            if pair.value.isEmpty { continue }
            encoded.appendLabelString(pair.name.bindMemory(to: UInt8.self))
            encoded.appendLabelString(pair.value.bindMemory(to: UInt8.self))
        }
        return Labels(encoded: encoded)
    }

    /// Names and values, sorted by name.
    private func pairs(_ source: Range<Int>) throws(InvalidLabels) -> [Pair] {
        let bytes = UnsafeRawBufferPointer(rebasing: message[source])
        var pairs = symbols == nil ? try writtenPairs(bytes) : try referencedPairs(bytes)
        pairs.sort { $0.name.lexicographicallyPrecedes($1.name) }
        return pairs
    }

    private func writtenPairs(_ bytes: UnsafeRawBufferPointer) throws(InvalidLabels) -> [Pair] {
        var pairs: [Pair] = []
        do throws(ProtobufError) {
            var reader = ProtobufReader(bytes)
            while let (field, value) = try reader.next() {
                guard field == 1, case .bytes(let label) = value else { continue }
                pairs.append(try readLabel(label))
            }
        } catch {
            throw InvalidLabels(description: "labels do not decode: \(error)")
        }
        return pairs
    }

    private func referencedPairs(_ bytes: UnsafeRawBufferPointer) throws(InvalidLabels) -> [Pair] {
        var numbers: [UInt64] = []
        do throws(ProtobufError) {
            var reader = ProtobufReader(bytes)
            while let (field, value) = try reader.next() {
                guard field == 1 else { continue }
                try value.forEachVarint { number throws(ProtobufError) in numbers.append(number) }
            }
        } catch {
            throw InvalidLabels(description: "labels do not decode: \(error)")
        }
        guard numbers.count % 2 == 0 else {
            throw InvalidLabels(description: "\(numbers.count) label references, which is odd")
        }
        var pairs: [Pair] = []
        var byteCount = 0
        for index in stride(from: 0, to: numbers.count, by: 2) {
            guard let name = symbol(numbers[index]), let value = symbol(numbers[index + 1]) else {
                throw InvalidLabels(
                    description: "label references \(numbers[index]) and \(numbers[index + 1]) are beyond the "
                        + "\(symbols?.count ?? 0) symbols")
            }
            byteCount += name.count + value.count
            guard byteCount <= Limit.writeReferencedBytes else {
                throw InvalidLabels(description: "labels of more than \(Limit.writeReferencedBytes) bytes")
            }
            pairs.append((name, value))
        }
        return pairs
    }
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
