import Model

/// One step of `relabel_configs` or `metric_relabel_configs`.
public struct RelabelRule: Sendable {
    public enum Action: String, Sendable, CaseIterable {
        case replace, keep, drop, keepequal, dropequal, hashmod, labelmap, labeldrop, labelkeep, lowercase, uppercase
    }

    public var sourceLabels: [String] = []
    public var separator = ";"
    public var targetLabel = ""
    /// What `hashmod` divides by; 0 where it is not given.
    public var modulus: UInt64 = 0
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
        case .lowercase: labels.set(targetLabel, mapScalars(value) { lowercase($0) })
        case .uppercase: labels.set(targetLabel, mapScalars(value) { uppercase($0) })
        case .replace: replace(value, &labels)
        case .labelmap:
            labels.set(
                labels.labels().compactMap { label in
                    regex.expand(replacement, matching: label.name).map { Label(name: $0, value: label.value) }
                })
        case .labeldrop, .labelkeep:
            labels.removeAll { regex.matches($0.name) == (action == .labeldrop) }
        case .hashmod: labels.set(targetLabel, String(hash(value) % max(modulus, 1)))
        }
        return true
    }

    /// The last half of the value's MD5 digest as a number.
    private func hash(_ value: String) -> UInt64 {
        md5(Array(value.utf8)).suffix(8).reduce(0) { $0 << 8 | UInt64($1) }
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
            && a.modulus == b.modulus
    }
}

extension [RelabelRule] {
    /// Applies the rules in turn, until one drops what bears the labels.
    package func apply(_ labels: inout LabelsBuilder) -> Bool {
        for rule in self where !rule.apply(&labels) { return false }
        return true
    }
}

/// `text` with each scalar replaced by one other: Prometheus knows no mappings to several, such as that of ß to SS.
private func mapScalars(_ text: String, _ map: (Unicode.Scalar) -> Unicode.Scalar) -> String {
    var result = String.UnicodeScalarView()
    for scalar in text.unicodeScalars { result.append(map(scalar)) }
    return String(result)
}

private func lowercase(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
    scalar.properties.lowercaseMapping.unicodeScalars.first ?? scalar
}

private func uppercase(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
    // Where the upper case is of several scalars, the title case is the single one, if there is any.
    for mapping in [scalar.properties.uppercaseMapping, scalar.properties.titlecaseMapping] {
        if mapping.unicodeScalars.count == 1 { return mapping.unicodeScalars.first ?? scalar }
    }
    return scalar
}
