import PromQL
import TestSupport
import Testing

@Suite struct ParserPropertyTests {
    @Test func randomExpressionsParseToWhatWasPrinted() {
        let first = min(makeSeed(), .max - 2000)
        for seed in first..<first + 2000 {
            var generator = ExpressionGenerator(seed: seed)
            let text = generator.expression(depth: 4).description
            guard outcome(text) != "OK \(text)" else { continue }
            Issue.record("seed \(seed): \(text) gives \(outcome(text))")
            return
        }
    }

    /// `make fuzz-queries` does it with ten million.
    @Test func mutatedExpressionsNeitherTrapNorPrintWhatDoesNotParse() {
        let seed = makeSeed()
        let count = fuzzCount ?? tries(20_000, slow: 1_000_000)
        let report = fuzzParser(seed: seed, count: count)
        #expect(report.failures.isEmpty, "seed \(seed): \(report.failures.prefix(3))")
        // Mutations that leave nothing valid would test only errors.
        #expect(report.validCount > 200)
    }
}

struct FuzzReport {
    var validCount = 0
    var failures: [String] = []
}

/// Parses `count` texts made by changing bytes of the example expressions. What parses must print to something that
/// parses and prints the same, and what does not must say where.
func fuzzParser(seed: UInt64, count: Int) -> FuzzReport {
    var report = FuzzReport()
    var random = SeededGenerator(seed: seed)
    let corpus = (ParserCases.asPrometheus + ParserCases.others).map { Array($0.input.utf8) }
    for _ in 0..<count {
        let text = String(decoding: mutate(corpus, &random), as: UTF8.self)
        let first = outcome(text)
        guard first.hasPrefix("OK ") else {
            if !first.contains("parse error: ") { report.failures.append("\(text.debugDescription): \(first)") }
            continue
        }
        report.validCount += 1
        let printed = String(first.dropFirst(3))
        let second = outcome(printed)
        // As Prometheus: of a century's seconds, which are doubles, the milliseconds are cut off and may be one less.
        if printed.contains(/[0-9]{5}d/) { continue }
        if first != second { report.failures.append("\(text.debugDescription): \(first) then \(second)") }
    }
    return report
}

/// One to four changes to a random member of `corpus`.
func mutate(_ corpus: [[UInt8]], _ random: inout SeededGenerator) -> [UInt8] {
    func number(_ bound: Int) -> Int { Int.random(in: 0..<max(bound, 1), using: &random) }
    var bytes = corpus[number(corpus.count)]
    let useful = Array("(){}[],:=!~<>+-*/%^@\"'`\\ \n#._0159eExsmhdwyabn\u{FFFD}".utf8)
    for _ in 0...number(4) {
        let place = number(bytes.count + 1)
        switch number(6) {
        case 0: bytes.insert(useful[number(useful.count)], at: place)
        case 1 where place < bytes.count: bytes.remove(at: place)
        case 2 where place < bytes.count: bytes[place] = UInt8.random(in: 0...255, using: &random)
        case 3 where place < bytes.count: bytes[place] = useful[number(useful.count)]
        case 4: bytes.removeSubrange(place..<min(bytes.count, place + number(8)))
        default:
            let other = corpus[number(corpus.count)]
            let start = number(other.count)
            bytes.insert(contentsOf: other[start..<min(other.count, start + number(16))], at: place)
        }
    }
    return bytes
}
