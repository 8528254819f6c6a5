import Model

/// How matchers are answered:
/// 1. a matcher that a series without the label does not pass gives a set of series, the union of some values'
///    postings; one that such a series passes gives the set of those to leave out;
/// 2. sets that need no search (`=`, and `=~` with plain alternatives) are intersected first, the smallest first;
/// 3. each other matcher is tried on the distinct values of its label, or, where fewer series are left than the label
///    has values, on the values of those series.
extension SeriesIndex {
    /// The published series that all `matchers` select, ascending.
    func match(_ matchers: [Matcher]) -> [UInt32] {
        lock.read { matchLocked(matchers) }
    }

    /// As ``match(_:)``, called under the lock.
    func matchLocked(_ matchers: [Matcher]) -> [UInt32] {
        let direct = matchers.compactMap { directPostings($0) }.sorted { $0.count < $1.count }
        var candidates = direct.first
        for list in direct.dropFirst() {
            candidates = Postings.filter(candidates ?? [], by: list, keepShared: true)
        }
        for matcher in matchers where !isDirect(matcher) {
            if let some = candidates, some.isEmpty { return [] }
            candidates = narrow(candidates, by: matcher)
        }
        return candidates ?? published
    }

    /// Whether the matcher names the values it wants, none of them empty.
    private func isDirect(_ matcher: Matcher) -> Bool {
        switch matcher.op {
        case .equal: !matcher.value.isEmpty
        case .matches: matcher.alternatives.map { !$0.contains("") } ?? false
        case .notEqual, .notMatches: false
        }
    }

    /// The series that a matcher selects which names its values, or nil for any other matcher.
    private func directPostings(_ matcher: Matcher) -> [UInt32]? {
        guard isDirect(matcher) else { return nil }
        guard let name = nameNumber(matcher.name) else { return [] }
        if matcher.op == .equal { return postings(name, matcher.value) }
        let values = Set((matcher.alternatives ?? []).map { Array($0.utf8) })
        return Postings.union(
            values.map { value in
                value.withUnsafeBufferPointer { labels.pair(name, $0).map { labels.postings[Int($0)] } ?? [] }
            })
    }

    private func postings(_ name: UInt32, _ value: String) -> [UInt32] {
        value.withBytes { labels.pair(name, $0) }.map { labels.postings[Int($0)] } ?? []
    }

    func nameNumber(_ name: String) -> UInt32? { name.withBytes { labels.name($0) } }

    private func narrow(_ candidates: [UInt32]?, by matcher: Matcher) -> [UInt32] {
        let test = ValueTest(matcher)
        guard let name = nameNumber(matcher.name) else {
            return test.passesEmpty ? candidates ?? published : []
        }
        let values = labels.names[Int(name)].pairs
        if let candidates, candidates.count < values.count { return filter(candidates, name, test) }
        // Of the values that pass and those that do not, whichever tells what an absent label means.
        let wanted = values.filter { id in labels.withValue(id) { test.passes($0) } != test.passesEmpty }
        let union = Postings.union(wanted.map { labels.postings[Int($0)] })
        if test.passesEmpty { return Postings.filter(candidates ?? published, by: union, keepShared: false) }
        return candidates.map { Postings.filter($0, by: union, keepShared: true) } ?? union
    }

    /// Those of `candidates` whose own value of the label passes.
    private func filter(_ candidates: [UInt32], _ name: UInt32, _ test: ValueTest) -> [UInt32] {
        var known: [UInt32: Bool] = [:]
        return candidates.filter { id in
            guard let pair = self.pair(of: id, named: name) else { return test.passesEmpty }
            if let passes = known[pair] { return passes }
            let passes = labels.withValue(pair) { test.passes($0) }
            known[pair] = passes
            return passes
        }
    }

    /// The pair that series `id` has with the name numbered `name`.
    func pair(of id: UInt32, named name: UInt32) -> UInt32? {
        series[id]?.pointee.pairNumbers.first { labels.pairs[Int($0)].name == name }
    }
}

/// A matcher's condition on the bytes of a value. Bytes are compared, as Prometheus does; Swift's strings would hold
/// different encodings of one character to be equal.
private struct ValueTest {
    private let matcher: Matcher
    private let bytes: [UInt8]
    let passesEmpty: Bool

    init(_ matcher: Matcher) {
        self.matcher = matcher
        bytes = Array(matcher.value.utf8)
        passesEmpty = matcher.matchesEmpty
    }

    func passes(_ value: UnsafeBufferPointer<UInt8>) -> Bool {
        switch matcher.op {
        case .equal: bytes.withUnsafeBufferPointer { equalBytes($0, value) }
        case .notEqual: !bytes.withUnsafeBufferPointer { equalBytes($0, value) }
        case .matches: matcher.expression?.matches(value) ?? false
        case .notMatches: !(matcher.expression?.matches(value) ?? true)
        }
    }
}
