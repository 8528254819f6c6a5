import TestSupport
import Testing
import YAML

@testable import Scraper

/// Configurations that are refused, each with all that is said of it, and odd ones that are taken; Prometheus's own tool
/// refuses and takes the same.
@Suite struct ConfigurationCorpusTests {
    /// Corpora as files of a folder: each with its name.
    private struct Files {
        let directory = TemporaryDirectory(.disk)
        var cases: [(path: String, case: ConfigurationCorpus.Case)] = []

        init(_ name: String) throws {
            for (index, one) in try ConfigurationCorpus.read(name).enumerated() {
                let path = "\(directory.path)/\(index).yml"
                try writeFile(path, one.bytes)
                cases.append((path, one))
            }
        }
    }

    /// What is said of a file, without its path; nothing where it is taken.
    private func faults(_ path: String) -> [String] {
        do throws(ConfigurationError) {
            let configuration = try Configuration.load(path: path)
            // What is shown of it can be read again.
            _ = try Configuration.parse(text: configuration.yamlText, file: path)
            return []
        } catch {
            return error.problems.map { "\($0.line):\($0.column): \($0.message)" }
        }
    }

    @Test func brokenConfigurationsAreRefusedWithTheirMessages() throws {
        let files = try Files("broken-configurations.txt")
        #expect(files.cases.count >= 300)
        var wrong: [String] = []
        for (path, one) in files.cases where faults(path) != one.lines {
            wrong.append("\(String(decoding: one.bytes, as: UTF8.self))\n  is answered \(faults(path))")
        }
        #expect(wrong == [])
    }

    @Test func oddConfigurationsAreTaken() throws {
        let files = try Files("odd-configurations.txt")
        #expect(files.cases.count >= 80)
        var wrong: [String] = []
        for (path, one) in files.cases where !faults(path).isEmpty {
            wrong.append("\(String(decoding: one.bytes, as: UTF8.self))\n  is answered \(faults(path))")
        }
        #expect(wrong == [])
    }

    private static let promtool = findProgram("promtool")

    @Test(.enabled(if: promtool != nil, "no promtool on the PATH"), arguments: [true, false])
    func prometheusAgrees(isBroken: Bool) throws {
        let files = try Files(isBroken ? "broken-configurations.txt" : "odd-configurations.txt")
        let result = try runToEnd(#require(Self.promtool), ["check", "config"] + files.cases.map(\.path))
        // Behind "Checking FILE" comes a line on standard output where the file is taken.
        let taken = Set(
            result.output.split(separator: "\n").filter { $0.hasPrefix(" SUCCESS: ") }.compactMap {
                $0.split(separator: " ").dropFirst().first.map(String.init)
            })
        #expect(result.output.split(separator: "\n").count { $0.hasPrefix("Checking ") } == files.cases.count)
        let wrong = files.cases.filter { taken.contains($0.path) == (isBroken != $0.case.isOurs) }
        #expect(wrong.map { String(decoding: $0.case.bytes, as: UTF8.self) } == [])
    }
}
