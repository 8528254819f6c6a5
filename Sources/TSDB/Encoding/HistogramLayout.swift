import Model

/// What successive histograms of a series share most of the time: which buckets there are.
///
///     1 byte          0: only spans follow, all else is as in the layout before; 1: all follows
///       1 byte        schema
///       number        zero threshold
///       varint        number of custom bounds
///       per bound     number
///     per sign, positive first
///       varint        number of spans
///       per span      varint, zigzag: offset; varint: length
///
///     number: 1 byte  places 0...9, then varint, zigzag: the number · 10^places; or 255, then the double's 8 bytes
struct HistogramLayout {
    var schema: Int8 = 0
    var zeroThreshold = 0.0
    var customValues: [Double] = []
    var positiveSpans: [Histogram.Span] = []
    var negativeSpans: [Histogram.Span] = []

    init() {}

    init(_ histogram: Histogram) {
        schema = histogram.schema
        zeroThreshold = histogram.zeroThreshold
        customValues = histogram.customValues
        positiveSpans = histogram.positiveSpans
        negativeSpans = histogram.negativeSpans
    }

    /// How many buckets the positive and the negative spans have; known to be at most ``Histogram/elementsMax`` each.
    var positiveCount: Int { positiveSpans.reduce(0) { $0 + Int($1.length) } }
    var negativeCount: Int { negativeSpans.reduce(0) { $0 + Int($1.length) } }

    func isSame(as histogram: Histogram) -> Bool {
        hasSameScale(as: HistogramLayout(histogram)) && positiveSpans == histogram.positiveSpans
            && negativeSpans == histogram.negativeSpans
    }

    /// Whether buckets of the same index have the same bounds. Compares bits, so that every double comes back.
    func hasSameScale(as other: HistogramLayout) -> Bool {
        schema == other.schema && zeroThreshold.bitPattern == other.zeroThreshold.bitPattern
            && customValues.count == other.customValues.count
            && zip(customValues, other.customValues).allSatisfy { $0.bitPattern == $1.bitPattern }
    }

    func write(after last: HistogramLayout, to bytes: inout [UInt8]) {
        let isSameScale = hasSameScale(as: last)
        bytes.append(isSameScale ? 0 : 1)
        if !isSameScale {
            bytes.append(UInt8(bitPattern: schema))
            bytes.appendNumber(zeroThreshold)
            bytes.appendVarint(UInt64(customValues.count))
            for value in customValues { bytes.appendNumber(value) }
        }
        for spans in [positiveSpans, negativeSpans] {
            bytes.appendVarint(UInt64(spans.count))
            for span in spans {
                bytes.appendZigzag(Int64(span.offset))
                bytes.appendVarint(UInt64(span.length))
            }
        }
    }

    init(after last: HistogramLayout, from reader: inout ByteReader) throws(DecodeError) {
        self = last
        let kind = try reader.byte()
        guard kind <= 1 else { throw DecodeError("a histogram's layout is of kind \(kind), 0 or 1 is expected") }
        if kind == 1 {
            schema = Int8(bitPattern: try reader.byte())
            zeroThreshold = try reader.number()
            customValues = []
            for _ in 0..<(try reader.count(max: Histogram.elementsMax)) { customValues.append(try reader.number()) }
        }
        positiveSpans = try HistogramLayout.readSpans(&reader)
        negativeSpans = try HistogramLayout.readSpans(&reader)
    }

    private static func readSpans(_ reader: inout ByteReader) throws(DecodeError) -> [Histogram.Span] {
        var spans: [Histogram.Span] = []
        var bucketCount = 0
        for _ in 0..<(try reader.count(max: Histogram.elementsMax)) {
            guard let offset = Int32(exactly: try reader.zigzag()) else {
                throw DecodeError("a span's offset has more than 32 bits")
            }
            let length = try reader.count(max: Histogram.elementsMax - bucketCount)
            bucketCount += length
            spans.append(Histogram.Span(offset: offset, length: UInt32(length)))
        }
        return spans
    }
}

/// The places that say that a double's bits follow.
private let rawNumber: UInt8 = 255

extension [UInt8] {
    fileprivate mutating func appendNumber(_ value: Double) {
        if let (places, integer) = Decimal.shortest(value.bitPattern) {
            append(places)
            appendZigzag(integer)
        } else {
            append(rawNumber)
            appendFixed64(value.bitPattern)
        }
    }
}

extension ByteReader {
    fileprivate mutating func number() throws(DecodeError) -> Double {
        let places = try byte()
        if places == rawNumber { return Double(bitPattern: try fixed64()) }
        guard places <= UInt8(Decimal.placesMax) else { throw DecodeError("\(places) places are too many") }
        return Double(bitPattern: Decimal.bits(try zigzag(), places))
    }
}
