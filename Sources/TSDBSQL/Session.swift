import CSQLiteHost
import Model
import TSDB

#if canImport(Glibc)
import Glibc
#endif

/// What the tables of one SQLite connection share: the databases that they read.
final class Session {
    let activity = Activity()
    private var sources: [String: Source] = [:]
    /// Tables that ``attach(_:schema:prefix:on:)`` has made.
    private var attached: Set<String> = []

    /// The tables that there are, by the name that stands in the module's brackets.
    enum Kind: String, CaseIterable {
        case samples, series, metrics, stats, promql
    }

    /// The table for the arguments of `USING tsdb(path, table)`.
    func makeTable(_ arguments: [String], on db: OpaquePointer?) throws -> Table {
        let arguments = arguments.map(unquoted)
        guard (1...2).contains(arguments.count), !arguments[0].isEmpty else {
            throw SQLError(
                "USING tsdb('directory or file', table): expected the path of a database, and perhaps a table")
        }
        let name = arguments.count == 2 ? arguments[1] : Kind.samples.rawValue
        guard let kind = Kind(rawValue: name) else {
            let names = Kind.allCases.map(\.rawValue).joined(separator: ", ")
            throw SQLError("tsdb has no table \(quoted(name)): it has \(names)")
        }
        let source = try source(arguments[0], on: db)
        let snapshot = try source.acquire()
        defer { source.release() }
        return switch kind {
        case .samples: try SamplesTable(source: source, snapshot: snapshot)
        case .series: try SeriesTable(source: source, snapshot: snapshot)
        case .metrics: MetricsTable(source: source)
        case .stats: StatsTable(source: source)
        case .promql: PromQLTable(source: source, labels: LabelColumns(try snapshot.labelNames()))
        }
    }

    /// Makes all tables of a database, each name after `prefix`. Tables that were made so before are made anew.
    ///
    /// - Parameter schema: where they are made. In `temp` they are not written into the user's database; its views cannot name
    ///   them there.
    func attach(_ path: String, schema: String = "temp", prefix: String, on db: OpaquePointer?) throws {
        for kind in Kind.allCases {
            let name = "\(schema).\(identifier(prefix + kind.rawValue))"
            if attached.contains(name) { try run("DROP TABLE IF EXISTS \(name)", on: db) }
            try run("CREATE VIRTUAL TABLE \(name) USING tsdb(\(literal(path)), \(kind.rawValue))", on: db)
            attached.insert(name)
        }
    }

    private func run(_ sql: String, on db: OpaquePointer?) throws {
        guard host_exec(db, sql) == SQLITE_OK else { throw SQLError(String(cString: host_errmsg(db))) }
    }

    private func source(_ path: String, on db: OpaquePointer?) throws -> Source {
        let path = absolute(path)
        if let known = sources[path] { return known }
        try checkIsReadableHere(path, on: db)
        let source = Source(path: path, activity: activity)
        sources[path] = source
        return source
    }

    /// Two copies of SQLite in one process undo one another's file locks, so that they must not open the same file.
    private func checkIsReadableHere(_ path: String, on db: OpaquePointer?) throws {
        guard !host_is_linked(), let name = host_main_file(db), name.pointee != 0 else { return }
        let own = absolute(String(cString: name))
        guard own == path || own == path + "/" + Database.fileName else { return }
        throw SQLError(
            "\(own) is open in this program's own SQLite: begin with another database, such as :memory:, and read it from there"
        )
    }
}

/// `path` without links, from the root; as it is where it does not exist.
private func absolute(_ path: String) -> String {
    guard let resolved = realpath(path, nil) else { return path }
    defer { free(resolved) }
    return String(cString: resolved)
}

/// An argument of a module, which SQLite gives as it was written, without its quotes.
private func unquoted(_ text: String) -> String {
    let isSpace = { (character: Character) in character.isWhitespace }
    let start = text.drop(while: isSpace)
    let trimmed = String(String(start.reversed().drop(while: isSpace)).reversed())
    guard let quote = trimmed.first, quote == "'" || quote == "\"", trimmed.count >= 2, trimmed.last == quote else {
        return trimmed
    }
    return trimmed.dropFirst().dropLast().split(separator: "\(quote)\(quote)", omittingEmptySubsequences: false)
        .joined(separator: "\(quote)")
}
