/// What a query's evaluation has to say about itself besides its answer.
///
/// Each text is kept once, with the last of the positions that it was said about: parts of a query are evaluated in any
/// order, and the answer shall not depend on it.
struct Annotations: Sendable {
    /// More than any reader looks at; what comes later is dropped.
    static let countMax = 1000

    private struct Remark: Sendable {
        var text: String
        var range: SourceRange
    }

    private var remarks: [[Remark]] = [[], []]
    private var indices: [String: Int] = [:]

    mutating func warn(_ text: String, at range: SourceRange) { add("PromQL warning: " + text, range, kind: 0) }

    mutating func inform(_ text: String, at range: SourceRange) { add("PromQL info: " + text, range, kind: 1) }

    private mutating func add(_ text: String, _ range: SourceRange, kind: Int) {
        if let index = indices[text] {
            if remarks[kind][index].range.start < range.start { remarks[kind][index].range = range }
        } else if remarks[kind].count < Annotations.countMax {
            indices[text] = remarks[kind].count
            remarks[kind].append(Remark(text: text, range: range))
        }
    }

    /// The warnings with their positions in the query `query`, sorted by position.
    func warnings(in query: String) -> [String] { lines(remarks[0], query) }

    /// The informations with their positions in the query `query`, sorted by position.
    func infos(in query: String) -> [String] { lines(remarks[1], query) }

    private func lines(_ remarks: [Remark], _ query: String) -> [String] {
        remarks.sorted { ($0.range.start, $0.text) < ($1.range.start, $1.text) }
            .map { "\($0.text) (\(positionText($0.range, in: query)))" }
    }
}

/// `range`'s beginning in `text` as `line:column`, both from 1, columns counted in bytes.
///
/// - Source: Prometheus 3 `promql/parser/posrange`.
func positionText(_ range: SourceRange, in text: String) -> String {
    if text.isEmpty { return "unknown position" }
    guard range.start >= 0, range.start <= text.utf8.count else { return "invalid position" }
    var line = 1
    var column = 1
    for byte in text.utf8.prefix(range.start) {
        column += 1
        if byte == UInt8(ascii: "\n") {
            line += 1
            column = 1
        }
    }
    return "\(line):\(column)"
}
