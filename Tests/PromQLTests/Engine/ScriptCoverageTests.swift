import PromQL
import TestSupport
import Testing

/// Whatever the language has is evaluated by some script.
@Suite struct ScriptCoverageTests {
    /// The queries of all scripts, taken apart into words and signs, each between spaces.
    private static func queries() throws -> String {
        var result = " "
        for name in scriptNames(ScriptTests.directory) {
            let script = try TestScript(name: name, text: readText(ScriptTests.directory + "/" + name))
            for case .evaluate(let evaluation) in script.commands { result += words(evaluation.query) + " " }
        }
        return result
    }

    private static func words(_ query: String) -> String {
        var result = ""
        var isInWord = false
        for scalar in query.unicodeScalars {
            let isWord = scalar.properties.isAlphabetic || ("0"..."9").contains(scalar) || scalar == "_"
            let isSign = "+-*/%^=!<>~@".unicodeScalars.contains(scalar)
            if isWord != isInWord || !(isWord || isSign) { result += " " }
            isInWord = isWord
            result.unicodeScalars.append(scalar)
        }
        return result
    }

    @Test func everyFunctionIsCalled() throws {
        let queries = try Self.queries()
        for function in FunctionSignature.all {
            #expect(queries.contains(" \(function.name) ("), "no script calls \(function.name)")
        }
    }

    @Test func everyOperatorIsUsed() throws {
        let queries = try Self.queries().lowercased()
        for op in BinaryOperator.allCases {
            #expect(queries.contains(" \(op.rawValue) "), "no script has \(op.rawValue)")
        }
        for aggregator in Aggregator.allCases {
            #expect(queries.contains(" \(aggregator.rawValue) "), "no script has \(aggregator.rawValue)")
        }
    }

    @Test(arguments: [
        "bool", "on", "ignoring", "group_left", "group_right", "fill", "fill_left", "fill_right", "by", "without",
        "offset", "@", "anchored", "smoothed", "=~", "!~", "!=", "0x1f", "1e3", "inf", "nan",
    ])
    func everyModifierIsUsed(_ word: String) throws {
        let queries = try Self.queries().lowercased()
        #expect(queries.contains(" \(word) "), "no script has \(word)")
    }
}
