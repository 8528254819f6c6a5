import Model

extension Labels {
    /// Why a series with these labels cannot be stored, or nil. Labels that were made of pairs are never refused for more
    /// than an empty name; those that were made of bytes can be anything.
    var problem: String? {
        encoded.withUnsafeBytes { bytes in
            var reader = ByteReader(bytes)
            var last: UnsafeRawBufferPointer?
            var count = 0
            while reader.remaining > 0 {
                guard let name = try? reader.labelString(), let value = try? reader.labelString() else {
                    return "the labels' bytes end within a name or value"
                }
                if let problem = Labels.problem(name, value, after: last) { return problem }
                last = name
                count += 1
            }
            if count <= SeriesIndex.labelsMax { return nil }
            return "a series has \(count) labels, more than the \(SeriesIndex.labelsMax) that can be stored"
        }
    }

    private static func problem(
        _ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, after last: UnsafeRawBufferPointer?
    ) -> String? {
        if name.isEmpty { return "a label's name is empty" }
        func text() -> String { String(decoding: name.prefix(100), as: UTF8.self) }
        guard isUTF8(name), isUTF8(value) else { return "the label \(text()) is not valid UTF-8" }
        if value.isEmpty { return "the label \(text()) is empty, which is the same as none" }
        guard let last else { return nil }
        if name.elementsEqual(last) { return "the label \(text()) is named twice" }
        return last.lexicographicallyPrecedes(name) ? nil : "the label \(text()) is not in the order of names"
    }

    private static func isUTF8(_ bytes: UnsafeRawBufferPointer) -> Bool {
        if bytes.allSatisfy({ $0 < 128 }) { return true }
        return String(validating: bytes, as: UTF8.self) != nil
    }
}
