import Glibc

/// Says on standard error how far something is: a line every tenth.
struct Progress {
    private let what: String
    private let begun = now()
    private var tenths = 0

    init(_ what: String) {
        self.what = what
        say("\(what)")
    }

    /// - Parameter share: 0...1.
    mutating func report(_ share: Double) {
        guard Int(share * 10) > tenths else { return }
        tenths = Int(share * 10)
        say("  \(tenths * 10) %, \(Int(now() - begun)) s")
    }

    private func say(_ line: String) {
        let bytes = Array((line + "\n").utf8)
        _ = write(STDERR_FILENO, bytes, bytes.count)
    }
}

/// A count in millions, with one decimal.
func millions(_ count: Int) -> String { "\((Double(count) / 1e5).rounded() / 10) M" }
