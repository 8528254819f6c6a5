/// How time is cut into blocks: block `n` holds the times from `n` lengths after the epoch on, `n` being negative
/// before it.
struct BlockTime: Sendable, Equatable {
    /// Length of a block in milliseconds, at least 1.
    let lengthMs: Int64

    /// Block numbers have 32 bits, because they are the upper half of rows' numbers.
    static let numbers = Int64(Int32.min + 1)...Int64(Int32.max - 1)

    init(lengthMs: Int64) { self.lengthMs = max(1, lengthMs) }

    /// The block that holds `time`; times too far from the epoch count to the outermost blocks.
    @inline(__always)
    func number(of time: Int64) -> Int64 {
        let quotient = time / lengthMs
        let number = quotient * lengthMs > time ? quotient - 1 : quotient
        return min(max(number, Self.numbers.lowerBound), Self.numbers.upperBound)
    }

    /// The first time of block `number`; the least or greatest time where it lies outside of what can be told.
    @inline(__always)
    func start(of number: Int64) -> Int64 {
        let start = number.multipliedReportingOverflow(by: lengthMs)
        return start.overflow ? (number < 0 ? .min : .max) : start.partialValue
    }

    /// One past the last time of block `number`.
    func end(of number: Int64) -> Int64 { start(of: number + 1) }

    /// The least time that a sample can have: 490,000 years before the epoch with blocks of two hours.
    var minTime: Int64 {
        let start = start(of: Self.numbers.lowerBound)
        // `Int64.min` stands for "before everything".
        return start == .min ? .min + 1 : start
    }

    /// The greatest time that a sample can have.
    var maxTime: Int64 { end(of: Self.numbers.upperBound) - 1 }
}
