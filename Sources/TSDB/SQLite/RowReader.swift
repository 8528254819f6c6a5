import Model

/// Reads rows of series, whole ones and split ones alike. Used by one thread at a time.
final class RowReader {
    private let select: Statement
    private let selectPieces: Statement
    /// A split row, put together.
    private var whole: [UInt8] = []

    init(_ connection: Connection) throws(StorageError) {
        select = try connection.prepare("SELECT data FROM chunk WHERE id = ?")
        selectPieces = try connection.prepare("SELECT data FROM chunk WHERE id BETWEEN ? AND ? ORDER BY id")
    }

    /// Calls `body` with the bytes of a row, which are valid during the call; nil where there is no such row.
    func withRow<Value>(
        _ row: Int64, _ body: (UnsafeRawBufferPointer?) throws(DecodeError) -> Value
    ) throws(StorageError) -> Result<Value, DecodeError> {
        select.bind(1, row)
        defer { select.reset() }
        do throws(StorageError) {
            guard try select.step() else { return Result { () throws(DecodeError) in try body(nil) } }
        } catch .corrupted(let text) {
            return .failure(DecodeError(text))
        }
        return try withWhole(select.blob(0), row: row, body)
    }

    /// Calls `body` with the bytes of the row that begins with `bytes`.
    func withWhole<Value>(
        _ bytes: UnsafeRawBufferPointer, row: Int64, _ body: (UnsafeRawBufferPointer?) throws(DecodeError) -> Value
    ) throws(StorageError) -> Result<Value, DecodeError> {
        if bytes.first != SplitRow.tag { return Result { () throws(DecodeError) in try body(bytes) } }
        if let error = try putTogether(bytes, block: row >> 32) { return .failure(error) }
        return whole.withUnsafeBytes { bytes in Result { () throws(DecodeError) in try body(bytes) } }
    }

    /// - Returns: what is wrong, where it cannot be put together.
    private func putTogether(_ bytes: UnsafeRawBufferPointer, block: Int64) throws(StorageError) -> DecodeError? {
        switch Result(catching: { () throws(DecodeError) in try SplitRow.header(bytes) }) {
        case .success(nil): return nil
        case .failure(let error): return error
        case .success(let header?):
            whole.removeAll(keepingCapacity: true)
            whole.append(contentsOf: header.rest)
            let first = Block.extraRow(block, header.firstPiece)
            // What cannot be read at the moment is no damage, and thrown.
            do throws(StorageError) {
                let count = try appendPieces(first...first + Int64(header.count) - 1)
                return count == header.count ? nil : DecodeError("\(header.count - count) of its pieces are missing")
            } catch .corrupted(let text) {
                return DecodeError("its pieces: \(text)")
            }
        }
    }

    /// - Returns: how many there are.
    private func appendPieces(_ rows: ClosedRange<Int64>) throws(StorageError) -> Int {
        selectPieces.bind(1, rows.lowerBound)
        selectPieces.bind(2, rows.upperBound)
        defer { selectPieces.reset() }
        var count = 0
        while try selectPieces.step() {
            whole.append(contentsOf: selectPieces.blob(0))
            count += 1
        }
        return count
    }
}
