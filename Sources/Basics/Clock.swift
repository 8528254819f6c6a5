#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// The time of day, injected wherever it is read so that a test can set it.
public protocol WallClock: Sendable {
    /// Milliseconds since the Unix epoch.
    func nowMs() -> Int64
}

public struct SystemClock: WallClock {
    public init() {}

    public func nowMs() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }
}

/// Nanoseconds of a clock that only goes forward, for measuring how long something took.
public func monotonicNs() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}
