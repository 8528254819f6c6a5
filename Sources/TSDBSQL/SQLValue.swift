import CSQLiteHost

/// One value of SQL.
public enum SQLValue: Sendable, Equatable {
    case null
    case integer(Int64)
    case real(Double)
    case text(String)
    case blob([UInt8])
}

extension SQLValue {
    /// Hands the value to SQLite as the result of `context`.
    func give(to context: OpaquePointer?) {
        switch self {
        case .null, .blob: host_result_null(context)
        case .integer(let number): host_result_int64(context, number)
        case .real(let number): host_result_double(context, number)
        case .text(let text): giveText(text, to: context)
        }
    }

    static func text(_ text: String?) -> SQLValue { text.map { .text($0) } ?? .null }
}

func giveText(_ text: String, to context: OpaquePointer?) {
    var text = text
    text.withUTF8 { bytes in
        // An empty buffer may have no address, which SQLite would take for NULL.
        guard !bytes.isEmpty else { return host_result_text(context, "", 0) }
        bytes.withMemoryRebound(to: CChar.self) { host_result_text(context, $0.baseAddress, $0.count) }
    }
}

/// A value that SQLite passes to a function or to a virtual table's filter; valid during that call.
struct HostValue {
    // SAFETY: made from an argument of a callback and not kept beyond it.
    let handle: OpaquePointer?

    var isNull: Bool { host_value_type(handle) == SQLITE_NULL }
    var isText: Bool { host_value_type(handle) == SQLITE_TEXT }

    /// The text of a text or a number, as SQLite writes numbers.
    var text: String {
        guard let bytes = host_value_text(handle) else { return "" }
        let count = Int(host_value_bytes(handle))
        return String(
            decoding: UnsafeRawBufferPointer(start: UnsafeRawPointer(bytes), count: count), as: UTF8.self)
    }

    /// The value as it is compared with a number: text that looks like one counts as one.
    var numeric: SQLValue {
        switch host_value_numeric_type(handle) {
        case SQLITE_INTEGER: .integer(host_value_int64(handle))
        case SQLITE_FLOAT: .real(host_value_double(handle))
        case SQLITE_NULL: .null
        case SQLITE_TEXT: .text(text)
        default: .blob([])
        }
    }

    /// The value as it is.
    var value: SQLValue {
        switch host_value_type(handle) {
        case SQLITE_INTEGER: .integer(host_value_int64(handle))
        case SQLITE_FLOAT: .real(host_value_double(handle))
        case SQLITE_NULL: .null
        case SQLITE_TEXT: .text(text)
        default: .blob([])
        }
    }
}

/// Why SQL could not be run: SQLite's message, or ours.
public struct SQLError: Error, CustomStringConvertible, Sendable {
    public let description: String
    /// Where in the statement's text the fault is, in bytes; nil where that is not known.
    public var offset: Int?
    /// Whether it was ended by ``SQLConnection/interrupt()``.
    public var isInterrupted = false

    init(_ description: String, offset: Int? = nil) {
        self.description = description
        self.offset = offset
    }
}
