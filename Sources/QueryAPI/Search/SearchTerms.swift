/// Says how well a name fits what somebody searches for.
///
/// - Source: the API of Prometheus 3.13: a name that begins with the term fits wholly; otherwise the term's characters have
///   to come in this order, and runs of them count more than single ones, or the names have to be alike in the measure of
///   Jaro and Winkler.
struct SearchTerms: Sendable {
    enum Algorithm: String, CaseIterable, Sendable {
        case subsequence, jarowinkler
    }

    let terms: [String]
    var algorithm = Algorithm.subsequence
    /// The least score of a name that fits loosely, from 0 to 1.
    var threshold = 0.0
    var isCaseSensitive = true { didSet { characters = terms.map(read) } }
    /// Of each term, as names are read.
    private var characters: [[Unicode.Scalar]] = []

    init(terms: [String], isCaseSensitive: Bool = true) {
        self.terms = terms
        self.isCaseSensitive = isCaseSensitive
        characters = terms.map(read)
    }

    /// The best score of any term, from 0 to 1; nil where none fits. Everything fits where there are no terms.
    func score(_ name: String) -> Double? {
        if terms.isEmpty { return 1 }
        let name = read(name)
        return characters.compactMap { score(name, $0) }.max()
    }

    /// No more of it than somebody would look at: values of labels may be long.
    private func read(_ text: String) -> [Unicode.Scalar] {
        Array((isCaseSensitive ? text : text.lowercased()).unicodeScalars.prefix(4096))
    }

    private func score(_ name: [Unicode.Scalar], _ term: [Unicode.Scalar]) -> Double? {
        if name.starts(with: term) { return 1 }
        switch algorithm {
        case .subsequence:
            let score = subsequenceScore(name, term)
            return score > 0 && score >= threshold ? score : nil
        case .jarowinkler:
            if name.indices.contains(where: { name[$0...].starts(with: term) }) { return 0.9 }
            guard threshold > 0 else { return nil }
            let score = jaroWinkler(name, term)
            return score >= threshold ? score : nil
        }
    }
}

/// The sum of the squares of the lengths of runs, less what lies between them, as a part of the greatest that there can be;
/// 0 where the term's characters do not come in this order. The best of all places for the first character counts.
private func subsequenceScore(_ name: [Unicode.Scalar], _ term: [Unicode.Scalar]) -> Double {
    var best = 0.0
    // Places beyond these do not make a name fit better that somebody would look for.
    for start in name.indices.prefix(256) where name[start] == term[0] {
        guard let score = greedyScore(name[start...], term, nameCount: name.count) else { break }
        best = max(best, score)
    }
    return min(1, best / Double(term.count * term.count))
}

private func greedyScore(_ name: ArraySlice<Unicode.Scalar>, _ term: [Unicode.Scalar], nameCount: Int) -> Double? {
    var score = 0.0
    var next = 0
    var index = name.startIndex
    while next < term.count {
        let gapStart = index
        while index < name.endIndex, name[index] != term[next] { index += 1 }
        guard index < name.endIndex else { return nil }
        if next > 0 { score -= Double(index - gapStart) / Double(nameCount) }
        let runStart = index
        while index < name.endIndex, next < term.count, name[index] == term[next] {
            index += 1
            next += 1
        }
        score += Double((index - runStart) * (index - runStart))
    }
    // What fits at all fits a little.
    return max(score, 0.01)
}

/// - Source: Winkler, "String comparator metrics and enhanced decision rules in the Fellegi-Sunter model" (1990).
private func jaroWinkler(_ a: [Unicode.Scalar], _ b: [Unicode.Scalar]) -> Double {
    // A quadratic measure is kept away from long values.
    guard !a.isEmpty, !b.isEmpty, a.count <= 1024, b.count <= 1024 else { return 0 }
    let window = max(0, max(a.count, b.count) / 2 - 1)
    var takenInB = [Bool](repeating: false, count: b.count)
    var matchesOfA: [Unicode.Scalar] = []
    for (index, scalar) in a.enumerated() {
        let near = max(0, index - window)..<max(max(0, index - window), min(b.count, index + window + 1))
        guard let match = near.first(where: { !takenInB[$0] && b[$0] == scalar }) else { continue }
        takenInB[match] = true
        matchesOfA.append(scalar)
    }
    guard !matchesOfA.isEmpty else { return 0 }
    let matchesOfB = b.indices.filter { takenInB[$0] }.map { b[$0] }
    let transposed = Double(zip(matchesOfA, matchesOfB).filter { $0 != $1 }.count) / 2
    let matched = Double(matchesOfA.count)
    let jaro = (matched / Double(a.count) + matched / Double(b.count) + (matched - transposed) / matched) / 3
    let prefix = Double(zip(a, b).prefix(4).prefix { $0 == $1 }.count)
    return jaro + prefix * 0.1 * (1 - jaro)
}
