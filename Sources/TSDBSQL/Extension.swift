import CSQLiteHost
import Model

/// The entry point of the loadable extension: adds the module `tsdb` and the function `tsdb_attach` to a connection.
///
/// SQLite finds it by the library's name, `libtsdbsqlite`.
@_cdecl("sqlite3_tsdbsqlite_init")
public func initializeExtension(
    _ db: OpaquePointer?, _ message: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?, _ api: UnsafeRawPointer?
) -> Int32 {
    // Without the host's functions there is no message either: it has to be made in the host's memory.
    guard host_set_api(api) == host_api_ok else { return SQLITE_ERROR }
    do {
        _ = try register(on: db)
    } catch {
        message?.pointee = host_copy("\(error)")
        return SQLITE_ERROR
    }
    // A library of Swift cannot be unloaded, and a thread of it may still be at work.
    return host_ok_permanently
}

/// Adds the module and the functions to a connection, which keeps what is returned until it is closed.
func register(on db: OpaquePointer?) throws(SQLError) -> Session {
    let session = Session()
    let pointer = Unmanaged.passRetained(session).toOpaque()
    // SQLite releases the session also where this fails.
    guard host_create_module(db, "tsdb", tableModule, pointer, releaseSession) == SQLITE_OK else {
        throw SQLError("cannot add the module tsdb: \(String(cString: host_errmsg(db)))")
    }
    // Views and triggers, which may come with somebody else's file, are not to open files.
    for count in [Int32(1), 2] {
        let code = host_create_function(db, "tsdb_attach", count, SQLITE_DIRECTONLY, pointer, attachDatabase)
        guard code == SQLITE_OK else {
            throw SQLError("cannot add the function tsdb_attach: \(String(cString: host_errmsg(db)))")
        }
    }
    return session
}

private func releaseSession(_ session: UnsafeMutableRawPointer?) {
    // SAFETY: `register` has retained it for the module, and functions are not called after their connection's modules end.
    Unmanaged<Session>.fromOpaque(session!).release()
}

/// `tsdb_attach(path[, prefix])`: makes the tables of a database, and gives their number.
private func attachDatabase(
    _ context: OpaquePointer?, _ count: Int32, _ values: UnsafeMutablePointer<OpaquePointer?>?
) {
    // SAFETY: the pointer is the session that `register` has handed to SQLite, which keeps it while the connection is open.
    let session = Unmanaged<Session>.fromOpaque(host_user_data(context)!).takeUnretainedValue()
    let path = HostValue(handle: values![0])
    let prefix = count > 1 ? HostValue(handle: values![1]).text : ""
    do {
        if path.isNull || path.text.isEmpty { throw SQLError("tsdb_attach: expected the path of a database") }
        try session.attach(path.text, prefix: prefix, on: host_context_db(context))
        host_result_int64(context, Int64(Session.Kind.allCases.count))
    } catch {
        host_result_error(context, "\(error)")
    }
}
