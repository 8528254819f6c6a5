import PromQL
import Testing

/// The scripts' names, without `.test`, sorted.
let scriptNames = [
    "aggregations", "binary", "errors", "labels", "matching", "math", "modifiers", "range_functions", "staleness",
    "subqueries", "time",
]

@Suite struct ScriptFilesTests {
    @Test(arguments: scriptNames)
    func scriptsAndTheirQueriesParse(_ name: String) throws {
        let script = try TestScript(name: name, text: try scriptText(name))
        #expect(script.commands.count > 10)
        for case .evaluate(let evaluation) in script.commands {
            #expect(outcome(evaluation.query).hasPrefix("OK "), "\(name).test:\(evaluation.line)")
        }
    }
}
