/// Something in a data directory that cannot be read, and is left out.
public struct Damage: Error, Sendable, Equatable, CustomStringConvertible {
    /// The file's path.
    public let file: String
    /// Where in the file, in bytes.
    public let offset: Int64
    /// What was expected there and what was found, and what is left out because of it.
    public let reason: String

    public var description: String { "\(file), byte \(offset): \(reason)" }
}

/// Why a directory cannot be read at all; the text names it and says what to do.
public struct PrometheusDataError: Error, Sendable, Equatable, CustomStringConvertible {
    public let description: String

    init(_ description: String) { self.description = description }
}

/// What is wrong with some bytes.
struct FormatError: Error, Equatable {
    /// Counted from the first of the bytes.
    let offset: Int64
    let reason: String

    init(at offset: some BinaryInteger, _ reason: String) {
        self.offset = Int64(clamping: offset)
        self.reason = reason
    }

    /// The same for bytes that begin so far into their file.
    func moved(by bytes: Int64) -> FormatError { FormatError(at: offset &+ bytes, reason) }
}
