/// A place in a YAML text, counted from 1.
struct YAMLMark: Sendable, Equatable {
    var line: Int
    var column: Int
}

/// A parsed YAML value that knows where it was written.
struct YAMLNode: Sendable {
    enum Content: Sendable {
        /// - Parameter isPlain: whether it was written without quotes, so that `null` and `~` mean nothing was given.
        case scalar(String, isPlain: Bool)
        case sequence([YAMLNode])
        case mapping([YAMLEntry])
    }

    var content: Content
    var mark: YAMLMark

    /// Whether nothing was given: an empty value, `~` or `null`.
    var isNull: Bool {
        guard case .scalar(let text, isPlain: true) = content else { return false }
        return text.isEmpty || text == "~" || text == "null" || text == "Null" || text == "NULL"
    }

    /// Whether the value is null or has no elements.
    var isEmpty: Bool {
        switch content {
        case .scalar(let text, _): isNull || text.isEmpty
        case .sequence(let elements): elements.isEmpty
        case .mapping(let entries): entries.isEmpty
        }
    }

    /// What the value is, for messages.
    var kindName: String {
        switch content {
        case .scalar: isNull ? "nothing" : "a single value"
        case .sequence: "a list"
        case .mapping: "a mapping"
        }
    }
}

struct YAMLEntry: Sendable {
    var key: String
    var keyMark: YAMLMark
    var value: YAMLNode
}

/// Why a text is not YAML, or more than is read of it.
struct YAMLError: Error, Equatable {
    let mark: YAMLMark
    let reason: String
}
