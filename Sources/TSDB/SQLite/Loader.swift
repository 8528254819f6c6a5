import Model

/// Reads what a database holds beside its chunks, once, at opening.
struct Loader {
    let connection: Connection

    /// A setting; nil where it is missing or damaged.
    func meta(_ key: MetaKey) throws(StorageError) -> Int64? {
        let statement = try connection.prepare("SELECT value, checksum FROM meta WHERE key = ?")
        statement.bind(1, key.rawValue)
        guard try statement.step() else { return nil }
        let value = statement.integer(0)
        if RowChecksum.setting(key.rawValue, value) == statement.integer(1) { return value }
        // Old rows would be read as of another time without it; the others can be told from the rest.
        if key == .blockMs { throw .corrupted("the setting \(key.rawValue) is damaged: the checksum does not match") }
        return nil
    }

    /// The names of the settings whose checksum does not match.
    func damagedSettings() throws(StorageError) -> [String] {
        let statement = try connection.prepare("SELECT key, value, checksum FROM meta")
        var damaged: [String] = []
        while try statement.step() {
            let key = statement.text(0)
            if RowChecksum.setting(key, statement.integer(1)) != statement.integer(2) { damaged.append(key) }
        }
        return damaged
    }

    /// Calls `body` with each row's number, name and value; the bytes are valid during the call.
    func labels(
        _ body: (Int64, UnsafeRawBufferPointer, UnsafeRawBufferPointer) -> Void
    ) throws(StorageError) {
        let statement = try connection.prepare("SELECT id, name, value FROM label ORDER BY id")
        while try statement.step() { body(statement.integer(0), statement.blob(1), statement.blob(2)) }
    }

    /// Calls `body` with each row's number, list of labels and checksum, ascending.
    func series(_ body: (Int64, UnsafeRawBufferPointer, Int64) -> Void) throws(StorageError) {
        let statement = try connection.prepare("SELECT id, labels, checksum FROM series ORDER BY id")
        while try statement.step() { body(statement.integer(0), statement.blob(1), statement.integer(2)) }
    }

    /// Calls `body` with each record, in the order of writing.
    /// - Parameter start: the first record wanted.
    func journal(from start: Int64 = 0, _ body: (Int64, UnsafeRawBufferPointer) -> Void) throws(StorageError) {
        let statement = try connection.prepare("SELECT id, record FROM journal WHERE id >= ? ORDER BY id")
        statement.bind(1, start)
        while try statement.step() { body(statement.integer(0), statement.blob(1)) }
    }

    /// Calls `body` with each row, its type as it is stored, and whether the checksum matches.
    func metadata(_ body: (MetricMetadata, String, Bool) -> Void) throws(StorageError) {
        let statement = try connection.prepare("SELECT metric, type, help, unit, checksum FROM metadata")
        while try statement.step() {
            let type = statement.text(1)
            let metadata = MetricMetadata(
                metric: statement.text(0), type: MetricMetadata.MetricType(rawValue: type) ?? .unknown,
                help: statement.text(2), unit: statement.text(3))
            body(metadata, type, RowChecksum.metadata(metadata, type: type) == statement.integer(4))
        }
    }
}
