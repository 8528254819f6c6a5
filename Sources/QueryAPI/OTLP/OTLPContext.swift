import Model

/// What the labels of a data point depend on besides its own attributes.
struct OTLPContext {
    struct Scope {
        var name = ""
        var version = ""
        var schemaURL = ""
        var attributes = OTLPAttributes()
    }

    let resource: OTLPAttributes
    /// nil where scopes make no labels.
    var scope: Scope?
    let names: OTLPNames
    private let job: String?
    private let instance: String?

    init(resource: OTLPAttributes, scope: Scope?, names: OTLPNames) {
        self.resource = resource
        self.scope = scope
        self.names = names
        let namespace = resource["service.namespace"].map { $0 + "/" } ?? ""
        job = resource["service.name"].map { namespace + $0 }
        instance = resource["service.instance.id"]
    }

    /// The labels of a data point without its metric's name: its own attributes win over the resource's, and what names
    /// the target wins over both.
    func labels(_ attributes: OTLPAttributes) -> LabelsBuilder {
        var builder = joined(attributes.pairs)
        for (name, value) in promoted where builder[name] == nil { builder.set(name, value) }
        if let scope {
            builder.set("otel_scope_name", scope.name)
            builder.set("otel_scope_version", scope.version)
            builder.set("otel_scope_schema_url", scope.schemaURL)
            for pair in scope.attributes.pairs { builder.set(names.labelName("otel_scope_" + pair.name), pair.value) }
        }
        identify(&builder)
        return builder
    }

    /// The labels of `target_info`; nil where the resource has nothing to tell, or nothing to tell it of.
    func targetInfo() -> Labels? {
        let identifying = ["service.namespace", "service.name", "service.instance.id"]
        let told = resource.pairs.filter { !identifying.contains($0.name) }
        guard !told.isEmpty, job != nil || instance != nil else { return nil }
        var builder = joined(names.settings.keepsIdentifyingAttributes ? resource.pairs : told)
        identify(&builder)
        builder.set(Labels.metricNameLabel, "target_info")
        return builder.labels()
    }

    private func identify(_ builder: inout LabelsBuilder) {
        if let job { builder.set("job", job) }
        if let instance { builder.set("instance", instance) }
    }

    /// Values of attributes whose names become the same stand behind one another.
    private func joined(_ pairs: [(name: String, value: String)]) -> LabelsBuilder {
        var builder = LabelsBuilder()
        for pair in pairs {
            let name = names.labelName(pair.name)
            guard !name.isEmpty, name != Labels.metricNameLabel else { continue }
            builder.set(name, builder[name].map { $0 + ";" + pair.value } ?? pair.value)
        }
        return builder
    }

    private var promoted: [(name: String, value: String)] {
        let settings = names.settings
        if settings.promotesAllAttributes {
            return resource.pairs.filter { !settings.ignoredAttributes.contains($0.name) }
                .map { (names.labelName($0.name), $0.value) }
        }
        return settings.promotedAttributes.compactMap { name in
            resource[name].map { (names.labelName(name), $0) }
        }
    }
}
