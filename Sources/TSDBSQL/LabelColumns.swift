import Model

/// The columns that stand for labels, one for each label name that the database has.
struct LabelColumns {
    /// Label names without the metric's, in ascending order.
    let labels: [String]
    /// Their columns' names, in the same order: the label's own, or `label_` and it where that is taken.
    let columns: [String]

    /// Columns that mean the same in every table, so that a label has one column name in all of them.
    static let reserved: Set<String> = [
        "ts", "time", "metric", "value", "ms", "series", "labels", "histogram", "stale", "id", "samples", "min_ts",
        "max_ts", "query", "start", "end", "step", "rowid", "oid", "_rowid_",
    ]
    /// SQLite allows 2,000 columns in a table; further labels are in the column `labels` only.
    static let countMax = 1900

    init(_ names: [String]) {
        labels = Array(names.lazy.filter { $0 != Labels.metricNameLabel }.prefix(LabelColumns.countMax))
        var taken = LabelColumns.reserved
        columns = labels.map { label in
            var name = label
            var number = 1
            while !taken.insert(lowercased(name)).inserted {
                name = number == 1 ? "label_\(label)" : "label_\(label)_\(number)"
                number += 1
            }
            return name
        }
    }
}

/// SQLite compares names without regard to the case of ASCII letters.
private func lowercased(_ text: String) -> String {
    String(decoding: text.utf8.map { $0 >= 65 && $0 <= 90 ? $0 | 0x20 : $0 }, as: UTF8.self)
}

/// `name` as SQL writes a name that may be any text.
func identifier(_ name: String) -> String {
    "\"" + name.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
}

/// `text` as SQL writes it.
func literal(_ text: String) -> String {
    "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''") + "'"
}
