import TestSupport
import Testing
import YAML

@testable import Scraper

@Suite struct ConfigurationErrorTests {
    @Test func everyFaultIsNamedInOneRun() {
        let text = """
            global:
              scrape_interval: soon
              foo: 1
            scrape_configs:
            - job_name: a
              honor_labels: 5
            - job_name: a
            """
        let error = #expect(throws: ConfigurationError.self) { try Configuration.parse(text: text, file: "p.yml") }
        #expect(error?.problems.map(\.line) == [2, 3, 6, 7])
    }

    @Test func nestingAndAliasesAreBounded() {
        let deep = String(repeating: "[", count: 100) + String(repeating: "]", count: 100)
        let error = #expect(throws: ConfigurationError.self) {
            try Configuration.parse(text: "a: \(deep)", file: "p.yml")
        }
        #expect(error?.description == "p.yml:1:67: expected at most 64 nested collections, found more")
        var bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...9 {
            let copies = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
            bomb += "a\(level): &a\(level) [\(copies)]\n"
        }
        let second = #expect(throws: ConfigurationError.self) { try Configuration.parse(text: bomb, file: "p.yml") }
        #expect(second?.description.contains("expected at most 1000000 values, found more") == true)
    }

    @Test func missingFilesAreNamed() {
        let error = #expect(throws: ConfigurationError.self) { try Configuration.load(path: "/nonexistent/p.yml") }
        #expect(
            error?.description
                == "/nonexistent/p.yml:1:1: cannot read the configuration file: No such file or directory")
    }

    /// Whatever is done to a file, it is read or refused, never a trap or a hang.
    @Test func damagedFilesNeverTrap() {
        let text = Array(ConfigurationTests.full.utf8)
        let seed = makeSeed()
        var random = SeededGenerator(seed: seed)
        let noise = Array("{}[]:-\"'&*!|>%@\\\n\t #,\0".utf8) + [0xff, 0xc3]
        for _ in 0..<2000 {
            var damaged = text
            for _ in 0..<Int.random(in: 1...3, using: &random) where !damaged.isEmpty {
                let place = Int.random(in: 0..<damaged.count, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: damaged[place] = noise.randomElement(using: &random) ?? 0
                case 1: damaged.remove(at: place)
                case 2: damaged.insert(noise.randomElement(using: &random) ?? 0, at: place)
                default: damaged.removeLast(damaged.count - max(place, 1))
                }
            }
            let configuration = try? Configuration.parse(text: String(decoding: damaged, as: UTF8.self), file: "p.yml")
            if let configuration {
                _ = configuration.yamlText
                for job in configuration.jobs { _ = job.buildTargets() }
            }
        }
    }
}
