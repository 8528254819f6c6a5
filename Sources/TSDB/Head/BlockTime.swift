/// How time is cut into windows, which blocks are merged up to: window `n` holds the times from `n` lengths after the
/// epoch on, `n` being negative before it.
struct BlockTime: Sendable, Equatable {
    /// Length of a window in milliseconds, at least 1.
    let lengthMs: Int64

    init(lengthMs: Int64) { self.lengthMs = max(1, lengthMs) }

    /// The window that holds `time`.
    @inline(__always)
    func number(of time: Int64) -> Int64 {
        let quotient = time / lengthMs
        return time % lengthMs < 0 ? quotient - 1 : quotient
    }

    /// The first time of window `number`; the least or greatest time where it lies outside of what can be told.
    @inline(__always)
    func start(of number: Int64) -> Int64 {
        let start = number.multipliedReportingOverflow(by: lengthMs)
        return start.overflow ? (number < 0 ? .min : .max) : start.partialValue
    }

    /// One past the last time of window `number`.
    func end(of number: Int64) -> Int64 { number == .max ? .max : start(of: number + 1) }
}
