import CSQLite
import Glibc
import Model

extension StorageError {
    /// The error for a failed call of SQLite: a full disk and damaged bytes are told apart from the rest, because a
    /// caller can act on them.
    ///
    /// - Parameters:
    ///   - code: what the call returned.
    ///   - connection: the connection that it was made on, whose last message is quoted.
    ///   - action: what was tried, as in "cannot `action`".
    static func sqlite(_ code: Int32, on connection: OpaquePointer?, _ action: String) -> StorageError {
        let message = connection.map { String(cString: sqlite3_errmsg($0)) } ?? String(cString: sqlite3_errstr(code))
        let systemError = connection.map { sqlite3_system_errno($0) } ?? 0
        let extended = connection.map { sqlite3_extended_errcode($0) } ?? code
        let text = "cannot \(action): \(message) (SQLite error \(extended))"
        switch code & 0xff {
        case SQLITE_FULL: return .diskFull(text)
        // A quota is reported as an I/O error, with the reason in errno.
        case SQLITE_IOERR where systemError == ENOSPC || systemError == EDQUOT: return .diskFull(text)
        case SQLITE_CORRUPT, SQLITE_NOTADB: return .corrupted(text)
        default: return .io(text)
        }
    }
}
