extension BinnedColumn.Header {
    func write(_ writer: inout HeaderBitWriter) {
        writer.append(UInt64(log - SymbolCoder.logMin), 3)
        writer.appendNumber(factor)
        writer.append(UInt64(tables.count - 1), 3)
        for table in tables { table.write(&writer, log) }
        let isWhole = segments.count == 1 && segments[0].table == 0 && segments[0].base == 0
        writer.append(isWhole ? 0 : 1, 1)
        if !isWhole {
            writer.append(UInt64(segments.count - 1), 10)
            for (index, segment) in segments.enumerated() {
                if index < segments.count - 1 { writer.appendNumber(UInt64(segment.count)) }
                writer.append(UInt64(segment.table), 3)
                writer.appendNumber(zigzag(Int64(bitPattern: segment.base)))
            }
        }
        writer.finish()
    }

    /// Reads the header of a column of `count` numbers.
    init(_ reader: inout HeaderBitReader, count: Int) throws(DecodeError) {
        log = SymbolCoder.logMin + Int(try reader.bits(3))
        guard log <= SymbolCoder.logMax else { throw DecodeError("tables of 2^\(log) states are too large") }
        factor = try reader.number()
        for _ in 0...(try reader.bits(3)) { tables.append(try BinnedColumn.Table(&reader, log)) }
        guard try reader.bits(1) == 1 else {
            segments = [BinnedColumn.Segment(count: count, table: 0, base: 0)]
            return
        }
        var left = count
        let last = try reader.bits(10)
        for index in 0...last {
            let length = index < last ? try reader.number() : UInt64(left)
            guard length <= UInt64(left) else { throw DecodeError("a segment of \(length) does not fit in \(left)") }
            left -= Int(length)
            let table = Int(try reader.bits(3))
            guard table < tables.count else { throw DecodeError("there is no table \(table)") }
            let base = UInt64(bitPattern: unzigzag(try reader.number()))
            segments.append(BinnedColumn.Segment(count: Int(length), table: table, base: base))
        }
    }
}

extension BinnedColumn.Table {
    fileprivate func write(_ writer: inout HeaderBitWriter, _ log: Int) {
        writer.append(UInt64(symbolCount - 1), 6)
        writer.append(repeats ? 1 : 0, 1)
        var before: BinnedColumn.Bin?
        for bin in bins {
            if let before {
                let distance = bin.lower &- before.lower
                if distance == before.end &- before.lower {
                    writer.append(1, 1)
                } else {
                    writer.append(0, 1)
                    writer.appendNumber(distance)
                }
            } else {
                writer.appendNumber(zigzag(Int64(bitPattern: bin.lower)))
            }
            if before?.width == bin.width {
                writer.append(1, 1)
            } else {
                if before != nil { writer.append(0, 1) }
                writer.append(UInt64(bin.width), 7)
            }
            before = bin
        }
        var left = 1 << log
        for weight in weights.dropLast() {
            writer.append(UInt64(weight), weightBits(left))
            left -= Int(weight)
        }
    }

    fileprivate init(_ reader: inout HeaderBitReader, _ log: Int) throws(DecodeError) {
        let symbols = Int(try reader.bits(6)) + 1
        repeats = try reader.bits(1) == 1
        for _ in 0..<(repeats ? symbols - 1 : symbols) { bins.append(try readBin(&reader)) }
        var left = 1 << log
        for _ in 1..<max(symbols, 1) {
            let weight = try reader.bits(weightBits(left))
            guard weight > 0, weight < left else { throw DecodeError("a bin's weight is \(weight) of \(left)") }
            weights.append(UInt16(weight))
            left -= Int(weight)
        }
        weights.append(UInt16(left))
    }

    private func readBin(_ reader: inout HeaderBitReader) throws(DecodeError) -> BinnedColumn.Bin {
        guard let before = bins.last else {
            let lower = UInt64(bitPattern: unzigzag(try reader.number()))
            return BinnedColumn.Bin(lower: lower, width: try readWidth(&reader))
        }
        let lower = try reader.bits(1) == 1 ? before.end : before.lower &+ (try reader.number())
        let width = try reader.bits(1) == 1 ? before.width : try readWidth(&reader)
        return BinnedColumn.Bin(lower: lower, width: width)
    }
}

extension BinnedColumn.Bin {
    /// The first number behind it.
    fileprivate var end: UInt64 { width < 64 ? lower &+ 1 << UInt64(width) : lower }
}

/// How many bits a weight takes that is less than `left`.
private func weightBits(_ left: Int) -> Int { left < 2 ? 0 : Int.bitWidth - (left - 1).leadingZeroBitCount }

private func readWidth(_ reader: inout HeaderBitReader) throws(DecodeError) -> UInt8 {
    let width = try reader.bits(7)
    guard width <= 64 else { throw DecodeError("a bin is \(width) bits wide") }
    return UInt8(width)
}
