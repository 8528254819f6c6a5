/// Why a test cannot go on.
public struct TestFailure: Error, CustomStringConvertible {
    public let description: String

    public init(_ description: String) { self.description = description }

    /// - Parameter code: an `errno`.
    init(_ what: String, code: Int32) { description = "\(what): \(describe(code))" }
}
