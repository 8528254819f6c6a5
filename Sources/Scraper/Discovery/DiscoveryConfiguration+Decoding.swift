import Model
import YAML

extension DiscoveryConfiguration {
    /// Prometheus's other kinds of discovery.
    private static let otherKinds = [
        "aws", "azure", "consul", "digitalocean", "dockerswarm", "ec2", "ecs", "elasticache", "eureka", "gce",
        "hetzner", "ionos", "kubernetes", "kuma", "lightsail", "linode", "marathon", "msk", "nerve", "nomad",
        "openstack", "outscale", "ovhcloud", "puppetdb", "rds", "scaleway", "serverset", "stackit", "triton", "uyuni",
        "vultr",
    ]

    /// What is nearer than a file where a kind of discovery is missing.
    private static let replacements = [
        "dockerswarm": "use docker_sd_configs with the engine of each node",
        "consul": "Consul answers DNS, so use dns_sd_configs with names such as NAME.service.consul",
        "kubernetes": "use dns_sd_configs with the name of a headless service, or list the targets in file_sd_configs",
        "nomad": "use dns_sd_configs where Nomad registers its services in Consul, or http_sd_configs",
        "puppetdb": "use http_sd_configs, or list the targets in file_sd_configs",
    ]

    /// All `*_sd_configs` of a job, of which those that cannot be used are reported.
    static func decode(_ section: inout MappingDecoder, folder: String) -> [Self] {
        let diagnostics = section.diagnostics
        var all = (section.list("file_sd_configs") ?? []).compactMap { decodeFile($0, folder, diagnostics) }
        all += (section.list("http_sd_configs") ?? []).compactMap { decodeHTTP($0, folder, diagnostics) }
        all += (section.list("dns_sd_configs") ?? []).compactMap { decodeDNS($0, diagnostics) }
        all += (section.list("docker_sd_configs") ?? []).compactMap { .decodeDocker($0, folder, diagnostics) }
        for kind in otherKinds {
            let key = kind + "_sd_configs"
            guard let node = section.node(key), !node.isEmpty else { continue }
            let hint =
                replacements[kind]
                ?? "list the targets in a file for file_sd_configs, or serve them for http_sd_configs"
            diagnostics.report(section.keyPlace(key), "\(key) is not supported: \(hint)")
        }
        return all
    }

    private static func decodeFile(_ node: YAMLNode, _ folder: String, _ diagnostics: Diagnostics) -> Self? {
        guard var section = MappingDecoder(node, "file_sd_configs entry", diagnostics) else { return nil }
        var file = File()
        for node in section.list("files") ?? [] {
            guard let pattern = section.scalar(node, "files", "a path") else { continue }
            let name = lastPart(ofPattern: pattern) ?? ""
            if ![".json", ".yml", ".yaml", ".JSON", ".YML", ".YAML"].contains(where: { name.hasSuffix($0) }) {
                diagnostics.report(
                    node.mark,
                    "path name \(quoted(pattern)) is not valid for file discovery: expected a name that ends in .json, "
                        + ".yml or .yaml, * in the last part of the path only, and complete brackets")
            }
            file.patterns.append(resolved(pattern, folder))
        }
        if file.patterns.isEmpty {
            diagnostics.report(
                section.place("files"), "file service discovery config must contain at least one path name")
        }
        file.refreshMs = section.interval("refresh_interval") ?? file.refreshMs
        section.finish()
        return .file(file)
    }

    private static func decodeHTTP(_ node: YAMLNode, _ folder: String, _ diagnostics: Diagnostics) -> Self? {
        guard var section = MappingDecoder(node, "http_sd_configs entry", diagnostics) else { return nil }
        var http = HTTP()
        let text = section.string("url") ?? ""
        if let url = WebURL.checked(text) {
            http.url = url
        } else {
            diagnostics.report(
                section.place("url"),
                text.isEmpty
                    ? "URL is missing in http_sd_configs entry"
                    : "expected a URL such as http://localhost:8000/targets for url, found \(WebURL.shown(text))")
        }
        http.refreshMs = section.interval("refresh_interval") ?? http.refreshMs
        http.http = .decode(&section, folder: folder)
        section.finish()
        return .http(http)
    }

    private static func decodeDNS(_ node: YAMLNode, _ diagnostics: Diagnostics) -> Self? {
        guard var section = MappingDecoder(node, "dns_sd_configs entry", diagnostics) else { return nil }
        var dns = DNS()
        dns.names = section.strings("names") ?? []
        if dns.names.isEmpty || dns.names.contains("") {
            diagnostics.report(section.place("names"), "DNS-SD config must contain at least one SRV record name")
        }
        if let text = section.string("type") {
            if let type = DNS.RecordType(rawValue: text.uppercased()) {
                dns.type = type
            } else {
                let known = DNS.RecordType.allCases.map(\.rawValue).joined(separator: ", ")
                diagnostics.report(
                    section.place("type"), "invalid DNS-SD records type \(quoted(text)); expected one of \(known)")
            }
        }
        let port = section.count("port")
        if port ?? 0 > 65535 {
            diagnostics.report(section.place("port"), "expected a port from 1 to 65535, found \(port ?? 0)")
        }
        if port ?? 0 == 0, dns.type != .srv {
            diagnostics.report(
                section.place("port"), "a port is required in DNS-SD configs for all record types except SRV")
        }
        dns.port = port ?? 0
        dns.refreshMs = section.interval("refresh_interval") ?? dns.refreshMs
        section.finish()
        return .dns(dns)
    }
}
