#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// The name and value pairs that identify a series, sorted by name; the metric's name is the label `__name__`.
///
/// All pairs lie in one byte array, each string behind its length, so that a set of labels is one allocation, compares
/// with one `memcmp` and hashes eight bytes at a time. A label with an empty value is the same as an absent label, and
/// is not stored. Names are unique.
public struct Labels: Sendable {
    /// Per label: length, name, length, value. A length below 255 is one byte; any other is the byte 255 and three
    /// bytes, least significant first.
    public let encoded: [UInt8]

    /// The longest name or value that fits the encoding, in bytes; longer strings are cut.
    public static let stringBytesMax = (1 << 24) - 1

    public static let empty = Labels(encoded: [])

    /// Takes bytes that are already in this type's layout, sorted by name: what `encoded` gave before.
    public init(encoded: [UInt8]) {
        self.encoded = encoded
    }

    /// Labels from pairs in any order; of two pairs with one name the later wins, and empty values are left out.
    /// - Complexity: n log n for n pairs.
    public init(_ pairs: some Sequence<(name: String, value: String)>) {
        self = LabelsBuilder(pairs.map { Label(name: $0.name, value: $0.value) }).labels()
    }

    public var isEmpty: Bool { encoded.isEmpty }

    /// The value of the label called `name`, or nil where there is none.
    /// - Complexity: linear in the bytes before it.
    public subscript(name: String) -> String? {
        var name = name
        return name.withUTF8 { wanted in
            encoded.withUnsafeBufferPointer { bytes in
                var cursor = Cursor(bytes)
                while let label = cursor.next() {
                    if equal(label.name, wanted) { return String(decoding: label.value, as: UTF8.self) }
                }
                return nil
            }
        }
    }

    /// The value of `__name__`, or nil where the labels have none.
    public var metricName: String? { self[Labels.metricNameLabel] }

    public static let metricNameLabel = "__name__"

    /// Calls `body` with each name and value, as bytes that are only valid during the call, sorted by name.
    @inlinable
    public func forEachBytes(_ body: (_ name: UnsafeBufferPointer<UInt8>, _ value: UnsafeBufferPointer<UInt8>) -> Void)
    {
        encoded.withUnsafeBufferPointer { bytes in
            var cursor = Cursor(bytes)
            while let label = cursor.next() { body(label.name, label.value) }
        }
    }

    /// Walks the encoding. The pointers that it gives live as long as the buffer that it was made from.
    @frozen
    public struct Cursor {
        @usableFromInline let bytes: UnsafeBufferPointer<UInt8>
        @usableFromInline var offset = 0

        @inlinable public init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

        @inlinable
        public mutating func next() -> (name: UnsafeBufferPointer<UInt8>, value: UnsafeBufferPointer<UInt8>)? {
            guard offset < bytes.count else { return nil }
            let name = string()
            return (name, string())
        }

        @inlinable
        mutating func string() -> UnsafeBufferPointer<UInt8> {
            var count = Int(bytes[offset])
            offset += 1
            if count == 255 {
                count = Int(bytes[offset]) | Int(bytes[offset + 1]) << 8 | Int(bytes[offset + 2]) << 16
                offset += 3
            }
            defer { offset += count }
            return UnsafeBufferPointer(rebasing: bytes[offset..<offset + count])
        }
    }
}

/// One name and value.
public struct Label: Sendable, Hashable {
    public let name: String
    public let value: String

    public init(name: String, value: String) {
        self.name = name
        self.value = value
    }
}

extension Labels: Sequence {
    public struct Iterator: IteratorProtocol {
        let encoded: [UInt8]
        var offset = 0

        public mutating func next() -> Label? {
            encoded.withUnsafeBufferPointer { bytes in
                var cursor = Cursor(bytes)
                cursor.offset = offset
                guard let label = cursor.next() else { return nil }
                offset = cursor.offset
                return Label(
                    name: String(decoding: label.name, as: UTF8.self),
                    value: String(decoding: label.value, as: UTF8.self))
            }
        }
    }

    public func makeIterator() -> Iterator { Iterator(encoded: encoded) }

    /// The number of labels.
    /// - Complexity: linear.
    public var count: Int {
        var count = 0
        forEachBytes { _, _ in count += 1 }
        return count
    }
}

extension Labels: Hashable {
    public static func == (a: Labels, b: Labels) -> Bool {
        a.encoded.count == b.encoded.count
            && a.encoded.withUnsafeBufferPointer { a in b.encoded.withUnsafeBufferPointer { b in equal(a, b) } }
    }

    public func hash(into hasher: inout Hasher) { hasher.combine(tableHash) }

    /// A hash of the whole set, the same in every process.
    public var hash64: UInt64 { encoded.withUnsafeBufferPointer { Model.hash64($0) } }

    /// A hash of the whole set for hash tables in memory, another one in each process.
    public var tableHash: UInt64 { encoded.withUnsafeBufferPointer { Model.tableHash($0) } }
}

extension Labels: Comparable {
    /// Label by label: by name, then by value, bytes compared as unsigned; a prefix comes first.
    public static func < (a: Labels, b: Labels) -> Bool {
        a.encoded.withUnsafeBufferPointer { a in
            b.encoded.withUnsafeBufferPointer { b in
                var left = Cursor(a)
                var right = Cursor(b)
                while true {
                    guard let r = right.next() else { return false }
                    guard let l = left.next() else { return true }
                    let byName = compare(l.name, r.name)
                    if byName != 0 { return byName < 0 }
                    let byValue = compare(l.value, r.value)
                    if byValue != 0 { return byValue < 0 }
                }
            }
        }
    }
}

extension Labels: CustomStringConvertible {
    /// The selector notation: `name{label="value", …}`, with names quoted where they are not plain identifiers.
    public var description: String {
        var metric = ""
        var pairs: [String] = []
        for label in self {
            if label.name == Labels.metricNameLabel && isLegacyMetricName(label.value) {
                metric = label.value
            } else {
                let name = isLegacyLabelName(label.name) ? label.name : quoted(label.name)
                pairs.append("\(name)=\(quoted(label.value))")
            }
        }
        return pairs.isEmpty && !metric.isEmpty ? metric : "\(metric){\(pairs.joined(separator: ", "))}"
    }
}

@inlinable
func equal(_ a: UnsafeBufferPointer<UInt8>, _ b: UnsafeBufferPointer<UInt8>) -> Bool {
    a.count == b.count && (a.isEmpty || memcmp(a.baseAddress!, b.baseAddress!, a.count) == 0)
}

/// Negative, zero or positive as `a` sorts before, with or after `b`.
@inlinable
func compare(_ a: UnsafeBufferPointer<UInt8>, _ b: UnsafeBufferPointer<UInt8>) -> Int {
    let shared = Swift.min(a.count, b.count)
    let order = shared == 0 ? 0 : Int(memcmp(a.baseAddress!, b.baseAddress!, shared))
    return order != 0 ? order : a.count - b.count
}
