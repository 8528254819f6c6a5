import Model

extension YAMLWriter {
    mutating func discoveries(_ all: [DiscoveryConfiguration]) {
        let files = all.compactMap { if case .file(let file) = $0 { file } else { nil } }
        list("file_sd_configs", files) { writer, file in
            writer.list("files", file.patterns)
            writer.value("refresh_interval", PrometheusDuration.format(file.refreshMs))
        }
        let servers = all.compactMap { if case .http(let http) = $0 { http } else { nil } }
        list("http_sd_configs", servers) { writer, http in
            writer.value("url", withoutPassword(http.url))
            writer.value("refresh_interval", PrometheusDuration.format(http.refreshMs))
            writer.http(http.http)
        }
        let engines = all.compactMap { if case .docker(let docker) = $0 { docker } else { nil } }
        list("docker_sd_configs", engines) { writer, docker in
            writer.value("host", withoutPassword(docker.host))
            writer.value("port", docker.port)
            writer.list("filters", docker.filters) { writer, filter in
                writer.value("name", filter.name)
                writer.list("values", filter.values)
            }
            writer.value("host_networking_host", docker.hostNetworkingHost)
            writer.value("refresh_interval", PrometheusDuration.format(docker.refreshMs))
            writer.value("match_first_network", docker.takesFirstNetwork)
            writer.http(docker.http)
        }
        let names = all.compactMap { if case .dns(let dns) = $0 { dns } else { nil } }
        list("dns_sd_configs", names) { writer, dns in
            writer.list("names", dns.names)
            writer.value("refresh_interval", PrometheusDuration.format(dns.refreshMs))
            writer.value("type", dns.type.rawValue)
            writer.value("port", dns.port)
        }
    }
}
