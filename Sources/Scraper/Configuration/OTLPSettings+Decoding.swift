import Model
import YAML

extension OTLPSettings {
    mutating func decode(_ node: YAMLNode, _ diagnostics: Diagnostics) {
        guard var section = MappingDecoder(node, "otlp", diagnostics) else { return }
        if let text = section.string("translation_strategy") {
            if let named = Translation(rawValue: text) {
                translation = named
            } else {
                let known = Translation.allCases.map(\.rawValue).joined(separator: ", ")
                diagnostics.report(
                    section.place("translation_strategy"),
                    "expected one of \(known) for translation_strategy, found \(quoted(text))")
            }
        }
        promotedAttributes = section.strings("promote_resource_attributes") ?? []
        promotesAllAttributes = section.bool("promote_all_resource_attributes") ?? false
        ignoredAttributes = section.strings("ignore_resource_attributes") ?? []
        keepsIdentifyingAttributes = section.bool("keep_identifying_resource_attributes") ?? false
        convertsHistograms = section.bool("convert_histograms_to_nhcb") ?? false
        promotesScope = section.bool("promote_scope_metadata") ?? false
        sanitizesLeadingUnderscores = section.bool("label_name_underscore_sanitization") ?? true
        keepsMultipleUnderscores = section.bool("label_name_preserve_multiple_underscores") ?? true
        checkAttributes(section, diagnostics)
        section.finish()
    }

    private func checkAttributes(_ section: MappingDecoder, _ diagnostics: Diagnostics) {
        if promotesAllAttributes, !promotedAttributes.isEmpty {
            diagnostics.report(
                section.place("promote_resource_attributes"),
                "'promote_all_resource_attributes' and 'promote_resource_attributes' cannot be configured simultaneously"
            )
        }
        if !promotesAllAttributes, !ignoredAttributes.isEmpty {
            diagnostics.report(
                section.place("ignore_resource_attributes"),
                "'ignore_resource_attributes' cannot be configured without 'promote_all_resource_attributes'")
        }
        for (key, list) in [
            ("promote_resource_attributes", promotedAttributes), ("ignore_resource_attributes", ignoredAttributes),
        ] {
            if list.contains("") { diagnostics.report(section.place(key), "empty resource attribute in \(key)") }
            if Set(list).count < list.count {
                diagnostics.report(section.place(key), "a resource attribute stands twice in \(key)")
            }
        }
    }
}
