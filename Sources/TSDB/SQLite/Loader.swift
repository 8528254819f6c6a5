import Model

/// Reads what a database holds beside its chunks, once, at opening.
struct Loader {
    let connection: Connection

    func meta(_ key: MetaKey) throws(StorageError) -> Int64? {
        let statement = try connection.prepare("SELECT value FROM meta WHERE key = ?")
        statement.bind(1, key.rawValue)
        return try statement.step() ? statement.integer(0) : nil
    }

    /// Calls `body` with each row's number, name and value; the bytes are valid during the call.
    func labels(
        _ body: (Int64, UnsafeRawBufferPointer, UnsafeRawBufferPointer) -> Void
    ) throws(StorageError) {
        let statement = try connection.prepare("SELECT id, name, value FROM label ORDER BY id")
        while try statement.step() { body(statement.integer(0), statement.blob(1), statement.blob(2)) }
    }

    /// Calls `body` with each row's number and list of labels, ascending.
    func series(_ body: (Int64, UnsafeRawBufferPointer) -> Void) throws(StorageError) {
        let statement = try connection.prepare("SELECT id, labels FROM series ORDER BY id")
        while try statement.step() { body(statement.integer(0), statement.blob(1)) }
    }

    /// Calls `body` with each record, in the order of writing.
    func journal(_ body: (Int64, UnsafeRawBufferPointer) -> Void) throws(StorageError) {
        let statement = try connection.prepare("SELECT id, record FROM journal ORDER BY id")
        while try statement.step() { body(statement.integer(0), statement.blob(1)) }
    }

    func metadata() throws(StorageError) -> [MetricMetadata] {
        let statement = try connection.prepare("SELECT metric, type, help, unit FROM metadata")
        var found: [MetricMetadata] = []
        while try statement.step() {
            let type = MetricMetadata.MetricType(rawValue: statement.text(1)) ?? .unknown
            found.append(
                MetricMetadata(metric: statement.text(0), type: type, help: statement.text(2), unit: statement.text(3)))
        }
        return found
    }

}
