import Model
import Protobuf
import RemoteProtocol

/// Attributes of a resource, a scope or a sample, as text.
struct OTLPAttributes {
    /// Sorted by name; of two of one name the one sent first.
    private(set) var pairs: [(name: String, value: String)] = []
    private var byteCount = 0

    /// Why the attributes cannot be taken: there are none left then.
    var fault: String? {
        byteCount > Limit.otlpAttributeBytes ? "it has more than \(Limit.otlpAttributeBytes) bytes of attributes" : nil
    }

    /// Adds a KeyValue: key 1, value 2.
    mutating func append(_ message: UnsafeRawBufferPointer) throws(ProtobufError) {
        if fault != nil { return }
        let pair = try readPair(message, depth: 0)
        // Also those of no bytes count.
        byteCount += pair.name.utf8.count + pair.value.utf8.count + 2
        if fault == nil { pairs.append(pair) } else { pairs = [] }
    }

    mutating func sort() { pairs = sortedByName(pairs) }

    subscript(name: String) -> String? { pairs.first { $0.name == name }?.value }
}

/// Sorted by name; those of one name stay in their order.
func sortedByName(_ pairs: [(name: String, value: String)]) -> [(name: String, value: String)] {
    pairs.enumerated().sorted { a, b in
        a.element.name == b.element.name ? a.offset < b.offset : byteOrder(a.element.name, b.element.name)
    }.map(\.element)
}

/// How deep lists and maps may lie in one another.
private let depthMax = 16

private func readPair(
    _ message: UnsafeRawBufferPointer, depth: Int
) throws(ProtobufError) -> (name: String, value: String) {
    var pair = (name: "", value: "")
    var reader = ProtobufReader(message)
    while let (field, value) = try reader.next() {
        guard case .bytes(let bytes) = value else { continue }
        if field == 1 {
            pair.name = String(decoding: bytes, as: UTF8.self)
        } else if field == 2 {
            pair.value = try readValue(bytes, depth: depth, isNested: false)
        }
    }
    return pair
}

/// AnyValue: string 1, bool 2, int 3, double 4, list 5, map 6, bytes 7; lists and maps as JSON.
private func readValue(
    _ message: UnsafeRawBufferPointer, depth: Int, isNested: Bool
) throws(ProtobufError) -> String {
    guard depth <= depthMax else {
        throw ProtobufError(description: "attributes are nested more than \(depthMax) levels deep")
    }
    var text: String?
    var reader = ProtobufReader(message)
    while let (field, value) = try reader.next() {
        switch (field, value) {
        case (1, .bytes(let bytes)):
            let string = String(decoding: bytes, as: UTF8.self)
            text = isNested ? json(string) : string
        case (2, .varint(let number)): text = number == 0 ? "false" : "true"
        case (3, .varint(let number)): text = String(Int64(bitPattern: number))
        case (4, .fixed64(let bits)):
            let number = Double(bitPattern: bits)
            text = isNested && !number.isFinite ? "null" : formatFloat(number, .json)
        case (5, .bytes(let list)): text = try readList(list, depth: depth)
        case (6, .bytes(let map)): text = try readMap(map, depth: depth)
        case (7, .bytes(let bytes)): text = isNested ? json(base64Encoded(bytes)) : base64Encoded(bytes)
        default: break
        }
    }
    return text ?? (isNested ? "null" : "")
}

/// ArrayValue: values 1.
private func readList(_ message: UnsafeRawBufferPointer, depth: Int) throws(ProtobufError) -> String {
    var values: [String] = []
    var reader = ProtobufReader(message)
    while let (field, value) = try reader.next() {
        guard field == 1, case .bytes(let bytes) = value else { continue }
        values.append(try readValue(bytes, depth: depth + 1, isNested: true))
    }
    return "[\(values.joined(separator: ","))]"
}

/// KeyValueList: values 1.
private func readMap(_ message: UnsafeRawBufferPointer, depth: Int) throws(ProtobufError) -> String {
    var pairs: [(String, String)] = []
    var reader = ProtobufReader(message)
    while let (field, value) = try reader.next() {
        guard field == 1, case .bytes(let bytes) = value else { continue }
        var name = ""
        var text = "null"
        var pair = ProtobufReader(bytes)
        while let (field, value) = try pair.next() {
            guard case .bytes(let part) = value else { continue }
            if field == 1 {
                name = String(decoding: part, as: UTF8.self)
            } else if field == 2 {
                text = try readValue(part, depth: depth + 1, isNested: true)
            }
        }
        pairs.append((name, text))
    }
    pairs.sort { byteOrder($0.0, $1.0) }
    return "{\(pairs.map { "\(json($0.0)):\($0.1)" }.joined(separator: ","))}"
}

private func json(_ text: String) -> String {
    var out: [UInt8] = []
    out.appendJSONString(text)
    return String(decoding: out, as: UTF8.self)
}
