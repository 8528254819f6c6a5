import CSQLite
import Model

/// The tables of the database, drawn in `docs/format/schema.md`, and its version.
enum Schema {
    /// Marks the file as ours: "TSDB".
    static let applicationID: Int64 = 0x5453_4442
    /// Raised with every change of the tables or of what their bytes mean; an older one is migrated at opening, a newer
    /// one refused.
    static let version: Int64 = 4
    /// 16 KiB: a series' row of a block is a few hundred bytes, and smaller pages would spill more of them.
    static let pageBytes: Int64 = 16_384

    private static let tables = """
        CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL, checksum INTEGER NOT NULL) WITHOUT ROWID;
        CREATE TABLE label (id INTEGER PRIMARY KEY, name BLOB NOT NULL, value BLOB NOT NULL);
        CREATE TABLE series (id INTEGER PRIMARY KEY, labels BLOB NOT NULL, checksum INTEGER NOT NULL);
        CREATE TABLE metadata (
            metric TEXT PRIMARY KEY, type TEXT NOT NULL, help TEXT NOT NULL, unit TEXT NOT NULL,
            checksum INTEGER NOT NULL) WITHOUT ROWID;
        CREATE TABLE journal (id INTEGER PRIMARY KEY, record BLOB NOT NULL);
        CREATE TABLE chunk (id INTEGER PRIMARY KEY, data BLOB NOT NULL);
        """ + blockTable + newTables + followerTable

    static let blockTable = """
        CREATE TABLE block (
            number INTEGER PRIMARY KEY, start INTEGER NOT NULL, end INTEGER NOT NULL, level INTEGER NOT NULL,
            min_time INTEGER NOT NULL, max_time INTEGER NOT NULL, samples INTEGER NOT NULL, bytes INTEGER NOT NULL,
            series BLOB NOT NULL, checksum INTEGER NOT NULL);
        """

    static let newTables = """
        CREATE TABLE damaged (id INTEGER PRIMARY KEY, chunk INTEGER NOT NULL, data BLOB NOT NULL, reason TEXT NOT NULL);
        CREATE TABLE exemplar (
            id INTEGER PRIMARY KEY, series INTEGER NOT NULL, time INTEGER NOT NULL, value INTEGER NOT NULL,
            labels BLOB NOT NULL, checksum INTEGER NOT NULL);
        """

    static let followerTable = """
        CREATE TABLE follower (
            name TEXT PRIMARY KEY, record INTEGER NOT NULL, exemplar INTEGER NOT NULL, begun_record INTEGER NOT NULL,
            begun_exemplar INTEGER NOT NULL, note INTEGER NOT NULL, checksum INTEGER NOT NULL) WITHOUT ROWID;
        """

    enum State: Equatable {
        case empty
        case current
        /// It has the schema of an earlier version, and is migrated when it is opened for writing.
        case older(Int64)
    }

    /// Whether the file is a database of this program that this version can read.
    /// - Throws: ``StorageError/cannotOpen(_:)`` where it is not.
    static func check(_ connection: Connection) throws(StorageError) -> State {
        do throws(StorageError) {
            let tables = try connection.integer("SELECT count(*) FROM sqlite_master") ?? 0
            let application = try connection.integer("PRAGMA application_id") ?? 0
            let version = try connection.integer("PRAGMA user_version") ?? 0
            if tables == 0, application == 0, version == 0 { return .empty }
            guard application == applicationID else {
                throw .cannotOpen("cannot open \(connection.path): it is a SQLite database of another program")
            }
            guard version <= Schema.version else {
                throw .cannotOpen(
                    "cannot open \(connection.path): its schema has version \(version), this program knows versions up "
                        + "to \(Schema.version); use a newer one")
            }
            return version == Schema.version ? .current : .older(version)
        } catch .cannotOpen(let text) {
            throw .cannotOpen(text)
        } catch {
            throw .cannotOpen("cannot open \(connection.path): \(error)")
        }
    }

    /// Makes the settings that must come before anything is written. Outside of a transaction.
    static func configureWriter(_ connection: Connection, _ options: DatabaseOptions) throws(StorageError) {
        try connection.execute("PRAGMA page_size = \(pageBytes)")
        // Lets the file shrink where much of it was deleted. For a new file only.
        try connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        guard try connection.text("PRAGMA journal_mode = WAL") == "wal" else {
            throw .cannotOpen("cannot open \(connection.path): its file system does not allow a write-ahead log")
        }
        try connection.execute("PRAGMA synchronous = \(options.synchronous == .full ? "FULL" : "NORMAL")")
        // The checkpointer does it on another thread.
        try connection.execute("PRAGMA wal_autocheckpoint = 0")
        // Cutting the log's file waits for the disk: it is done where sealing has made it long, not each time.
        try connection.execute("PRAGMA journal_size_limit = \(Int64(2 * Checkpointer.wantedPages) * pageBytes)")
        try connection.execute("PRAGMA cache_size = -2048")
        try connection.execute("PRAGMA temp_store = MEMORY")
        if let pages = options.pagesMax { try connection.execute("PRAGMA max_page_count = \(pages)") }
    }

    /// Makes the tables in an empty database.
    static func create(_ connection: Connection) throws(StorageError) {
        try connection.transaction { () throws(StorageError) in
            try connection.execute(tables)
            try WriterTables(connection).setMeta(.nextSeries, 1)
            try connection.execute("PRAGMA application_id = \(applicationID)")
            try connection.execute("PRAGMA user_version = \(version)")
        }
    }
}
