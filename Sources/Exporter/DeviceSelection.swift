/// Which GPUs to show: dcgm-exporter's `--devices`.
///
/// `f` and `g` are all GPUs; `g:0,2-3` are those with these indexes.
struct DeviceSelection: Equatable, Sendable {
    /// Nil is all.
    private(set) var indexes: Set<Int>?

    static let all = DeviceSelection(indexes: nil)
    /// No machine has as many; it bounds what a range such as `0-999999999` can make us hold.
    static let indexMax = 1023

    private init(indexes: Set<Int>?) {
        self.indexes = indexes
    }

    /// - Throws: `SourceError` naming the part that is wrong.
    init(parsing text: String) throws(SourceError) {
        if text == "f" || text == "g" {
            self = .all
            return
        }
        if text.hasPrefix("i") {
            throw SourceError("--devices \(text): MIG instances cannot be chosen; give f, g or g:0,1,…")
        }
        guard text.hasPrefix("g:") else {
            throw SourceError("--devices \(text): expected f, g or g: and GPU indexes, as in g:0,2-3")
        }
        var chosen: Set<Int> = []
        for part in text.dropFirst(2).split(separator: ",", omittingEmptySubsequences: false) {
            guard let range = Self.range(part) else {
                throw SourceError("--devices \(text): \"\(part)\" is no GPU index or range from 0 to \(Self.indexMax)")
            }
            chosen.formUnion(range)
        }
        indexes = chosen
    }

    func contains(_ index: Int) -> Bool {
        indexes?.contains(index) ?? true
    }

    private static func range(_ part: Substring) -> ClosedRange<Int>? {
        let ends = part.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
        guard ends.count <= 2, let first = ends.first ?? nil, let last = ends.last ?? nil else { return nil }
        guard first >= 0, first <= last, last <= indexMax else { return nil }
        return first...last
    }
}
