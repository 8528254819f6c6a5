import TestSupport

/// Configurations, each behind lines that begin with `===`: the messages of one that is refused, nothing for one that is
/// taken. `<0xff>` stands for a byte; lines that begin with `## ` are headings.
enum ConfigurationCorpus {
    struct Case {
        var lines: [String]
        var bytes: [UInt8]
        /// Whether Prometheus takes it, which docs/differences.md tells of, or knows a later version of it alone.
        var isOurs = false
    }

    private static let mark = "Prometheus 3.5 differs"

    static func read(_ name: String) throws -> [Case] {
        let folder = #filePath.split(separator: "/").dropLast(2).joined(separator: "/")
        let text = String(decoding: try readFile("/\(folder)/Corpora/\(name)"), as: UTF8.self)
        var cases: [Case] = []
        var isHead = false
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) where !line.hasPrefix("## ") {
            if line == "===" || line.hasPrefix("=== ") {
                if !isHead { cases.append(Case(lines: [], bytes: [])) }
                isHead = true
                if line.dropFirst(4) == mark {
                    cases[cases.count - 1].isOurs = true
                } else if line.hasPrefix("=== ") {
                    cases[cases.count - 1].lines.append(String(line.dropFirst(4)))
                }
            } else if !cases.isEmpty {
                isHead = false
                cases[cases.count - 1].bytes += bytes(line) + [0x0a]
            }
        }
        return cases
    }

    private static func bytes(_ line: Substring) -> [UInt8] {
        let parts = line.split(separator: "<0x", omittingEmptySubsequences: false)
        return parts.dropFirst().reduce(into: Array(parts[0].utf8)) { bytes, part in
            bytes.append(UInt8(part.prefix(2), radix: 16) ?? 0)
            bytes += part.dropFirst(3).utf8
        }
    }
}
