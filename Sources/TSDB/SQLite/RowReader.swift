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
        guard try select.step() else { return Result { () throws(DecodeError) in try body(nil) } }
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
        do throws(DecodeError) {
            guard let header = try SplitRow.header(bytes) else { return nil }
            whole.removeAll(keepingCapacity: true)
            whole.append(contentsOf: header.rest)
            var count = 0
            selectPieces.bind(1, Block.extraRow(block, header.firstPiece))
            selectPieces.bind(2, Block.extraRow(block, header.firstPiece) + Int64(header.count) - 1)
            defer { selectPieces.reset() }
            while try nextPiece() {
                whole.append(contentsOf: selectPieces.blob(0))
                count += 1
            }
            return count == header.count ? nil : DecodeError("\(header.count - count) of its pieces are missing")
        } catch {
            return error
        }
    }

    private func nextPiece() throws(DecodeError) -> Bool {
        switch Result(catching: { () throws(StorageError) in try selectPieces.step() }) {
        case .success(let isThere): return isThere
        case .failure(let error): throw DecodeError("its pieces: \(error)")
        }
    }
}
