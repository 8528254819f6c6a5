#if canImport(Glibc)
import Glibc
#endif

/// Reads lines from a terminal, with the keys that a shell has for editing and for going back to earlier lines.
struct LineEditor {
    var history: LineHistory

    /// What was typed: a line, or nil where Ctrl-C has thrown it away.
    struct Line {
        let text: String?
    }

    /// The next line; nil at the end of input.
    mutating func readLine(prompt: String) -> Line? {
        var saved = termios()
        guard tcgetattr(0, &saved) == 0 else { return nil }
        var raw = saved
        cfmakeraw(&raw)
        raw.c_oflag = saved.c_oflag
        tcsetattr(0, TCSADRAIN, &raw)
        defer { tcsetattr(0, TCSADRAIN, &saved) }
        history.begin()
        var line = EditedLine()
        while true {
            draw(line, prompt)
            switch readInput() {
            case .key(let key): line.press(key)
            case .older: if let text = history.older(line.string) { line.set(text) }
            case .newer: if let text = history.newer() { line.set(text) }
            case .enter:
                put("\n")
                history.add(line.string)
                return Line(text: line.string)
            case .cancel:
                put("^C\n")
                return Line(text: nil)
            case .end where line.text.isEmpty:
                put("\n")
                return nil
            case .end: line.press(.delete)
            case .closed: return nil
            case .ignored: break
            }
        }
    }

    private func draw(_ line: EditedLine, _ prompt: String) {
        let shown = line.window(Terminal.current().columns - prompt.count - 1)
        put("\r\(prompt)\(shown.text)\u{1B}[K\r\u{1B}[\(prompt.count + shown.cursor)C")
    }

    private func put(_ text: String) { _ = writeToStandardOutput(text) }

    private enum Input {
        case key(EditedLine.Key)
        case older, newer, enter, cancel, end, closed, ignored
    }

    private func readInput() -> Input {
        guard let byte = readByte() else { return .closed }
        switch byte {
        case 1: return .key(.home)
        case 2: return .key(.left)
        case 3: return .cancel
        case 4: return .end
        case 5: return .key(.end)
        case 6: return .key(.right)
        case 8, 127: return .key(.backspace)
        case 10, 13: return .enter
        case 11: return .key(.killToEnd)
        case 14: return .newer
        case 16: return .older
        case 21: return .key(.killToStart)
        case 23: return .key(.killWord)
        case 9: return .key(.character(" "))
        case 27: return readEscape()
        case 0..<32: return .ignored
        default: return readCharacter(byte)
        }
    }

    /// The rest of what a terminal sends for a key without a character.
    private func readEscape() -> Input {
        guard let second = readByte(), second == UInt8(ascii: "[") || second == UInt8(ascii: "O") else {
            return .ignored
        }
        var parameters: [UInt8] = []
        while let byte = readByte() {
            if (0x30...0x3f).contains(byte), parameters.count < 16 {
                parameters.append(byte)
                continue
            }
            let isWithControl = parameters.elementsEqual("1;5".utf8)
            switch byte {
            case UInt8(ascii: "A"): return .older
            case UInt8(ascii: "B"): return .newer
            case UInt8(ascii: "C"): return .key(isWithControl ? .wordRight : .right)
            case UInt8(ascii: "D"): return .key(isWithControl ? .wordLeft : .left)
            case UInt8(ascii: "H"): return .key(.home)
            case UInt8(ascii: "F"): return .key(.end)
            case UInt8(ascii: "~") where parameters == [0x31] || parameters == [0x37]: return .key(.home)
            case UInt8(ascii: "~") where parameters == [0x34] || parameters == [0x38]: return .key(.end)
            case UInt8(ascii: "~") where parameters == [0x33]: return .key(.delete)
            default: return .ignored
            }
        }
        return .closed
    }

    /// The character that begins with `first`, in UTF-8.
    private func readCharacter(_ first: UInt8) -> Input {
        var bytes = [first]
        let more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : first >= 0xc0 ? 1 : 0
        for _ in 0..<more {
            guard let byte = readByte() else { return .closed }
            bytes.append(byte)
        }
        return String(decoding: bytes, as: UTF8.self).first.map { .key(.character($0)) } ?? .ignored
    }

    private func readByte() -> UInt8? {
        var byte: UInt8 = 0
        while true {
            let count = read(0, &byte, 1)
            if count == 1 { return byte }
            if count == 0 || errno != EINTR { return nil }
        }
    }
}
