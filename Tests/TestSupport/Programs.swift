import Glibc

/// Where `name` lies on the PATH, or nil.
public func findProgram(_ name: String) -> String? {
    guard let path = getenv("PATH") else { return nil }
    return String(cString: path).split(separator: ":").map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 }
}

/// The path of a program of this package, which is built beside the tests.
public func builtProgram(_ name: String) -> String {
    var buffer = [CChar](repeating: 0, count: 4096)
    let count = readlink("/proc/self/exe", &buffer, buffer.count)
    let runner = String(decoding: buffer.prefix(max(count, 0)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    // Swift Testing's helper may run from the toolchain; the bundle is then among its arguments.
    let bundle = CommandLine.arguments.first { $0.hasSuffix(".xctest") } ?? ""
    for neighbour in [runner, bundle] {
        guard let slash = neighbour.lastIndex(of: "/") else { continue }
        let path = neighbour[...slash] + name
        if access(String(path), X_OK) == 0 { return String(path) }
    }
    return name
}

/// What a finished program left.
public struct ProgramResult: Sendable {
    /// The exit status, or 128 and the signal that ended it.
    public let status: Int32
    /// What it wrote to standard output.
    public let output: String
    /// What it wrote to standard error.
    public let errors: String

    /// All that it wrote.
    public var printed: String { output + errors }
}

/// Runs a program to its end; the parameters are those of ``ChildProcess``.
public func runToEnd(
    _ executable: String, _ arguments: [String], environment: [String]? = nil, input: String = ""
) throws -> ProgramResult {
    let child = try ChildProcess(executable, arguments, environment: environment, input: input)
    return ProgramResult(status: child.wait(), output: child.output, errors: child.errors)
}
