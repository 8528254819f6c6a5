import Model
import Protobuf

/// The protobuf message that a metrics request in JSON stands for, so that both are read in the same way.
///
/// - Source: OTLP 1.x, "JSON Protobuf Encoding": names in lowerCamelCase, numbers of 64 bits also as text, identifiers of
///   traces in hexadecimal, enumerations as numbers; unknown fields mean nothing. Beyond that this takes what protobuf's
///   own reader of JSON does (`google.protobuf.json_format` was asked): the names of protobuf, with underscores, those of
///   enumerations, base64 without padding or in the alphabet of URLs; it refuses numbers that their fields cannot hold.
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
            guard let field = field(name, of: type), reader.peek() != UInt8(ascii: "n") else {
                // `null` is the same as nothing.
                try reader.skip(depth: depth)
                continue
            }
            try values(of: field, depth, &out)
        }
        return out.bytes
    }

    /// No name of the schema is half as long as 64 bytes; one from outside may have as many as the request.
    private func field(_ name: String, of type: OTLPSchema.Message) -> OTLPSchema.Field? {
        guard name.utf8.count <= 64 else { return nil }
        return OTLPSchema.field(name, of: type) ?? OTLPSchema.field(camelCase(name), of: type)
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
            out.bytes(field.number, try base64())
        case .hexadecimal: out.bytes(field.number, try hexadecimal())
        case .bool: out.presentVarint(field.number, try bool() ? 1 : 0)
        case .uint32: out.presentVarint(field.number, UInt64(try whole("0 to 2^32 - 1", UInt32.self)))
        case .int64: out.presentVarint(field.number, UInt64(bitPattern: try whole("64 bits", Int64.self)))
        case .uint64: out.presentVarint(field.number, try whole("0 to 2^64 - 1", UInt64.self))
        case .sint32: out.presentVarint(field.number, zigzag(Int64(try whole("32 bits", Int32.self))))
        case .fixed64: out.presentDouble(field.number, Double(bitPattern: try whole("0 to 2^64 - 1", UInt64.self)))
        case .sfixed64:
            let number = try whole("64 bits", Int64.self)
            out.presentDouble(field.number, Double(bitPattern: UInt64(bitPattern: number)))
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

    /// - Parameter range: the numbers that `type` holds, in words.
    private mutating func whole<Number: FixedWidthInteger>(
        _ range: String, _ type: Number.Type
    ) throws(JSONError) -> Number {
        guard let number = wholeNumber(try numberText(), type) else {
            throw reader.error("a whole number of \(range) before")
        }
        return number
    }

    private mutating func double() throws(JSONError) -> Double {
        let text = try numberText()
        switch text {
        case "NaN": return .nan
        case "Infinity", "+Infinity", "Inf", "+Inf", "inf", "+inf": return .infinity
        case "-Infinity", "-Inf", "-inf": return -.infinity
        default:
            guard let number = decimal(text) else { throw reader.error("a number before") }
            return number
        }
    }

    private mutating func enumeration(_ names: [String]) throws(JSONError) -> UInt64 {
        guard reader.peek() == UInt8(ascii: "\"") else {
            return UInt64(bitPattern: Int64(try whole("32 bits", Int32.self)))
        }
        let name = try reader.string()
        // Names of later versions mean as little as unknown fields.
        return UInt64(names.firstIndex(of: name) ?? Int(wholeNumber(name, UInt32.self) ?? 0))
    }

    /// In either alphabet, padded or not.
    private mutating func base64() throws(JSONError) -> [UInt8] {
        var digits = try reader.string().utf8.map { digit in
            digit == UInt8(ascii: "-") ? UInt8(ascii: "+") : digit == UInt8(ascii: "_") ? UInt8(ascii: "/") : digit
        }
        while digits.last == UInt8(ascii: "=") { digits.removeLast() }
        digits += [UInt8](repeating: UInt8(ascii: "="), count: (4 - digits.count % 4) % 4)
        guard let bytes = base64Decoded(digits[...]) else { throw reader.error("base64 before") }
        return bytes
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
    return parts.dropFirst().reduce(into: String(parts.first ?? "")) {
        $0 += $1.prefix(1).uppercased() + $1.dropFirst()
    }
}

/// Also of notations such as `1e3` and `1.0`.
private func wholeNumber<Number: FixedWidthInteger>(_ text: String, _ type: Number.Type) -> Number? {
    Number(text) ?? decimal(text).flatMap { Number(exactly: $0) }
}
