/// A line that is being typed, and what keys do to it.
struct EditedLine {
    private(set) var text: [Character] = []
    /// Where the next character goes.
    private(set) var cursor = 0

    enum Key: Equatable {
        case character(Character)
        case left, right, home, end, wordLeft, wordRight
        case backspace, delete, killToEnd, killToStart, killWord
    }

    var string: String { String(text) }

    mutating func set(_ line: String) {
        text = Array(line)
        cursor = text.count
    }

    mutating func press(_ key: Key) {
        switch key {
        case .character(let character):
            text.insert(character, at: cursor)
            cursor += 1
        case .left: cursor = max(0, cursor - 1)
        case .right: cursor = min(text.count, cursor + 1)
        case .home: cursor = 0
        case .end: cursor = text.count
        case .wordLeft: cursor = wordStart
        case .wordRight: cursor = wordEnd
        case .backspace: remove(max(0, cursor - 1)..<cursor)
        case .delete: remove(cursor..<min(text.count, cursor + 1))
        case .killToEnd: remove(cursor..<text.count)
        case .killToStart: remove(0..<cursor)
        case .killWord: remove(wordStart..<cursor)
        }
    }

    private mutating func remove(_ range: Range<Int>) {
        text.removeSubrange(range)
        cursor = range.lowerBound
    }

    private var wordStart: Int {
        var index = cursor
        while index > 0, text[index - 1].isWhitespace { index -= 1 }
        while index > 0, !text[index - 1].isWhitespace { index -= 1 }
        return index
    }

    private var wordEnd: Int {
        var index = cursor
        while index < text.count, text[index].isWhitespace { index += 1 }
        while index < text.count, !text[index].isWhitespace { index += 1 }
        return index
    }

    /// The part of the line that is shown in `columns`, and where in it the cursor stands: the end of a line that is longer.
    func window(_ columns: Int) -> (text: String, cursor: Int) {
        let first = max(0, cursor - max(1, columns) + 1)
        return (String(text[first...].prefix(max(1, columns))), cursor - first)
    }
}
