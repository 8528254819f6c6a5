import Glibc
import Synchronization

/// Asks the driver for something on a thread of its own, which one that hangs keeps for ever.
///
/// SAFETY: the thread sets the result once, under the lock, and has nothing of it any more.
final class DriverCall<Value>: @unchecked Sendable {
    private let attempt: String
    private let lock = Mutex(())
    private var result: Result<Value, SourceError>?

    /// - Parameter attempt: what is tried, for messages: "open GPU 3".
    init(_ attempt: String) { self.attempt = attempt }

    /// - Throws: ``SourceError`` where the driver says no, or nothing within `limitMs`.
    func answer(
        withinMs limitMs: Int, _ body: @escaping @Sendable () throws(SourceError) -> Value
    ) throws(SourceError) -> Value {
        let isStarted = detachThread { [self] in
            let answered: Result<Value, SourceError>
            do throws(SourceError) { answered = .success(try body()) } catch { answered = .failure(error) }
            lock.withLock { _ in result = answered }
        }
        guard isStarted else { throw SourceError("cannot start a thread to \(attempt)") }
        let endNs = monotonicNs() + UInt64(limitMs) * 1_000_000
        while true {
            if let result = lock.withLock({ _ in result }) { return try result.get() }
            guard monotonicNs() < endNs else { break }
            usleep(1000)
        }
        throw SourceError("cannot \(attempt): the driver has not answered for \(limitMs) ms; `dmesg` may say why")
    }
}
