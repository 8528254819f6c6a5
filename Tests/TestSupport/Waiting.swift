import Glibc

/// Asks `condition` every 20 ms until it gives a value.
///
/// - Returns: that value.
/// - Throws: what `condition` throws, or ``TestFailure`` where it gave none in `seconds`.
@discardableResult
public func eventually<Value>(
    _ what: String, within seconds: Int = 60, _ condition: () throws -> Value?
) throws -> Value {
    let deadline = time(nil) + seconds
    while true {
        if let value = try condition() { return value }
        guard time(nil) <= deadline else { throw TestFailure("not within \(seconds) s: \(what)") }
        usleep(20_000)
    }
}
