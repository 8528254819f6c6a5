import Model

#if canImport(Glibc)
import Glibc
#endif

/// A line on the terminal that shows how far something has come; nothing where standard error is none.
final class ProgressBar {
    private let isShown: Bool
    private var isDrawn = false
    private var drawnAtNs: UInt64 = 0
    private let begunAtNs = monotonicNs()

    private static let width = 30
    private static let intervalNs: UInt64 = 100_000_000

    init(isShown: Bool) { self.isShown = isShown && isatty(2) == 1 }

    /// - Parameters:
    ///   - done: bytes.
    ///   - total: bytes; 0 where it is not known.
    func show(done: Int64, total: Int64) {
        guard isShown else { return }
        let now = monotonicNs()
        guard now - drawnAtNs >= ProgressBar.intervalNs else { return }
        drawnAtNs = now
        isDrawn = true
        let seconds = max(0.1, Double(now - begunAtNs) / 1e9)
        let speed = "\(megabytes(done)) MB, \(megabytes(Int64(Double(done) / seconds))) MB/s"
        guard total > 0 else { return writeToStandardError("\r\u{1b}[K\(speed)") }
        let share = min(1, max(0, Double(done) / Double(total)))
        let filled = Int(share * Double(ProgressBar.width))
        let bar = String(repeating: "━", count: filled) + String(repeating: " ", count: ProgressBar.width - filled)
        writeToStandardError("\r\u{1b}[K\(bar) \(Int(share * 100)) %  \(speed)")
    }

    /// Makes place for another line.
    func clear() {
        if isDrawn { writeToStandardError("\r\u{1b}[K") }
        isDrawn = false
    }

    func end() { clear() }

    private func megabytes(_ bytes: Int64) -> String { formatFloat((Double(bytes) / 1e5).rounded() / 10) }
}
