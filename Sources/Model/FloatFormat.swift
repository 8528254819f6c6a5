/// Doubles as decimal text in the forms that Go's `strconv.FormatFloat` gives with precision -1, which are the forms of
/// Prometheus's JSON and exposition. All give the shortest digits that read back as the same double.
public enum FloatFormat: Sendable {
    /// Go's 'f': never an exponent.
    case plain
    /// Go's 'g': an exponent below 1e-4 and from 1e6 on.
    case general
    /// The HTTP API's: 'f', but 'e' below 1e-6 and from 1e21 on.
    case json
}

/// The text of `value`: `NaN`, `+Inf` and `-Inf` where it is no number.
public func formatFloat(_ value: Double, _ format: FloatFormat = .plain) -> String {
    var bytes: [UInt8] = []
    bytes.appendFloat(value, format)
    return String(decoding: bytes, as: UTF8.self)
}

extension [UInt8] {
    /// Appends the text of `value`.
    ///
    /// Most samples are whole numbers or short decimals. Those are found by scaling and written digit by digit; the
    /// others take their digits from the standard library's shortest round-trip conversion.
    @inline(__always)
    public mutating func appendFloat(_ value: Double, _ format: FloatFormat) {
        // Below 2^53 every whole double is exact as an Int64. −0 is left to the slow path.
        let plainMax: Double = format == .general ? 999_999 : 9_007_199_254_740_991
        if value.magnitude <= plainMax, value.bitPattern != 0x8000_0000_0000_0000 {
            let whole = Int64(value)
            if Double(whole) == value {
                appendDecimal(whole)
                return
            }
            if appendShortDecimal(value) { return }
        }
        appendSlowFloat(value, format)
    }

    /// Appends a whole number.
    public mutating func appendDecimal(_ value: Int64) {
        if value < 0 { append(UInt8(ascii: "-")) }
        appendDigits(value.magnitude, atLeast: 1)
    }

    private mutating func appendDigits(_ value: UInt64, atLeast width: Int) {
        // 20 digits: UInt64.max has as many.
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
            var first = 20
            var rest = value
            while rest > 0 || 20 - first < width {
                first -= 1
                let quotient = rest / 10
                digits.initializeElement(
                    at: first, to: UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest - 10 * quotient))
                rest = quotient
            }
            append(contentsOf: UnsafeBufferPointer(rebasing: digits[first..<20]))
        }
    }

    /// Appends `value` where it is a decimal with at most six places and fifteen digits; such a decimal is also its
    /// shortest text. Returns false, having appended nothing, where it is not.
    private mutating func appendShortDecimal(_ value: Double) -> Bool {
        // 1e9 with six places has fifteen digits; below 1e-4 the formats differ.
        guard value.magnitude < 1e9, value.magnitude >= 1e-4 else { return false }
        var scale: Double = 10
        var places = 1
        while places <= 6 {
            let scaled = (value * scale).rounded()
            if scaled / scale == value {
                let magnitude = UInt64(scaled.magnitude)
                let divisor = UInt64(scale)
                if value < 0 { append(UInt8(ascii: "-")) }
                appendDigits(magnitude / divisor, atLeast: 1)
                append(UInt8(ascii: "."))
                appendDigits(magnitude % divisor, atLeast: places)
                return true
            }
            scale *= 10
            places += 1
        }
        return false
    }

    private mutating func appendSlowFloat(_ value: Double, _ format: FloatFormat) {
        if value.isNaN { return append(contentsOf: "NaN".utf8) }
        if value.isInfinite { return append(contentsOf: (value < 0 ? "-Inf" : "+Inf").utf8) }
        let decimal = DecimalDigits(value)
        if value.sign == .minus { append(UInt8(ascii: "-")) }
        if decimal.needsExponent(format) {
            appendExponential(decimal)
        } else {
            appendPlain(decimal)
        }
    }

    private mutating func appendPlain(_ decimal: DecimalDigits) {
        let zero = UInt8(ascii: "0")
        if decimal.point <= 0 {
            append(zero)
        } else {
            append(contentsOf: decimal.digits.prefix(decimal.point))
            append(contentsOf: repeatElement(zero, count: Swift.max(0, decimal.point - decimal.digits.count)))
        }
        guard decimal.digits.count > decimal.point else { return }
        append(UInt8(ascii: "."))
        append(contentsOf: repeatElement(zero, count: Swift.max(0, -decimal.point)))
        append(contentsOf: decimal.digits.dropFirst(Swift.max(0, decimal.point)))
    }

    private mutating func appendExponential(_ decimal: DecimalDigits) {
        append(decimal.digits[0])
        if decimal.digits.count > 1 {
            append(UInt8(ascii: "."))
            append(contentsOf: decimal.digits.dropFirst())
        }
        let exponent = decimal.point - 1
        append(UInt8(ascii: "e"))
        append(UInt8(ascii: exponent < 0 ? "-" : "+"))
        appendDigits(UInt64(exponent.magnitude), atLeast: 2)
    }
}

/// The shortest digits of a finite double, and where its decimal point lies: 0.d₁d₂… × 10^point.
private struct DecimalDigits {
    var digits: [UInt8] = []
    var point = 0

    init(_ value: Double) {
        var exponent = 0
        var seenPoint = false
        var text = Substring(value.magnitude.description)
        if let e = text.firstIndex(of: "e") {
            exponent = Int(text[text.index(after: e)...]) ?? 0
            text = text[..<e]
        }
        for byte in text.utf8 {
            if byte == UInt8(ascii: ".") {
                seenPoint = true
                continue
            }
            if byte != UInt8(ascii: "0") || !digits.isEmpty {
                digits.append(byte)
                if !seenPoint { point += 1 }
            } else if seenPoint {
                point -= 1
            }
        }
        while digits.last == UInt8(ascii: "0") { digits.removeLast() }
        if digits.isEmpty { (digits, point) = ([UInt8(ascii: "0")], 1) } else { point += exponent }
    }

    func needsExponent(_ format: FloatFormat) -> Bool {
        if digits == [UInt8(ascii: "0")] { return false }
        return switch format {
        case .plain: false
        case .general: point - 1 < -4 || point - 1 >= 6
        case .json: point - 1 < -6 || point - 1 >= 21
        }
    }
}
