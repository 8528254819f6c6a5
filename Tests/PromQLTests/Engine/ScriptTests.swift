import Glibc
import Testing

@testable import PromQL

@Suite struct ScriptTests {
    /// The scripts beside these tests.
    static let directory = String(#filePath.dropLast("Engine/ScriptTests.swift".count)) + "Scripts"

    @Test(arguments: scriptNames(ScriptTests.directory))
    func scriptHolds(_ name: String) throws {
        let text = try #require(fileText(ScriptTests.directory + "/" + name))
        var runner = ScriptRunner()
        for case .failed(let line, let problem) in runner.run(try TestScript(name: name, text: text)) {
            Issue.record("\(name):\(line): \(problem)")
        }
    }

    /// Runs the scripts of the directory that `PROMQL_CASES_DIR` names and reports how they went.
    @Test(.enabled(if: getenv("PROMQL_CASES_DIR") != nil))
    func foreignScriptsHold() throws {
        let directory = String(cString: try #require(getenv("PROMQL_CASES_DIR")))
        var totals = (passed: 0, failed: 0, unsupported: 0)
        for name in scriptNames(directory) {
            let text = try #require(fileText(directory + "/" + name))
            var runner = ScriptRunner()
            var counts = (passed: 0, failed: 0, unsupported: 0)
            for outcome in runner.run(try TestScript(name: name, text: text)) {
                switch outcome {
                case .passed: counts.passed += 1
                case .unsupported: counts.unsupported += 1
                case .failed(let line, let problem):
                    counts.failed += 1
                    Issue.record("\(name):\(line): \(problem)")
                    print("FAILED \(name):\(line): \(problem)")
                }
            }
            print("\(name): \(counts.passed) passed, \(counts.failed) failed, \(counts.unsupported) unsupported")
            totals.passed += counts.passed
            totals.failed += counts.failed
            totals.unsupported += counts.unsupported
        }
        print("all: \(totals.passed) passed, \(totals.failed) failed, \(totals.unsupported) unsupported")
    }
}

/// The names of the `.test` files in a directory, sorted.
func scriptNames(_ directory: String) -> [String] {
    guard let handle = opendir(directory) else { return [] }
    defer { closedir(handle) }
    var names: [String] = []
    while let entry = readdir(handle) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
            pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        if name.hasSuffix(".test") { names.append(name) }
    }
    return names.sorted()
}

func fileText(_ path: String) -> String? {
    guard let file = fopen(path, "r") else { return nil }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while true {
        let count = fread(&chunk, 1, chunk.count, file)
        if count == 0 { return String(decoding: bytes, as: UTF8.self) }
        bytes += chunk[..<count]
    }
}
