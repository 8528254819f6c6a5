import Glibc
import Model

/// The last part of a path; nil where a `*` stands before it, where none may, or brackets or a backslash are not complete.
func lastPart(ofPattern pattern: String) -> Substring? {
    let name = pattern.split(separator: "/", omittingEmptySubsequences: false).last ?? ""
    return pattern.dropLast(name.count).contains("*") || !isComplete(pattern) ? nil : name
}

/// Whether each `[` has its `]`, with something between them, and each `\` something behind it.
private func isComplete(_ pattern: String) -> Bool {
    var rest = pattern[...]
    while let first = rest.popFirst() {
        if first == "\\", rest.popFirst() == nil { return false }
        guard first == "[" else { continue }
        if rest.first == "^" { rest = rest.dropFirst() }
        guard rest.first != "]", let end = rest.firstIndex(of: "]") else { return false }
        rest = rest[rest.index(after: end)...]
    }
    return true
}

/// The files that any of `patterns` names, each once, sorted.
func matchingPaths(_ patterns: [String]) -> [String] {
    var paths: Set<String> = []
    for pattern in patterns {
        var found = glob_t()
        defer { globfree(&found) }
        guard glob(pattern, 0, nil, &found) == 0 else { continue }
        for index in 0..<Int(found.gl_pathc) {
            if let path = found.gl_pathv[index] { paths.insert(String(cString: path)) }
        }
    }
    return paths.sorted(by: byteOrder)
}
