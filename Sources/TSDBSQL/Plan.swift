import CSQLiteHost

/// What a column holds.
enum Column: Hashable {
    case time(TimeRange.Unit)
    case value
    case metric
    /// The label of this index in the table's ``LabelColumns``.
    case label(Int)
    /// A series' number.
    case series
    case labels
    case histogram
    /// Whether the row is a staleness marker.
    case stale
    /// Of a table with columns of its own: the column's index among them.
    case own(Int)
}

/// Which conditions of a statement a table has taken upon itself, in the order of the values that it will be given.
struct Plan: Hashable {
    struct Term: Hashable {
        var column: Column
        var op: Operator
        /// Whether the values of an IN come all at once.
        var isList = false
    }

    var terms: [Term] = []
    /// Whether rows have to come sorted by the series' number, and within a series by time.
    var isSortedBySeries = false
}

/// SQLite's operators of conditions on a column.
enum Operator: Hashable {
    case time(TimeRange.Comparison)
    case equal, notEqual, identical, notIdentical, isNull, isNotNull, like, glob

    /// The operator as SQLite numbers it, for a column that tells the time or one of text; nil where it is of no use.
    init?(_ code: UInt8, for column: Column) {
        switch column {
        case .time:
            guard let comparison = Operator.comparison(code) else { return nil }
            self = .time(comparison)
        case .metric, .label:
            guard let op = Operator.text(code) else { return nil }
            self = op
        case .series, .stale, .own:
            guard Int32(code) == SQLITE_INDEX_CONSTRAINT_EQ else { return nil }
            self = .equal
        case .value, .labels, .histogram: return nil
        }
    }

    private static func comparison(_ code: UInt8) -> TimeRange.Comparison? {
        switch Int32(code) {
        case SQLITE_INDEX_CONSTRAINT_EQ: .equal
        case SQLITE_INDEX_CONSTRAINT_GT: .greater
        case SQLITE_INDEX_CONSTRAINT_GE: .greaterOrEqual
        case SQLITE_INDEX_CONSTRAINT_LT: .less
        case SQLITE_INDEX_CONSTRAINT_LE: .lessOrEqual
        default: nil
        }
    }

    private static func text(_ code: UInt8) -> Operator? {
        switch Int32(code) {
        case SQLITE_INDEX_CONSTRAINT_EQ: .equal
        case SQLITE_INDEX_CONSTRAINT_NE: .notEqual
        case SQLITE_INDEX_CONSTRAINT_IS: .identical
        case SQLITE_INDEX_CONSTRAINT_ISNOT: .notIdentical
        case SQLITE_INDEX_CONSTRAINT_ISNULL: .isNull
        case SQLITE_INDEX_CONSTRAINT_ISNOTNULL: .isNotNull
        case SQLITE_INDEX_CONSTRAINT_LIKE: .like
        case SQLITE_INDEX_CONSTRAINT_GLOB: .glob
        default: nil
        }
    }

    /// Whether it compares, and with which collation therefore matters.
    var compares: Bool {
        switch self {
        case .equal, .notEqual, .identical, .notIdentical: true
        case .time, .isNull, .isNotNull, .like, .glob: false
        }
    }

    /// How EXPLAIN QUERY PLAN shows it.
    var text: String {
        switch self {
        case .time(.greater): ">?"
        case .time(.greaterOrEqual): ">=?"
        case .time(.less): "<?"
        case .time(.lessOrEqual): "<=?"
        case .time(.equal), .equal: "=?"
        case .notEqual: "!=?"
        case .identical: " IS ?"
        case .notIdentical: " IS NOT ?"
        case .isNull: " IS NULL"
        case .isNotNull: " IS NOT NULL"
        case .like: " LIKE ?"
        case .glob: " GLOB ?"
        }
    }
}
