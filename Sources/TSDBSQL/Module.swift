import CSQLiteHost
import Model

// The callbacks of the module `tsdb`. File-level functions, because a closure may be taken to belong to an actor.
//
// SAFETY: SQLite calls them with tables and cursors that these functions have made: `host_vtab` and `host_cursor`, whose
// objects are retained from `connect` and `open` to `disconnect` and `close`. A connection is used by one thread at a time.

/// SQLite keeps the address for as long as a connection is open, so that it is never freed.
nonisolated(unsafe) let tableModule: UnsafeMutablePointer<sqlite3_module> = {
    let module = UnsafeMutablePointer<sqlite3_module>.allocate(capacity: 1)
    module.initialize(to: sqlite3_module())
    module.pointee.iVersion = 1
    module.pointee.xCreate = connectTable
    module.pointee.xConnect = connectTable
    module.pointee.xBestIndex = planTable
    module.pointee.xDisconnect = disconnectTable
    module.pointee.xDestroy = disconnectTable
    module.pointee.xOpen = openCursor
    module.pointee.xClose = closeCursor
    module.pointee.xFilter = filterCursor
    module.pointee.xNext = advanceCursor
    module.pointee.xEof = isCursorAtEnd
    module.pointee.xColumn = giveColumn
    module.pointee.xRowid = giveRowID
    return module
}()

private typealias TablePointer = UnsafeMutablePointer<sqlite3_vtab>
private typealias CursorPointer = UnsafeMutablePointer<sqlite3_vtab_cursor>

private func host(_ cursor: CursorPointer?) -> UnsafeMutablePointer<host_cursor> {
    UnsafeMutableRawPointer(cursor!).assumingMemoryBound(to: host_cursor.self)
}

private func object(_ table: TablePointer?) -> Table {
    let host = UnsafeMutableRawPointer(table!).assumingMemoryBound(to: host_vtab.self)
    return Unmanaged<Table>.fromOpaque(host.pointee.object).takeUnretainedValue()
}

private func object(_ row: UnsafeMutablePointer<host_cursor>) -> Cursor {
    Unmanaged<Cursor>.fromOpaque(row.pointee.object).takeUnretainedValue()
}

/// Runs `body`; an error becomes the table's message.
private func reporting(_ table: TablePointer?, _ body: () throws -> Int32) -> Int32 {
    do {
        return try body()
    } catch {
        // SQLite has freed an earlier message, or taken it over.
        table!.pointee.zErrMsg = host_copy("\(error)")
        if let error = error as? SQLError, error.isInterrupted { return SQLITE_INTERRUPT }
        return SQLITE_ERROR
    }
}

private func connectTable(
    _ db: OpaquePointer?, _ session: UnsafeMutableRawPointer?, _ count: Int32,
    _ arguments: UnsafePointer<UnsafePointer<CChar>?>?, _ result: UnsafeMutablePointer<TablePointer?>?,
    _ message: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
) -> Int32 {
    do {
        // The module's name, the schema's, the table's, and what stands in the brackets.
        let texts = (3..<max(3, Int(count))).map { String(cString: arguments![$0]!) }
        let session = Unmanaged<Session>.fromOpaque(session!).takeUnretainedValue()
        let table = try session.makeTable(texts, on: db)
        guard host_declare_vtab(db, table.declaration) == SQLITE_OK else {
            throw SQLError("cannot declare the table's columns: \(String(cString: host_errmsg(db)))")
        }
        let made = UnsafeMutablePointer<host_vtab>.allocate(capacity: 1)
        made.initialize(to: host_vtab())
        made.pointee.object = Unmanaged.passRetained(table).toOpaque()
        result!.pointee = UnsafeMutableRawPointer(made).assumingMemoryBound(to: sqlite3_vtab.self)
        return SQLITE_OK
    } catch {
        message!.pointee = host_copy("\(error)")
        return SQLITE_ERROR
    }
}

private func disconnectTable(_ table: TablePointer?) -> Int32 {
    let made = UnsafeMutableRawPointer(table!).assumingMemoryBound(to: host_vtab.self)
    Unmanaged<Table>.fromOpaque(made.pointee.object).release()
    made.deallocate()
    return SQLITE_OK
}

private func planTable(_ table: TablePointer?, _ info: UnsafeMutablePointer<sqlite3_index_info>?) -> Int32 {
    reporting(table) { try object(table).planScan(&info!.pointee) }
}

