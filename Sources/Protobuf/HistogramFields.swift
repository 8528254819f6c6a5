import Model

// What the messages of scraped and of written native histograms have in common.

/// Appends numbers, one or many packed together.
package func appendDoubles(_ value: ProtobufReader.Value, to list: inout [Double]) throws(ProtobufError) {
    var longer = list
    list = []
    try value.forEachDouble { number throws(ProtobufError) in
        try checkHistogramCount(longer.count)
        longer.append(number)
    }
    list = longer
}

/// BucketSpan: offset 1 (sint32), length 2 (uint32).
package func appendSpan(
    _ message: UnsafeRawBufferPointer, to spans: inout [Histogram.Span]
) throws(ProtobufError) {
    try checkHistogramCount(spans.count)
    var span = Histogram.Span(offset: 0, length: 0)
    var reader = ProtobufReader(message)
    while let (field, value) = try reader.next() {
        guard case .varint(let number) = value else { continue }
        if field == 1 {
            span.offset = Int32(truncatingIfNeeded: unzigzag(number))
        } else if field == 2 {
            span.length = UInt32(truncatingIfNeeded: number)
        }
    }
    spans.append(span)
}

/// - Throws: where a list of a histogram has so many elements that it takes no more.
package func checkHistogramCount(_ count: Int) throws(ProtobufError) {
    guard count < Histogram.elementsMax else {
        throw ProtobufError(description: "a histogram has more than \(Histogram.elementsMax) buckets, spans or bounds")
    }
}
