import Model

/// One step of `relabel_configs` or `metric_relabel_configs`.
public struct RelabelRule: Sendable {
    public enum Action: String, Sendable, CaseIterable {
        case replace, keep, drop, keepequal, dropequal, hashmod, labelmap, labeldrop, labelkeep, lowercase, uppercase
    }

    public var sourceLabels: [String] = []
    public var separator = ";"
    public var targetLabel = ""
    public var regex: RegularExpression
    public var replacement = "$1"
    public var action = Action.replace

    public static let defaultRegex = "(.*)"

    public init(regex: RegularExpression) { self.regex = regex }

    /// Applies the rule.
    /// - Returns: whether what bears the labels is kept.
    /// - Source: Prometheus 3.5, `model/relabel`.
    func apply(_ labels: inout LabelsBuilder) -> Bool {
        let value = sourceLabels.map { labels[$0] ?? "" }.joined(separator: separator)
        switch action {
        case .keep: return regex.matches(value)
        case .drop: return !regex.matches(value)
        case .keepequal: return (labels[targetLabel] ?? "") == value
        case .dropequal: return (labels[targetLabel] ?? "") != value
        case .lowercase: labels.set(targetLabel, value.lowercased())
        case .uppercase: labels.set(targetLabel, value.uppercased())
        case .replace: replace(value, &labels)
        case .labelmap:
            for label in labels.labels() {
                if let name = regex.expand(replacement, matching: label.name) { labels.set(name, label.value) }
            }
        case .labeldrop, .labelkeep:
            for label in labels.labels() where regex.matches(label.name) == (action == .labeldrop) {
                labels.remove(label.name)
            }
        // Refused when the configuration is read.
        case .hashmod: break
        }
        return true
    }

    private func replace(_ value: String, _ labels: inout LabelsBuilder) {
        guard let name = regex.expand(targetLabel, matching: value), !name.isEmpty,
            let result = regex.expand(replacement, matching: value)
        else { return }
        labels.set(name, result)
    }
}

extension RelabelRule: Equatable {
    public static func == (a: RelabelRule, b: RelabelRule) -> Bool {
        a.sourceLabels == b.sourceLabels && a.separator == b.separator && a.targetLabel == b.targetLabel
            && a.regex.pattern == b.regex.pattern && a.replacement == b.replacement && a.action == b.action
    }
}

extension [RelabelRule] {
    /// Applies the rules in turn, until one drops what bears the labels.
    package func apply(_ labels: inout LabelsBuilder) -> Bool {
        for rule in self where !rule.apply(&labels) { return false }
        return true
    }
}