private func openCursor(_ table: TablePointer?, _ result: UnsafeMutablePointer<CursorPointer?>?) -> Int32 {
    reporting(table) {
        let cursor = try object(table).makeCursor()
        let made = UnsafeMutablePointer<host_cursor>.allocate(capacity: 1)
        made.initialize(to: host_cursor())
        made.pointee.object = Unmanaged.passRetained(cursor).toOpaque()
        result!.pointee = UnsafeMutableRawPointer(made).assumingMemoryBound(to: sqlite3_vtab_cursor.self)
        return SQLITE_OK
    }
}

private func closeCursor(_ cursor: CursorPointer?) -> Int32 {
    Unmanaged<Cursor>.fromOpaque(host(cursor).pointee.object).release()
    host(cursor).deallocate()
    return SQLITE_OK
}

private func filterCursor(
    _ cursor: CursorPointer?, _ number: Int32, _ text: UnsafePointer<CChar>?, _ count: Int32,
    _ values: UnsafeMutablePointer<OpaquePointer?>?
) -> Int32 {
    reporting(cursor!.pointee.pVtab) {
        let plan = object(cursor!.pointee.pVtab).plans[Int(number)]
        let values = (0..<Int(count)).map { HostValue(handle: values![$0]) }
        try object(host(cursor)).filter(plan, values, host(cursor))
        return SQLITE_OK
    }
}

private func advanceCursor(_ cursor: CursorPointer?) -> Int32 {
    let row = host(cursor)
    if row.pointee.is_samples {
        advanceSample(row)
        if row.pointee.index < row.pointee.count { return SQLITE_OK }
    }
    return reporting(cursor!.pointee.pVtab) {
        try object(row).next(row)
        return SQLITE_OK
    }
}

private func isCursorAtEnd(_ cursor: CursorPointer?) -> Int32 {
    host(cursor).pointee.index >= host(cursor).pointee.count ? 1 : 0
}

private func giveColumn(_ cursor: CursorPointer?, _ context: OpaquePointer?, _ column: Int32) -> Int32 {
    let row = host(cursor)
    if row.pointee.is_samples, giveSample(row, Int(column), to: context) { return SQLITE_OK }
    return reporting(cursor!.pointee.pVtab) {
        try object(row).give(Int(column), row, to: context)
        return SQLITE_OK
    }
}

/// Gives a column that needs no more than what lies in `row`, whose order is that of ``SamplesTable``. Returns false for any
/// other.
private func giveSample(_ row: UnsafeMutablePointer<host_cursor>, _ column: Int, to context: OpaquePointer?) -> Bool {
    let index = Int(row.pointee.index)
    let labelCount = Int(row.pointee.label_count)
    switch column {
    case SamplesTable.timestampColumn: host_result_double(context, seconds(row.pointee.timestamps[index]))
    case SamplesTable.valueColumn:
        if row.pointee.next_histogram < index { (object(row) as? SamplesCursor)?.findHistogram(row) }
        if row.pointee.next_histogram == index { return false }
        // SQLite has no NaN: it becomes NULL.
        host_result_double(context, row.pointee.values[index])
    case SamplesTable.timeColumn: giveTime(row.pointee.timestamps[index], to: context)
    case SamplesTable.metricColumn: giveLabel(row, labelCount, to: context)
    case SamplesTable.labelColumns..<SamplesTable.labelColumns + labelCount:
        giveLabel(row, column - SamplesTable.labelColumns, to: context)
    case SamplesTable.labelColumns + labelCount: host_result_int64(context, row.pointee.timestamps[index])
    default: return false
    }
    return true
}

private func giveLabel(_ row: UnsafeMutablePointer<host_cursor>, _ index: Int, to context: OpaquePointer?) {
    if !row.pointee.has_labels { (object(row) as? SamplesCursor)?.loadLabels(row) }
    let span = row.pointee.labels[index]
    if let text = span.text { host_result_text(context, text, span.length) } else { host_result_null(context) }
}

func giveTime(_ milliseconds: Int64, to context: OpaquePointer?) {
    guard TimeText.times.contains(milliseconds) else { return host_result_null(context) }
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: TimeText.count) { bytes in
        TimeText.write(milliseconds, to: bytes.baseAddress!)
        bytes.withMemoryRebound(to: CChar.self) { host_result_text(context, $0.baseAddress, TimeText.count) }
    }
}

private func giveRowID(_ cursor: CursorPointer?, _ result: UnsafeMutablePointer<sqlite3_int64>?) -> Int32 {
    result!.pointee = host(cursor).pointee.index
    return SQLITE_OK
}
