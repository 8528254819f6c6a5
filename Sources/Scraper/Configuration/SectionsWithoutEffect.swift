import Model
import YAML

/// Sections that Prometheus has and this server does not act on. They are read all the same, so that a fault in one is
/// found here too.
extension MappingDecoder {
    mutating func takeSectionsWithoutEffect(folder: String) {
        if let node = node("rule_files"), !node.isEmpty {
            diagnostics.report(
                keyPlace("rule_files"),
                "section rule_files cannot be used: rule evaluation is not supported yet; remove the section to use the "
                    + "rest of the file")
        }
        take("alerting", "it has no effect, as there are no alerting rules") { $0.takeAlerting(folder) }
        take("runtime", "it has no effect; its settings are of Go programs") { _ = $0.integer("gogc") }
        take("tracing", "it has no effect; this server sends no traces") { $0.takeTracing(folder) }
    }

    private mutating func take(_ key: String, _ reason: String, _ body: (inout MappingDecoder) -> Void) {
        guard let node = node(key), var section = MappingDecoder(node, key, diagnostics) else { return }
        if !node.isEmpty { diagnostics.warn(keyPlace(key), "section \(key) is ignored: \(reason)") }
        body(&section)
        section.finish()
    }

    private mutating func takeAlerting(_ folder: String) {
        _ = relabelRules("alert_relabel_configs")
        for node in list("alertmanagers") ?? [] {
            guard var section = MappingDecoder(node, "alertmanagers entry", diagnostics) else { continue }
            _ = section.duration("timeout")
            for key in ["scheme", "path_prefix"] { _ = section.string(key) }
            if let version = section.string("api_version"), version != "v2" {
                diagnostics.report(
                    section.place("api_version"), "expected v2 for api_version, found \(quoted(version))")
            }
            _ = section.node("sigv4")
            _ = HTTPClientConfiguration.decode(&section, folder: folder)
            _ = section.targetGroups(areAddresses: section.relabelRules("relabel_configs").isEmpty)
            _ = DiscoveryConfiguration.decode(&section, folder: folder)
            _ = section.relabelRules("alert_relabel_configs")
            section.finish()
        }
    }

    private mutating func takeTracing(_ folder: String) {
        if (string("endpoint") ?? "").isEmpty { diagnostics.report(place("endpoint"), "tracing endpoint must be set") }
        for (key, words) in [("client_type", ["http", "grpc"]), ("compression", ["gzip"])] {
            guard let text = string(key), !words.contains(text) else { continue }
            diagnostics.report(
                place(key), "expected \(words.joined(separator: " or ")) for \(key), found \(quoted(text))")
        }
        _ = number("sampling_fraction")
        _ = bool("insecure")
        _ = duration("timeout")
        _ = headers("headers", "tracing")
        if let node = node("tls_config") { _ = HTTPClientConfiguration.decodeTLS(node, folder, diagnostics) }
    }

    /// A whole number, which may be negative.
    mutating func integer(_ key: String) -> Double? {
        guard let number = number(key) else { return nil }
        if number == number.rounded() { return number }
        diagnostics.report(place(key), "expected a whole number for \(key), found \(number)")
        return nil
    }
}
