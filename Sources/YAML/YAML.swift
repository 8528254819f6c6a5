/// A place in a YAML text, counted from 1.
package struct YAMLMark: Sendable, Equatable {
    package var line: Int
    package var column: Int

    package static let start = YAMLMark(line: 1, column: 1)

    package init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }
}

/// A parsed YAML value that knows where it was written.
package struct YAMLNode: Sendable {
    package enum Content: Sendable {
        /// - Parameter isPlain: whether it was written without quotes, so that `null` and `~` mean nothing was given.
        case scalar(String, isPlain: Bool)
        case sequence([YAMLNode])
        case mapping([YAMLEntry])
    }

    package var content: Content
    package var mark: YAMLMark

    /// Whether it is a single value that was written without quotes.
    package var isPlain: Bool {
        guard case .scalar(_, isPlain: true) = content else { return false }
        return true
    }

    /// Whether nothing was given: an empty value, `~` or `null`.
    package var isNull: Bool {
        guard case .scalar(let text, isPlain: true) = content else { return false }
        return text.isEmpty || text == "~" || text == "null" || text == "Null" || text == "NULL"
    }

    /// Whether the value is null or has no elements.
    package var isEmpty: Bool {
        switch content {
        case .scalar(let text, _): isNull || text.isEmpty
        case .sequence(let elements): elements.isEmpty
        case .mapping(let entries): entries.isEmpty
        }
    }

    /// What the value is, for messages.
    package var kindName: String {
        switch content {
        case .scalar: isNull ? "nothing" : "a single value"
        case .sequence: "a list"
        case .mapping: "a mapping"
        }
    }
}

package struct YAMLEntry: Sendable {
    package var key: String
    package var keyMark: YAMLMark
    package var value: YAMLNode
}

/// Why a text is not YAML, or more than is read of it.
package struct YAMLError: Error, Equatable {
    package let mark: YAMLMark
    package let reason: String
}
