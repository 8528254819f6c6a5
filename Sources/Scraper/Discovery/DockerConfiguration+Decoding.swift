import Model
import YAML

extension DiscoveryConfiguration {
    static func decodeDocker(_ node: YAMLNode, _ folder: String, _ diagnostics: Diagnostics) -> Self? {
        guard var section = MappingDecoder(node, "docker_sd_configs entry", diagnostics) else { return nil }
        var docker = Docker()
        docker.host = section.engine()
        docker.port = section.count("port") ?? docker.port
        if docker.port > 65535 {
            diagnostics.report(section.place("port"), "expected a port of at most 65535, found \(docker.port)")
        }
        docker.hostNetworkingHost = section.string("host_networking_host") ?? docker.hostNetworkingHost
        docker.takesFirstNetwork = section.bool("match_first_network") ?? true
        for node in section.list("filters") ?? [] {
            guard var filter = MappingDecoder(node, "filters entry", diagnostics) else { continue }
            docker.filters.append(
                Docker.Filter(name: filter.string("name") ?? "", values: filter.strings("values") ?? []))
            filter.finish()
        }
        docker.refreshMs = section.interval("refresh_interval") ?? docker.refreshMs
        docker.http = .decode(&section, folder: folder)
        section.finish()
        return .docker(docker)
    }
}

extension MappingDecoder {
    /// Where a Docker engine listens.
    fileprivate mutating func engine() -> String {
        let text = string("host") ?? ""
        let path = text.hasPrefix("unix://") ? text.dropFirst("unix://".count) : ""
        if path.hasPrefix("/"), path.utf8.count <= DiscoveryConfiguration.Docker.socketPathBytesMax { return text }
        let isPlain = !text.contains("?") && !text.contains("#")
        if isPlain, let url = WebURL.checked(text, schemes: ["http", "https", "tcp"]) { return url }
        diagnostics.report(
            place("host"),
            text.isEmpty
                ? "host is missing in docker_sd_configs entry"
                : "expected unix:///var/run/docker.sock, or a URL such as http://localhost:2375, for host, found "
                    + WebURL.shown(text))
        return text
    }
}
