import Glibc
import Synchronization

/// The terminal of standard output, switched to its second screen, without echo.
struct Terminal {
    private var original = termios()
    private let isInput: Bool

    init() {
        isInput = tcgetattr(0, &original) == 0
        if isInput {
            var raw = original
            // Ctrl-C comes as a byte too, so that the terminal is always put back.
            raw.c_lflag &= ~tcflag_t(ICANON | ECHO | ISIG)
            tcsetattr(0, TCSAFLUSH, &raw)
        }
        watchForSignals()
        Self.write("\u{1B}[?1049h\u{1B}[?25l")
    }

    func restore() {
        Self.write("\u{1B}[?25h\u{1B}[?1049l")
        var original = original
        if isInput { tcsetattr(0, TCSAFLUSH, &original) }
    }

    /// Columns and lines; 80 by 24 where the terminal does not say.
    var size: (width: Int, height: Int) {
        var size = winsize()
        guard ioctl(1, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else { return (80, 24) }
        return (Int(size.ws_col), Int(size.ws_row))
    }

    /// Overwrites the screen line by line, which does not flicker as clearing it would.
    func draw(_ lines: [String]) {
        let body = lines.map { $0 + "\u{1B}[K" }.joined(separator: "\r\n")
        Self.write("\u{1B}[H" + body + "\u{1B}[J")
    }

    /// Waits for a key; a changed window or a passed time ends the wait too.
    func isAskedToQuit(withinMs milliseconds: Int32) -> Bool {
        var waiting = pollfd(fd: isInput ? 0 : -1, events: Int16(POLLIN), revents: 0)
        let ready = poll(&waiting, 1, milliseconds)
        if isStopRequested.load(ordering: .relaxed) { return true }
        guard ready > 0 else { return false }
        var key: UInt8 = 0
        guard read(0, &key, 1) == 1 else { return true }
        // 3 is Ctrl-C.
        return key == UInt8(ascii: "q") || key == UInt8(ascii: "Q") || key == 3
    }

    private static func write(_ text: String) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(1, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }
}

private let isStopRequested = Atomic<Bool>(false)

/// A function of its own, because a closure in an isolated place would be isolated too, and a signal comes anywhere.
private func watchForSignals() {
    for number in [SIGTERM, SIGHUP, SIGINT] {
        signal(number) { _ in isStopRequested.store(true, ordering: .relaxed) }
    }
    // Only to wake `poll`.
    signal(SIGWINCH) { _ in }
}
