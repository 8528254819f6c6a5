import Model

/// What the labels of a data point depend on besides its own attributes.
///
/// Labels are in the layout of ``Labels/encoded`` and made once for a resource and a scope, since a request may have a
/// million data points below one of either.
struct OTLPContext {
    struct Scope {
        var name = ""
        var version = ""
        var schemaURL = ""
        var attributes = OTLPAttributes()

        var fault: String? {
            guard max(name.utf8.count, version.utf8.count, schemaURL.utf8.count) <= Limit.writeLabelBytes else {
                return "its name, version or schema is longer than \(Limit.writeLabelBytes) bytes"
            }
            return attributes.fault
        }
    }

    let resource: OTLPAttributes
    let names: OTLPNames
    /// What the resource lends to its data points.
    private let promoted: Labels
    /// What of the scope wins over that and over a data point's own attributes.
    private var scoped: [UInt8] = []
    /// What names the target, and wins over all.
    private let identity: [UInt8]
    private let isIdentified: Bool

    init(resource: OTLPAttributes, names: OTLPNames) {
        self.resource = resource
        self.names = names
        let namespace = resource["service.namespace"].map { $0 + "/" } ?? ""
        let job = resource["service.name"].map { namespace + $0 }
        let instance = resource["service.instance.id"]
        isIdentified = job != nil || instance != nil
        identity = encoded(
            [("instance", instance), ("job", job)].compactMap { name, value in value.map { (name, $0) } })
        promoted = Labels(encoded: encoded(names.promoted(of: resource)))
    }

    /// - Parameter scope: nil where it makes no labels.
    mutating func setScope(_ scope: Scope?) {
        guard let scope else { return scoped = [] }
        let fixed = [
            ("otel_scope_name", scope.name), ("otel_scope_version", scope.version),
            ("otel_scope_schema_url", scope.schemaURL),
        ]
        let all = fixed + scope.attributes.pairs.map { (names.labelName("otel_scope_" + $0.name), $0.value) }
        // Of those of one name the last counts.
        scoped = encoded(
            sortedByName(all).reduce(into: []) { unique, pair in
                if unique.last?.name == pair.name { unique.removeLast() }
                unique.append(pair)
            })
    }

    /// The labels of a data point without its metric's name: its own attributes win over the resource's, and what names
    /// the target wins over both.
    func labels(_ attributes: OTLPAttributes) -> Labels {
        promoted.setting(encoded(names.joined(attributes.pairs))).setting(scoped).setting(identity)
    }

    /// The labels of `target_info`; nil where the resource has nothing to tell, or nothing to tell it of.
    func targetInfo() -> Labels? {
        let identifying = ["service.namespace", "service.name", "service.instance.id"]
        let told = resource.pairs.filter { !identifying.contains($0.name) }
        guard !told.isEmpty, isIdentified else { return nil }
        let joined = names.joined(names.settings.keepsIdentifyingAttributes ? resource.pairs : told)
        return Labels(encoded: encoded(joined)).setting(identity).setting(
            encoded([(Labels.metricNameLabel, "target_info")]))
    }
}

extension OTLPNames {
    /// Labels with the names that attributes get, sorted, none empty. Values of attributes whose names become the same
    /// stand behind one another.
    fileprivate func joined(_ pairs: [(name: String, value: String)]) -> [(name: String, value: String)] {
        var labels: [(name: String, value: String)] = []
        for pair in sortedByName(pairs.map { (labelName($0.name), $0.value) }) {
            guard !pair.name.isEmpty, pair.name != Labels.metricNameLabel else { continue }
            if let last = labels.indices.last, labels[last].name == pair.name {
                labels[last].value += labels[last].value.isEmpty ? pair.value : ";" + pair.value
            } else {
                labels.append(pair)
            }
        }
        return labels.filter { !$0.value.isEmpty }
    }

    /// The labels that all data points of a resource have from it, sorted, none empty; of two of one name the first.
    fileprivate func promoted(of resource: OTLPAttributes) -> [(name: String, value: String)] {
        var pairs = resource.pairs.filter { !settings.ignoredAttributes.contains($0.name) }
        if !settings.promotesAllAttributes {
            pairs = settings.promotedAttributes.compactMap { name in resource[name].map { (name, $0) } }
        }
        let labels = pairs.map { (labelName($0.name), $0.value) }.filter { !$0.0.isEmpty && !$0.1.isEmpty }
        return sortedByName(labels).reduce(into: []) { unique, pair in
            if unique.last?.name != pair.name { unique.append(pair) }
        }
    }
}

/// `pairs` in the layout of ``Labels/encoded``, empty values too.
private func encoded(_ pairs: [(name: String, value: String)]) -> [UInt8] {
    var bytes: [UInt8] = []
    for pair in pairs {
        bytes.appendLabelString(pair.name)
        bytes.appendLabelString(pair.value)
    }
    return bytes
}
