import CSQLiteHost
import Model

/// A virtual table of one connection. Subclasses say what its columns are and how rows are found.
class Table {
    let source: Source
    /// The tables' columns for labels, as the database had labels when the table was made.
    let labels: LabelColumns
    let columns: [Column]
    /// What SQLite is told about the columns.
    let declaration: String
    private(set) var plans: [Plan] = []
    private var planNumbers: [Plan: Int32] = [:]

    init(source: Source, labels: LabelColumns, columns: [Column], declaration: String) {
        self.source = source
        self.labels = labels
        self.columns = columns
        self.declaration = declaration
    }

    /// Chooses the conditions that the table takes upon itself.
    ///
    /// - Returns: SQLITE_OK, or SQLITE_CONSTRAINT where it cannot work without a condition whose value is not there yet.
    func planScan(_ info: inout sqlite3_index_info) throws -> Int32 { SQLITE_OK }

    func makeCursor() throws -> Cursor { preconditionFailure("BUG: an abstract table has no cursor") }

    /// The plan's number, which is what SQLite remembers of it. A plan that was made before has the number it had.
    func number(of plan: Plan) -> Int32 {
        if let number = planNumbers[plan] { return number }
        plans.append(plan)
        planNumbers[plan] = Int32(plans.count - 1)
        return Int32(plans.count - 1)
    }
}

/// Goes through the rows of a table.
class Cursor {
    let snapshot: Snapshot
    private let source: Source

    init(_ source: Source) throws {
        snapshot = try source.acquire()
        self.source = source
    }

    deinit { source.release() }

    /// Begins a scan, at the first row.
    func filter(_ plan: Plan, _ values: [HostValue], _ row: UnsafeMutablePointer<host_cursor>) throws {}

    /// Goes to the next row, or to the end, which is where the row's index is its count.
    func next(_ row: UnsafeMutablePointer<host_cursor>) throws {}

    /// Gives the value of a column of the row.
    func give(_ column: Int, _ row: UnsafeMutablePointer<host_cursor>, to context: OpaquePointer?) throws {}
}

/// A cursor whose rows are all there when the scan begins.
class ListCursor: Cursor {
    func filter(_ row: UnsafeMutablePointer<host_cursor>, count: Int) {
        row.pointee.index = 0
        row.pointee.count = Int64(count)
    }

    override func next(_ row: UnsafeMutablePointer<host_cursor>) throws { row.pointee.index += 1 }
}
