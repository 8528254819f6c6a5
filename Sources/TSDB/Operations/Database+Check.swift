import Model

extension Database {
    /// Looks at every row of a database, as of one moment and beside a process that writes it. Nothing is written. Blocks
    /// the calling thread for as long as it takes to read and decode everything.
    ///
    /// - Parameters:
    ///   - path: the database's directory or its file.
    ///   - isFull: whether SQLite also compares the contents of its pages, and not their structure alone.
    ///   - progress: called now and then by the calling thread.
    /// - Throws: ``StorageError/cannotOpen(_:)`` where there is no database of this version. Damage is not thrown, it is
    ///   in the report.
    public static func check(
        _ path: String, isFull: Bool = false, progress: @escaping OperationProgress.Report = { _ in }
    ) throws(StorageError) -> CheckReport {
        let checker = Checker(try connectForReading(path), progress)
        try checker.run(isFull: isFull)
        return checker.result
    }

    /// Checks a database and repairs what can be: rows that do not decode go into the table `damaged`, with the reason, and
    /// blocks' rows are made anew of what is left. Samples that are not damaged stay. Where SQLite's own pages are
    /// damaged, nothing is changed. Blocks the calling thread.
    ///
    /// - Parameters:
    ///   - path: the database's directory, or its file in there.
    ///   - isFull: as of ``check(_:isFull:progress:)``.
    /// - Throws: ``StorageError/locked(_:)`` where a process writes it.
    public static func repair(
        _ path: String, isFull: Bool = false, progress: @escaping OperationProgress.Report = { _ in }
    ) throws(StorageError) -> RepairReport {
        var directory = path
        if !isDirectory(path) {
            guard path == fileName || path.hasSuffix("/" + fileName) else {
                throw .cannotOpen("cannot repair \(path): the directory of a \(fileName) was expected")
            }
            directory = path == fileName ? "." : String(path.dropLast(fileName.count + 1))
        }
        let connection = try connectForReading(directory)
        let lock = try DirectoryLock(directory: directory, clock: SystemClock())
        let checker = Checker(connection, progress)
        try checker.run(isFull: isFull)
        guard !checker.isFileDamaged, !checker.steps.isEmpty else {
            return RepairReport(before: checker.result, actions: [], after: checker.result)
        }
        progress(OperationProgress(stage: "repairing"))
        var actions = try Repair(path: connection.path).apply(checker.steps)
        if checker.steps.contains(.sealJournal) {
            // Nothing is too old for a repair.
            let database = try open(directory, DatabaseOptions(retentionMs: 0), lock)
            defer { database.close() }
            let late = try database.perform { (writer) throws(StorageError) in try writer.emptyJournal() }
            actions += late.map { "deleted samples that were still to be sent to \($0); they are stored, and not sent" }
        }
        let second = Checker(try connectForReading(directory), progress)
        try second.run(isFull: isFull)
        withExtendedLifetime(lock) {}
        return RepairReport(before: checker.result, actions: actions, after: second.result)
    }
}
