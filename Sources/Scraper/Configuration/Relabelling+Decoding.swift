import Model
import YAML

extension MappingDecoder {
    /// The rules that `key` lists.
    mutating func relabelRules(_ key: String) -> [RelabelRule] {
        (list(key) ?? []).compactMap { .decode($0, diagnostics) }
    }
}

extension RelabelRule {
    /// One entry of `relabel_configs` or `metric_relabel_configs`.
    static func decode(_ node: YAMLNode, _ diagnostics: Diagnostics) -> RelabelRule? {
        guard var section = MappingDecoder(node, "relabel_configs entry", diagnostics) else { return nil }
        let pattern = section.string("regex") ?? defaultRegex
        guard var rule = compile(pattern, section.place("regex"), diagnostics) else { return nil }
        rule.sourceLabels = section.strings("source_labels") ?? []
        rule.separator = section.string("separator") ?? rule.separator
        rule.targetLabel = section.string("target_label") ?? ""
        rule.replacement = section.string("replacement") ?? rule.replacement
        rule.modulus = section.wholeNumber("modulus") ?? 0
        if let action = section.string("action") {
            guard let known = Action(rawValue: action.lowercased()) else {
                let names = Action.allCases.map(\.rawValue)
                let guess = nearest(action, among: names).map { "; did you mean \($0)?" } ?? ""
                diagnostics.report(section.place("action"), "unknown relabel action \(quoted(action))\(guess)")
                section.finish()
                return nil
            }
            rule.action = known
        }
        if rule.sourceLabels.contains("") {
            diagnostics.report(section.place("source_labels"), "\"\" is not a valid label name")
        }
        rule.check(section.mark, isRegexGiven: section.node("regex") != nil, diagnostics)
        section.finish()
        return rule
    }

    private static func compile(_ pattern: String, _ mark: YAMLMark, _ diagnostics: Diagnostics) -> RelabelRule? {
        do {
            return RelabelRule(regex: try RegularExpression(pattern))
        } catch {
            diagnostics.report(mark, error.description)
            return nil
        }
    }

    /// Reports settings that the action needs and does not have, or has and cannot use. One that is as it is by default
    /// counts as not given.
    private func check(_ mark: YAMLMark, isRegexGiven: Bool, _ diagnostics: Diagnostics) {
        switch action {
        case .replace, .lowercase, .uppercase, .keepequal, .dropequal, .hashmod:
            if targetLabel.isEmpty {
                diagnostics.report(
                    mark, "relabel configuration for \(action.rawValue) action requires 'target_label' value")
            }
        case .keep, .drop, .labelmap, .labeldrop, .labelkeep: break
        }
        if action == .hashmod, modulus == 0 {
            diagnostics.report(mark, "relabel configuration for hashmod requires non-zero modulus")
        }
        if action == .labelmap, replacement.isEmpty {
            diagnostics.report(mark, "relabel configuration for labelmap action requires a 'replacement' value")
        }
        let unusable: Set<String> =
            switch action {
            case .lowercase, .uppercase: ["replacement"]
            case .keepequal, .dropequal: ["regex", "modulus", "separator", "replacement"]
            case .labeldrop, .labelkeep: ["source_labels", "target_label", "modulus", "separator", "replacement"]
            case .replace, .keep, .drop, .hashmod, .labelmap: []
            }
        let given = [
            "source_labels": !sourceLabels.isEmpty, "target_label": !targetLabel.isEmpty, "modulus": modulus > 0,
            "regex": isRegexGiven, "separator": separator != ";",
            "replacement": replacement != "$1",
        ]
        for key in unusable.sorted() where given[key] == true {
            diagnostics.report(mark, "'\(key)' can not be set for \(action.rawValue) action")
        }
    }
}
