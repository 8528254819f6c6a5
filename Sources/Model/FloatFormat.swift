/// Doubles as decimal text in the forms that Go's `strconv.FormatFloat` gives with precision -1, which are the forms of
/// Prometheus's JSON and exposition. All give the shortest digits that read back as the same double.
public enum FloatFormat: Sendable {
    /// Go's 'f': never an exponent.
    case plain
    /// Go's 'g': an exponent below 1e-4 and from 1e6 on.
    case general
    /// The HTTP API's: 'f', but 'e' below 1e-6 and from 1e21 on.
    case json

    /// The longest text: all of the smallest double's 324 places, behind a sign, a zero and the point.
    public static let textBytesMax = 352
    /// The longest text in the form `json`: a sign, a zero, the point, five zeros and 17 digits.
    public static let jsonBytesMax = 32
}

/// The text of `value`: `NaN`, `+Inf` and `-Inf` where it is no number.
public func formatFloat(_ value: Double, _ format: FloatFormat = .plain) -> String {
    var bytes: [UInt8] = []
    bytes.appendFloat(value, format)
    return String(decoding: bytes, as: UTF8.self)
}

/// Writes the text of `value`.
///
/// Most samples are whole numbers or short decimals. Those are found by scaling and written digit by digit; the
/// others take their digits from the C++ library's shortest round-trip conversion.
///
/// - Parameter text: has room for ``FloatFormat/textBytesMax`` bytes, in the form `json` for
///   ``FloatFormat/jsonBytesMax``.
/// - Returns: where the text ends.
public func writeFloat(
    _ value: Double, _ format: FloatFormat, to text: UnsafeMutablePointer<UInt8>
) -> UnsafeMutablePointer<UInt8> {
    // Below 2^53 every whole double is exact as an Int64. −0 is left to the slow path.
    let plainMax: Double = format == .general ? 999_999 : 9_007_199_254_740_991
    if value.magnitude <= plainMax, value.bitPattern != 0x8000_0000_0000_0000 {
        let whole = Int64(value)
        if Double(whole) == value { return writeDecimal(whole, to: text) }
        if let end = writeShortDecimal(value, to: text) { return end }
    }
    return writeAnyFloat(value, format, to: text)
}

/// Writes a whole number, at most 20 bytes; returns where the text ends.
public func writeDecimal(_ value: Int64, to text: UnsafeMutablePointer<UInt8>) -> UnsafeMutablePointer<UInt8> {
    guard value < 0 else { return writeDigits(UInt64(value), to: text) }
    text.pointee = UInt8(ascii: "-")
    return writeDigits(value.magnitude, to: text + 1)
}

extension [UInt8] {
    /// Appends the text of `value`.
    public mutating func appendFloat(_ value: Double, _ format: FloatFormat) {
        let room = format == .json ? FloatFormat.jsonBytesMax : FloatFormat.textBytesMax
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: room) { text in
            guard let start = text.baseAddress else { return }
            append(contentsOf: UnsafeBufferPointer(start: start, count: writeFloat(value, format, to: start) - start))
        }
    }

    /// Appends a whole number.
    public mutating func appendDecimal(_ value: Int64) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { text in
            guard let start = text.baseAddress else { return }
            append(contentsOf: UnsafeBufferPointer(start: start, count: writeDecimal(value, to: start) - start))
        }
    }
}
