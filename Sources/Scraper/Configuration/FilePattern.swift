import Glibc
import Model

/// The last part of a path; nil where a `*` stands before it, where none may.
func lastPart(ofPattern pattern: String) -> Substring? {
    let name = pattern.split(separator: "/", omittingEmptySubsequences: false).last ?? ""
    return pattern.dropLast(name.count).contains("*") ? nil : name
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
