import Glibc
import TestSupport
import Testing

@testable import PromQL

@Suite struct ScriptTests {
    /// The scripts beside these tests.
    static let directory = String(#filePath.dropLast("Engine/ScriptTests.swift".count)) + "Scripts"

    @Test(arguments: scriptNames(ScriptTests.directory))
    func scriptHolds(_ name: String) throws {
        let text = try readText(ScriptTests.directory + "/" + name)
        var runner = ScriptRunner()
        for case .failed(let line, let problem) in runner.run(try TestScript(name: name, text: text)) {
            Issue.record("\(name):\(line): \(problem)")
        }
    }

    /// Runs the scripts of the directory that `PROMQL_CASES_DIR` names and reports how they went.
    @Test(.enabled(if: getenv("PROMQL_CASES_DIR") != nil))
    func foreignScriptsHold() throws {
        let directory = String(cString: try #require(getenv("PROMQL_CASES_DIR")))
        var totals = (passed: 0, failed: 0)
        for name in scriptNames(directory) {
            let text = try readText(directory + "/" + name)
            var runner = ScriptRunner()
            var counts = (passed: 0, failed: 0)
            for outcome in runner.run(try TestScript(name: name, text: text)) {
                switch outcome {
                case .passed: counts.passed += 1
                case .failed(let line, let problem):
                    counts.failed += 1
                    Issue.record("\(name):\(line): \(problem)")
                    print("FAILED \(name):\(line): \(problem)")
                }
            }
            print("\(name): \(counts.passed) passed, \(counts.failed) failed")
            totals.passed += counts.passed
            totals.failed += counts.failed
        }
        print("all: \(totals.passed) passed, \(totals.failed) failed")
    }
}

/// The names of the `.test` files in a directory, sorted.
func scriptNames(_ directory: String) -> [String] { fileNames(directory).filter { $0.hasSuffix(".test") } }
