import Model
import Synchronization
import TSDB

#if canImport(Glibc)
import Glibc
#endif

/// A line on the terminal that shows how far an operation has come; nothing where standard error is none.
final class OperationBar: Sendable {
    private let isShown: Bool
    private let drawn = Mutex<(stage: String, atNs: UInt64)>(("", 0))

    private static let width = 30
    private static let intervalNs: UInt64 = 100_000_000

    init() { isShown = isatty(2) == 1 }

    func show(_ progress: OperationProgress) {
        guard isShown else { return }
        let now = monotonicNs()
        let isDue = drawn.withLock { drawn in
            guard progress.stage != drawn.stage || now - drawn.atNs >= OperationBar.intervalNs else { return false }
            drawn = (progress.stage, now)
            return true
        }
        if isDue { writeToStandardError("\r\u{1b}[K\(OperationBar.line(progress))") }
    }

    /// Makes place for other lines.
    func clear() {
        let wasDrawn = drawn.withLock { drawn in
            defer { drawn = ("", 0) }
            return !drawn.stage.isEmpty
        }
        if wasDrawn { writeToStandardError("\r\u{1b}[K") }
    }

    static func line(_ progress: OperationProgress) -> String {
        guard progress.total > 0 else { return progress.stage }
        let share = min(1, max(0, Double(progress.done) / Double(progress.total)))
        let filled = Int(share * Double(width))
        let bar = String(repeating: "━", count: filled) + String(repeating: " ", count: width - filled)
        return "\(bar) \(Int(share * 100)) %  \(progress.stage)"
    }
}
