import Glibc

/// Milliseconds since the Unix epoch.
func wallClockMs() -> Int64 {
    var time = timeval()
    gettimeofday(&time, nil)
    return Int64(time.tv_sec) * 1000 + Int64(time.tv_usec) / 1000
}

private let start = ContinuousClock.now

/// Nanoseconds, since an arbitrary moment, of a clock that only goes forward.
func monotonicNs() -> UInt64 {
    // First, because a global begins when it is first read: after it, `now` cannot lie before.
    let start = start
    let elapsed = (ContinuousClock.now - start).components
    return UInt64(elapsed.seconds) * 1_000_000_000 + UInt64(elapsed.attoseconds / 1_000_000_000)
}
