import Model
import PromQL
import YAML

/// A file of recording and alerting rules.
///
/// - Source: the rule files of Prometheus 3.5; keys and what is refused are its.
struct RuleFile {
    struct Group {
        var name: String
        var rules: [Rule]
    }

    struct Rule {
        /// The metric that a recording rule makes, or the alert's name.
        var name: String
        /// With the group's, which it wins over.
        var labels: [String: String]
        var mark: YAMLMark
    }

    private(set) var groups: [Group] = []
    private let file: String

    /// - Parameters:
    ///   - path: `-` is standard input.
    ///   - ignoresUnknown: whether keys that mean nothing are passed over.
    /// - Throws: ``ConfigurationError`` with every fault found and its place.
    init(path: String, ignoresUnknown: Bool) throws(ConfigurationError) {
        file = path == "-" ? "standard input" : path
        let diagnostics = Diagnostics(file: file)
        switch readWholeFile(path == "-" ? "/dev/stdin" : path, bytesMax: YAMLReader.bytesMax) {
        case .failure(let error): diagnostics.report(.start, "cannot read the rule file: \(error.reason)")
        case .success(let bytes): decode(bytes, RuleDecoder(diagnostics: diagnostics, ignoresUnknown: ignoresUnknown))
        }
        try diagnostics.finish()
    }

    private mutating func decode(_ bytes: [UInt8], _ decoder: RuleDecoder) {
        var decoder = decoder
        guard let text = String(validating: bytes, as: UTF8.self) else {
            return decoder.diagnostics.report(.start, "expected a file in UTF-8")
        }
        do {
            if let root = try YAMLReader.read(text) { groups = decoder.groups(root) }
        } catch {
            decoder.diagnostics.report(error.mark, error.reason)
        }
    }

    /// What is said of the rules that have name and labels of one before.
    func duplicates() -> [String] {
        struct Identity: Hashable {
            var name: String
            var labels: [String: String]
        }
        var first: [Identity: YAMLMark] = [:]
        var found: [String] = []
        for rule in groups.flatMap(\.rules) {
            let identity = Identity(name: rule.name, labels: rule.labels)
            guard let mark = first[identity] else {
                first[identity] = rule.mark
                continue
            }
            let labels = Labels(rule.labels.map { (name: $0.key, value: $0.value) })
            found.append(
                "\(file):\(rule.mark.line):\(rule.mark.column): duplicate rule \(quoted(rule.name)) with labels \(labels), "
                    + "first at line \(mark.line)")
        }
        return found
    }
}

/// Reads groups and their rules, and reports what is wrong with them.
private struct RuleDecoder {
    let diagnostics: Diagnostics
    let ignoresUnknown: Bool
    /// Where each group's name was met first.
    private var names: [String: YAMLMark] = [:]

    init(diagnostics: Diagnostics, ignoresUnknown: Bool) {
        self.diagnostics = diagnostics
        self.ignoresUnknown = ignoresUnknown
    }

    mutating func groups(_ root: YAMLNode) -> [RuleFile.Group] {
        guard var section = MappingDecoder(root, "the rule file", diagnostics) else { return [] }
        var groups: [RuleFile.Group] = []
        for node in section.list("groups") ?? [] {
            if let group = group(node) { groups.append(group) }
        }
        finish(section)
        return groups
    }

    private mutating func group(_ node: YAMLNode) -> RuleFile.Group? {
        guard var section = MappingDecoder(node, "groups entry", diagnostics) else { return nil }
        let name = section.string("name") ?? ""
        if name.isEmpty { diagnostics.report(section.place("name"), "expected a name for the group, found none") }
        if let first = names.updateValue(section.place("name"), forKey: name), !name.isEmpty {
            diagnostics.report(
                section.place("name"),
                "expected each group name once, found \(quoted(name)) a second time (first at line \(first.line))")
        }
        for key in ["interval", "query_offset"] { _ = section.duration(key) }
        _ = section.count("limit")
        let common = labels(&section, "labels")
        let rules = (section.list("rules") ?? []).enumerated().compactMap { index, node in
            rule(node, "group \(quoted(name)), rule \(index + 1)", common)
        }
        finish(section)
        return RuleFile.Group(name: name, rules: rules)
    }

    /// - Parameters:
    ///   - place: the group and which of its rules it is, for messages.
    ///   - common: the group's labels.
    private func rule(_ node: YAMLNode, _ place: String, _ common: [String: String]) -> RuleFile.Rule? {
        guard var section = MappingDecoder(node, "rules entry", diagnostics) else { return nil }
        let (record, alert) = (section.string("record") ?? "", section.string("alert") ?? "")
        let name = record.isEmpty ? alert : record
        let place = name.isEmpty ? place : "\(place), \(quoted(name))"
        if record.isEmpty == alert.isEmpty {
            diagnostics.report(
                section.mark, "\(place): expected one of record and alert, found \(name.isEmpty ? "neither" : "both")")
        }
        checkExpression(&section, place)
        let ownLabels = labels(&section, "labels")
        let annotations = labels(&section, "annotations")
        let pending = ["for", "keep_firing_for"].filter { (section.duration($0) ?? 0) != 0 }
        if alert.isEmpty, !record.isEmpty {
            for key in pending + (annotations.isEmpty ? [] : ["annotations"]) {
                diagnostics.report(section.keyPlace(key), "\(place): \(key) means nothing in a recording rule")
            }
            if !isLegacyMetricName(record), record.contains("{") || record.contains("}") {
                diagnostics.report(
                    section.place("record"), "\(place): expected a metric name without braces, found \(quoted(record))")
            }
        }
        finish(section)
        return RuleFile.Rule(
            name: name, labels: common.merging(ownLabels) { _, own in own }, mark: section.mark)
    }

    private func checkExpression(_ section: inout MappingDecoder, _ place: String) {
        guard let text = section.string("expr"), !text.isEmpty else {
            return diagnostics.report(section.place("expr"), "\(place): expected an expression in expr, found none")
        }
        do throws(QueryError) {
            _ = try parse(text)
        } catch {
            diagnostics.report(section.place("expr"), "\(place): could not parse expression: \(error)")
        }
    }

    private func labels(_ section: inout MappingDecoder, _ key: String) -> [String: String] {
        var labels: [String: String] = [:]
        for entry in section.pairs(key) ?? [] {
            if entry.key.isEmpty || key == "labels" && entry.key == Labels.metricNameLabel {
                diagnostics.report(entry.keyMark, "\(quoted(entry.key)) cannot be a name in \(key)")
            }
            labels[entry.key] = section.scalar(entry.value, entry.key, "text")
        }
        return labels
    }

    private func finish(_ section: MappingDecoder) {
        if !ignoresUnknown { section.finish() }
    }
}
