import Model
import TestSupport
import Testing

@testable import Scraper

/// The same jobs with generated rules, given to a real Prometheus 3: the same targets come out of them.
@Suite struct RelabellingDifferentialTests {
    private static let names = ["a", "b", "c", "meta_a", "meta_b", "__tmp", "new"]
    private static let values = ["", "x", "Foo-1", "ÄßİΣ ᾳ", "10.0.0.7:9100", "a;b", "x-x"]
    private static let patterns = ["(.*)", "x.*", "(.)(.*)", "meta_(.*)", "[a-z]+", "(?i)FOO-([0-9])", "", "a|b"]
    private static let replacements = ["$1", "${1}-${2}", "fix", "$$x", "", "n_$1"]

    /// One rule in flow style, of those that no configuration is refused for.
    private func rule(_ action: RelabelRule.Action, _ random: inout SeededGenerator) -> String {
        func pick(_ list: [String], _ random: inout SeededGenerator) -> String {
            list[Int.random(in: 0..<list.count, using: &random)]
        }
        var parts = ["action: \(action.rawValue)"]
        let regex = "regex: '\(pick(Self.patterns, &random))'"
        let target = pick(Self.names, &random)
        switch action {
        case .labeldrop, .labelkeep:
            // Without an address there would be no target.
            return
                "{\(parts[0]), regex: '\(action == .labelkeep ? "__.*|" : "")\(pick(["a.*", "b", "c|new"], &random))'}"
        case .labelmap: return "{\(parts[0]), regex: 'meta_(.*)', replacement: '\(pick(["$1", "m_$1"], &random))'}"
        case .replace: parts += [regex, "replacement: '\(pick(Self.replacements, &random))'"]
        case .hashmod: parts += ["modulus: \(Int.random(in: 1...1000, using: &random))"]
        case .keep, .drop: parts.append(regex)
        case .lowercase, .uppercase, .keepequal, .dropequal: break
        }
        let sources = (0..<Int.random(in: 1...2, using: &random)).map { _ in pick(Self.names, &random) }
        parts.append("source_labels: [\(sources.joined(separator: ", "))]")
        if ![.keepequal, .dropequal].contains(action), Bool.random(using: &random) { parts.append("separator: '-'") }
        if ![.keep, .drop].contains(action) { parts.append("target_label: \(target)") }
        return "{\(parts.joined(separator: ", "))}"
    }

    private func configuration(_ random: inout SeededGenerator) -> String {
        let actions = RelabelRule.Action.allCases
        var text = "scrape_configs:\n"
        for job in 0..<132 {
            let rules = (0...job % 3).map { index in
                rule(index == 0 ? actions[job % actions.count] : actions.randomElement(using: &random)!, &random)
            }
            text +=
                "- job_name: j\(job)\n  scrape_interval: 1d\n  relabel_configs: [\(rules.joined(separator: ", "))]\n"
            text += "  static_configs:\n"
            for target in 0..<3 {
                let labels = Self.names.prefix(5).map { "\($0): '\(Self.values.randomElement(using: &random)!)'" }
                text += "  - {targets: ['127.0.0.1:\(target + 1)'], labels: {\(labels.joined(separator: ", "))}}\n"
            }
        }
        return text
    }

    @Test(.enabled(if: RealPrometheus.path != nil, "no Prometheus 3 on the PATH"))
    func targetsAreThoseOfARealPrometheus() throws {
        var random = SeededGenerator(seed: makeSeed())
        let text = configuration(&random)
        let jobs = try Configuration.parse(text: text, file: "p.yml").jobs
        let ours = Set(
            jobs.flatMap { job in job.buildTargets().targets.map { "\(job.name) \($0.url) \($0.labels)" } })
        let directory = TemporaryDirectory(.disk)
        let peer = try RealPrometheus(data: directory.path + "/data", config: text)
        let theirs = try eventually("all targets are there") {
            let answer = try JSONValue(parsing: try peer.get("/api/v1/targets?state=active").body)
            guard let targets = activeTargets(answer), targets.count >= ours.count else { return Set<String>?.none }
            return targets
        }
        #expect(ours.count > 100)
        #expect(ours.subtracting(theirs) == [])
        #expect(theirs.subtracting(ours) == [])
    }

    private func activeTargets(_ answer: JSONValue) -> Set<String>? {
        guard case .object(let root) = answer, case .object(let data)? = root["data"],
            case .list(let targets)? = data["activeTargets"]
        else { return nil }
        return Set(
            targets.compactMap { target in
                guard case .object(let members) = target, case .object(let labels)? = members["labels"],
                    case .string(let url)? = members["scrapeUrl"], case .string(let pool)? = members["scrapePool"]
                else { return nil }
                var builder = LabelsBuilder()
                for (name, value) in labels { if case .string(let text) = value { builder.set(name, text) } }
                return "\(pool) \(url) \(builder.labels())"
            })
    }
}
