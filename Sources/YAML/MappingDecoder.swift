import Basics

/// Reads the entries of one mapping by key, and reports what nobody asked for.
///
/// Every reading method gives nil where the key is absent or its value was wrong, in which case that is reported.
package struct MappingDecoder {
    private let entries: [String: YAMLEntry]
    private var known: Set<String> = []
    package let mark: YAMLMark
    /// What the mapping is, as messages name it: "global", "scrape_configs entry".
    package let name: String
    package let diagnostics: Diagnostics

    /// Nil, and reported, where `node` is no mapping. An empty value counts as an empty mapping.
    package init?(_ node: YAMLNode, _ name: String, _ diagnostics: Diagnostics) {
        switch node.content {
        case .mapping(let entries):
            // The reader refuses a key that comes twice.
            self.entries = Dictionary(entries.map { ($0.key, $0) }) { first, _ in first }
        case _ where node.isNull: entries = [:]
        default:
            diagnostics.report(node.mark, "expected a mapping of settings for \(name), found \(node.kindName)")
            return nil
        }
        mark = node.mark
        self.name = name
        self.diagnostics = diagnostics
    }

    /// The value of `key`, or nil where it is absent or null.
    package mutating func node(_ key: String) -> YAMLNode? {
        known.insert(key)
        guard let value = entries[key]?.value, !value.isNull else { return nil }
        return value
    }

    /// Where `key` is written; the mapping's own place where it is not.
    package func place(_ key: String) -> YAMLMark { entries[key]?.value.mark ?? mark }

    package func keyPlace(_ key: String) -> YAMLMark { entries[key]?.keyMark ?? mark }

    package mutating func string(_ key: String) -> String? {
        node(key).flatMap { scalar($0, key, "text") }
    }

    package mutating func bool(_ key: String) -> Bool? {
        guard let node = node(key), let text = scalar(node, key, "true or false") else { return nil }
        let bool = truthValues[text]
        if let bool, node.isPlain { return bool }
        diagnostics.report(node.mark, "expected true or false for \(key), found \(shown(text, bool == nil))")
        return nil
    }

    /// A whole number that is not negative; one beyond `Int` counts as the greatest.
    package mutating func count(_ key: String) -> Int? { wholeNumber(key).map { Int(clamping: $0) } }

    /// A whole number that is not negative.
    package mutating func wholeNumber(_ key: String) -> UInt64? {
        guard let node = node(key), let text = scalar(node, key, "a whole number") else { return nil }
        let number = parseWholeNumber(text)
        if let number, node.isPlain { return number }
        diagnostics.report(
            node.mark, "expected a whole number of at least 0 for \(key), found \(shown(text, number == nil))")
        return nil
    }

    /// A finite number.
    package mutating func number(_ key: String) -> Double? {
        guard let node = node(key), let text = scalar(node, key, "a number") else { return nil }
        let number = parseDecimal(text)
        if let number, number.isFinite, node.isPlain { return number }
        diagnostics.report(node.mark, "expected a number for \(key), found \(shown(text, number == nil))")
        return nil
    }

    /// A value as messages show it; one that would do without its quotes is text between them.
    private func shown(_ text: String, _ isUnfit: Bool) -> String {
        quoted(text) + (isUnfit ? "" : " as text; leave its quotes out")
    }

    /// Milliseconds.
    package mutating func duration(_ key: String) -> Int64? {
        guard let node = node(key), let text = scalar(node, key, "a duration") else { return nil }
        if let milliseconds = PrometheusDuration.parse(text) { return milliseconds }
        diagnostics.report(node.mark, "expected a duration such as 15s or 1m30s for \(key), found \(quoted(text))")
        return nil
    }

    /// Bytes, from a number with a unit such as 10MB.
    package mutating func size(_ key: String) -> Int? {
        guard let node = node(key), let text = scalar(node, key, "a size") else { return nil }
        if let bytes = parseByteSize(text) { return bytes }
        diagnostics.report(
            node.mark, "expected a size with a unit such as 512KB or 10MB for \(key), found \(quoted(text))")
        return nil
    }

    /// The elements of a list.
    package mutating func list(_ key: String) -> [YAMLNode]? {
        guard let node = node(key) else { return nil }
        if case .sequence(let elements) = node.content { return elements }
        diagnostics.report(node.mark, "expected a list for \(key), found \(node.kindName)")
        return nil
    }

    package mutating func strings(_ key: String) -> [String]? {
        list(key)?.compactMap { scalar($0, key, "text") }
    }

    /// Names and values, in the order of the file.
    package mutating func pairs(_ key: String) -> [YAMLEntry]? {
        guard let node = node(key) else { return nil }
        if case .mapping(let entries) = node.content { return entries }
        diagnostics.report(node.mark, "expected a mapping of names to values for \(key), found \(node.kindName)")
        return nil
    }

    package func scalar(_ node: YAMLNode, _ key: String, _ what: String) -> String? {
        if case .scalar(let text, _) = node.content { return node.isNull ? "" : text }
        diagnostics.report(node.mark, "expected \(what) for \(key), found \(node.kindName)")
        return nil
    }

    /// Reports the keys that nobody asked for.
    package func finish() {
        for (key, entry) in entries where !known.contains(key) {
            let guess = nearest(key, among: known).map { "; did you mean \($0)?" } ?? ""
            diagnostics.report(entry.keyMark, "unknown key \(quoted(key)) in \(name)\(guess)")
        }
    }
}

/// The candidate that differs from `word` in the fewest letters, where that is at most a third of them.
package func nearest(_ word: String, among candidates: some Sequence<String>) -> String? {
    let scored = candidates.map { (distance: editDistance(word, $0), word: $0) }
    guard let best = scored.min(by: { ($0.distance, $0.word) < ($1.distance, $1.word) }) else { return nil }
    return best.distance * 3 <= max(word.utf8.count, 3) ? best.word : nil
}

/// Levenshtein's distance in bytes. Words over 64 bytes count as wholly different.
private func editDistance(_ a: String, _ b: String) -> Int {
    let (a, b) = (Array(a.utf8), Array(b.utf8))
    guard a.count <= 64, b.count <= 64 else { return max(a.count, b.count) }
    var row = Array(0...b.count)
    for (i, left) in a.enumerated() {
        var diagonal = row[0]
        row[0] = i + 1
        for (j, right) in b.enumerated() {
            let substituted = diagonal + (left == right ? 0 : 1)
            diagonal = row[j + 1]
            row[j + 1] = min(substituted, row[j] + 1, row[j + 1] + 1)
        }
    }
    return row[b.count]
}
