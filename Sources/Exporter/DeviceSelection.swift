/// Which GPUs to show: dcgm-exporter's `--devices`.
///
/// `f` is all GPUs, and of those that MIG has divided their instances; `g` is whole GPUs only, `i` instances only.
/// `g:0,2-3` and `i:0,2-3` are those with these indexes, instances being counted through all GPUs.
struct DeviceSelection: Equatable, Sendable {
    private enum Kind: Equatable {
        case flexible, wholeGPUs, instances
    }

    private var kind = Kind.flexible
    /// Nil is all.
    private var indexes: Set<Int>?

    static let all = DeviceSelection()
    /// No machine has as many; it bounds what a range such as `0-999999999` can make us hold.
    static let indexMax = 1023

    private init() {}

    /// - Throws: `SourceError` naming the part that is wrong.
    init(parsing text: String) throws(SourceError) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        switch parts[0] {
        case "f" where parts.count == 1: return
        case "g": kind = .wholeGPUs
        case "i": kind = .instances
        default: throw SourceError("--devices \(text): expected f, g, i, or g: or i: and indexes, as in g:0,2-3")
        }
        guard parts.count == 2 else { return }
        var chosen: Set<Int> = []
        for part in parts[1].split(separator: ",", omittingEmptySubsequences: false) {
            guard let range = Self.range(part) else {
                throw SourceError("--devices \(text): \"\(part)\" is no GPU index or range from 0 to \(Self.indexMax)")
            }
            chosen.formUnion(range)
        }
        indexes = chosen
    }

    /// Whether a GPU, or any instance of it, may be among those chosen.
    func containsGPU(_ index: Int) -> Bool {
        kind == .instances || indexes?.contains(index) ?? true
    }

    func containsInstance(_ number: Int) -> Bool {
        kind != .instances || indexes?.contains(number) ?? true
    }

    /// Whether MIG instances take the place of their GPU.
    var wantsInstances: Bool { kind != .wholeGPUs }

    /// Whether GPUs without instances are shown.
    var wantsWholeGPUs: Bool { kind != .instances }

    private static func range(_ part: Substring) -> ClosedRange<Int>? {
        let ends = part.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
        guard ends.count <= 2, let first = ends.first ?? nil, let last = ends.last ?? nil else { return nil }
        guard first >= 0, first <= last, last <= indexMax else { return nil }
        return first...last
    }
}
