import Model
import Protobuf

/// The protobuf message that a metrics request in JSON stands for, so that both are read in the same way.
///
/// - Source: OTLP 1.x, "JSON Protobuf Encoding": names in lowerCamelCase, numbers of 64 bits also as text, identifiers of
///   traces in hexadecimal, enumerations as numbers; unknown fields mean nothing. As OpenTelemetry's own decoder this one
///   also takes the names of protobuf, with underscores, and those of enumerations.
/// - Throws: where the text is no such request, or its message has more than `bytesMax` bytes.
func otlpMessage(json: UnsafeRawBufferPointer, bytesMax: Int) throws(JSONError) -> [UInt8] {
    var transcoder = OTLPTranscoder(reader: JSONReader(json), bytesLeft: bytesMax)
    let message = try transcoder.message(.request, depth: 0)
    try transcoder.reader.requireEnd()
    return message
}

private struct OTLPTranscoder {
    var reader: JSONReader
    var bytesLeft: Int

    mutating func message(_ type: OTLPSchema.Message, depth: Int) throws(JSONError) -> [UInt8] {
        guard depth < JSONReader.depthMax else {
            throw reader.error("at most \(JSONReader.depthMax) nested messages")
        }
        var out = ProtobufWriter()
        var isFirst = true
        try reader.require("{")
        while let name = try reader.nextName(&isFirst) {
            let found = OTLPSchema.field(name, of: type) ?? OTLPSchema.field(camelCase(name), of: type)
            guard let field = found, reader.peek() != UInt8(ascii: "n") else {
                // `null` is the same as nothing.
                try reader.skip(depth: depth)
                continue
            }
            try values(of: field, depth, &out)
        }
        return out.bytes
    }

    private mutating func values(
        of field: OTLPSchema.Field, _ depth: Int, _ out: inout ProtobufWriter
    ) throws(JSONError) {
        guard field.isRepeated else { return try value(of: field, depth, &out) }
        var isFirst = true
        try reader.require("[")
        while try reader.nextElement(&isFirst) { try value(of: field, depth, &out) }
    }

    private mutating func value(
        of field: OTLPSchema.Field, _ depth: Int, _ out: inout ProtobufWriter
    ) throws(JSONError) {
        let before = out.bytes.count
        switch field.kind {
        case .message(let type): out.bytes(field.number, try message(type, depth: depth + 1))
        case .text: out.bytes(field.number, try reader.string().utf8)
        case .base64:
            guard let bytes = base64Decoded(Array(try reader.string().utf8)[...]) else {
                throw reader.error("base64 before")
            }
            out.bytes(field.number, bytes)
        case .hexadecimal: out.bytes(field.number, try hexadecimal())
        case .bool: out.presentVarint(field.number, try bool() ? 1 : 0)
        case .varint: out.presentVarint(field.number, try whole())
        case .zigzag:
            guard let number = Int32(exactly: Int64(bitPattern: try whole())) else {
                throw reader.error("a number of 32 bits before")
            }
            out.presentVarint(field.number, zigzag(Int64(number)))
        case .fixed64: out.presentDouble(field.number, Double(bitPattern: try whole()))
        case .double: out.presentDouble(field.number, try double())
        case .enumeration(let names): out.presentVarint(field.number, try enumeration(names))
        }
        // What lies in messages was counted when it was written to them.
        if case .message = field.kind { bytesLeft -= 2 } else { bytesLeft -= out.bytes.count - before }
        guard bytesLeft >= 0 else { throw reader.error("a smaller request, which ends before it does") }
    }

    private mutating func bool() throws(JSONError) -> Bool {
        switch try reader.word() {
        case "true": return true
        case "false": return false
        default: throw reader.error("true or false before")
        }
    }

    private mutating func numberText() throws(JSONError) -> String {
        reader.peek() == UInt8(ascii: "\"") ? try reader.string() : try reader.word()
    }

    /// A whole number's 64 bits, signed or not.
    private mutating func whole() throws(JSONError) -> UInt64 {
        let text = try numberText()
        if let number = Int64(text) { return UInt64(bitPattern: number) }
        if let number = UInt64(text) { return number }
        guard let number = decimal(text).flatMap({ Int64(exactly: $0) }) else {
            throw reader.error("a whole number before")
        }
        return UInt64(bitPattern: number)
    }

    private mutating func double() throws(JSONError) -> Double {
        let text = try numberText()
        switch text {
        case "NaN": return .nan
        case "Infinity": return .infinity
        case "-Infinity": return -.infinity
        default:
            guard let number = decimal(text) else { throw reader.error("a number before") }
            return number
        }
    }

    private mutating func enumeration(_ names: [String]) throws(JSONError) -> UInt64 {
        guard reader.peek() == UInt8(ascii: "\"") else { return try whole() }
        let name = try reader.string()
        guard let index = names.firstIndex(of: name) else { throw reader.error("one of \(names) before") }
        return UInt64(index)
    }

    private mutating func hexadecimal() throws(JSONError) -> [UInt8] {
        let digits = try reader.string().utf8.map { hexValue($0) }
        var bytes: [UInt8] = []
        for index in stride(from: 0, to: digits.count, by: 2) {
            guard index + 1 < digits.count, let high = digits[index], let low = digits[index + 1] else {
                throw reader.error("pairs of hexadecimal digits before")
            }
            bytes.append(high << 4 | low)
        }
        return bytes
    }
}

/// `time_unix_nano` as `timeUnixNano`.
private func camelCase(_ name: String) -> String {
    let parts = name.split(separator: "_")
    return parts.dropFirst().reduce(String(parts.first ?? "")) { $0 + $1.prefix(1).uppercased() + $1.dropFirst() }
}
