import Glibc
import Model

extension Database {
    /// Opens a database for writing, and makes it where there is none.
    ///
    /// - Parameter directory: where its files are; made where it is missing, with what leads to it.
    /// - Throws: ``StorageError/locked(_:)`` where another process writes it; ``StorageError/cannotOpen(_:)`` with path
    ///   and reason where it cannot be opened or is no database of this program.
    public static func open(
        directory: String, options: DatabaseOptions = DatabaseOptions()
    ) throws(StorageError) -> Database {
        try makeDirectory(directory)
        return try open(directory, options, try DirectoryLock(directory: directory, clock: options.clock))
    }

    /// Opens a database for writing whose directory is locked already.
    static func open(
        _ directory: String, _ options: DatabaseOptions, _ lock: DirectoryLock
    ) throws(StorageError) -> Database {
        let path = directory + "/" + fileName
        try checkIsFile(path)
        let connection = try Connection(path: path, mode: .readWrite, vfs: options.vfs)
        let schema = try Schema.check(connection)
        do throws(StorageError) {
            try Schema.configureWriter(connection, options)
            switch schema {
            case .empty: try Schema.create(connection)
            case .older(let version): try Schema.migrate(connection, from: version)
            case .current: break
            }
            let (state, journal, leftovers) = try load(connection, path, options)
            let writer = try Writer(
                state: state, connection: connection, journal: journal,
                held: try Loader(connection: connection).heldSegments(before: journal.startRow), leftovers: leftovers)
            try writer.start()
            let pool = BlockReaderPool(path: path, legacyBlockMs: state.legacyBlockMs, vfs: options.vfs)
            return Database(state: state, pool: pool, writer: writer, onlyReader: nil, lock: lock)
        } catch {
            if case .cannotOpen = error { throw error }
            throw .cannotOpen("cannot open \(path) for writing: \(error)")
        }
    }

    /// Opens a database for reading as it is now, beside a process that writes it. Nothing is written; what is appended
    /// later is not seen.
    ///
    /// - Parameter path: the database's directory or its file.
    /// - Throws: ``StorageError/cannotOpen(_:)`` with path and reason.
    public static func openReadOnly(_ path: String) throws(StorageError) -> Database {
        let connection = try connectForReading(path)
        let file = connection.path
        do throws(StorageError) {
            let legacyBlockMs = try Loader(connection: connection).meta(.blockMs) ?? 0
            let reader = try BlockReader(connection, legacyBlockMs: legacyBlockMs)
            // One transaction for the whole life of the object: everything is read as of one moment.
            try reader.begin()
            let (state, _, _) = try load(connection, file, DatabaseOptions())
            return Database(
                state: state, pool: BlockReaderPool(path: file, legacyBlockMs: legacyBlockMs), writer: nil,
                onlyReader: ViewReaders(state: state, only: reader), lock: nil)
        } catch {
            throw .cannotOpen("cannot open \(file) for reading: \(error)")
        }
    }

    /// A connection for reading a database that has the schema of this version.
    ///
    /// - Parameter path: the database's directory or its file.
    static func connectForReading(_ path: String) throws(StorageError) -> Connection {
        let file = isDirectory(path) ? path + "/" + fileName : path
        guard access(file, F_OK) == 0 else { throw .cannotOpen("cannot open \(file): \(systemError(errno))") }
        try checkIsFile(file)
        let connection = try openForReading(file)
        switch try Schema.check(connection) {
        case .empty: throw .cannotOpen("cannot open \(file): it is empty")
        case .older(let version):
            throw .cannotOpen(
                "cannot open \(file) for reading: its schema has version \(version); start a server on it once, or open it "
                    + "for writing, and it is brought to version \(Schema.version)")
        case .current: return connection
        }
    }

    /// A connection for reading. Where helper files cannot be made, and no log shows that somebody writes, the file is
    /// read as it is.
    static func openForReading(_ file: String) throws(StorageError) -> Connection {
        let connection = try Connection(path: file, mode: .readOnly)
        let canRead = (try? connection.integer("SELECT count(*) FROM sqlite_master")) != nil
        if canRead || access(file + "-wal", F_OK) == 0 { return connection }
        let immutable = try Connection(path: file, mode: .immutable)
        return (try? immutable.integer("SELECT count(*) FROM sqlite_master")) != nil ? immutable : connection
    }

    static func makeDirectory(_ directory: String) throws(StorageError) {
        if directory.isEmpty { throw .cannotOpen("cannot open a database: the name of its directory is empty") }
        var made = ""
        for part in directory.split(separator: "/", omittingEmptySubsequences: false) {
            made += made.isEmpty && !part.isEmpty ? String(part) : "/" + part
            if made == "/" || isDirectory(made) { continue }
            guard mkdir(made, 0o755) == 0 || errno == EEXIST && isDirectory(made) else {
                throw .cannotOpen("cannot make the directory \(made): \(systemError(errno))")
            }
        }
    }

    static func checkIsFile(_ path: String) throws(StorageError) {
        if isDirectory(path) {
            throw .cannotOpen("cannot open \(path): it is a directory, a database file was expected")
        }
    }

    static func isDirectory(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }
}
