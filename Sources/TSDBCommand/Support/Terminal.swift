#if canImport(Glibc)
import Glibc
#endif

/// What the screen that standard output goes to can show.
struct Terminal {
    var columns: Int
    var rows: Int
    var hasColour: Bool
    /// Whether it is a screen, where lines end.
    var isScreen = true

    /// The terminal of standard output; 80 × 24 without colour where it is a pipe or a file. `COLUMNS` and `NO_COLOR`
    /// are honoured.
    static func current() -> Terminal {
        var size = winsize()
        let isTerminal = isatty(1) == 1
        let isKnown = isTerminal && ioctl(1, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
        let columns = getenv("COLUMNS").flatMap { Int(String(cString: $0)) } ?? (isKnown ? Int(size.ws_col) : 80)
        return Terminal(
            columns: min(max(columns, 40), 400), rows: isKnown ? min(max(Int(size.ws_row), 10), 200) : 24,
            hasColour: isTerminal && getenv("NO_COLOR") == nil, isScreen: isTerminal)
    }
}
