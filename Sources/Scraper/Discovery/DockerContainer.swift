import Model

/// What an engine says of a container, as far as targets are made of it.
/// - Source: Docker Engine API, `GET /containers/json`.
struct DockerContainer: Decodable {
    struct Port: Decodable {
        enum CodingKeys: String, CodingKey {
            case ip = "IP"
            case inside = "PrivatePort"
            case outside = "PublicPort"
            case kind = "Type"
        }

        var ip: String?
        var inside: UInt16
        var outside: UInt16?
        var kind: String?
    }

    struct Endpoint: Decodable {
        enum CodingKeys: String, CodingKey {
            case networkID = "NetworkID"
            case ip = "IPAddress"
        }

        var networkID: String?
        var ip: String?
    }

    struct HostConfig: Decodable {
        enum CodingKeys: String, CodingKey { case networkMode = "NetworkMode" }

        var networkMode: String?
    }

    struct NetworkSettings: Decodable {
        enum CodingKeys: String, CodingKey { case networks = "Networks" }

        var networks: [String: Endpoint?]?
    }

    enum CodingKeys: String, CodingKey {
        case id = "Id"
        case names = "Names"
        case marks = "Labels"
        case ports = "Ports"
        case hostConfig = "HostConfig"
        case networkSettings = "NetworkSettings"
    }

    var id: String
    var names: [String]?
    /// Docker's labels.
    var marks: [String: String]?
    var ports: [Port]?
    var hostConfig: HostConfig?
    var networkSettings: NetworkSettings?

    var networkMode: String { hostConfig?.networkMode ?? "" }

    /// By name.
    var networks: [(name: String, endpoint: Endpoint)] {
        (networkSettings?.networks ?? [:]).compactMap { name, endpoint in endpoint.map { (name, $0) } }
            .sorted { byteOrder($0.name, $1.name) }
    }
}

/// What an engine says of a network.
/// - Source: Docker Engine API, `GET /networks`.
struct DockerNetwork: Decodable {
    enum CodingKeys: String, CodingKey {
        case id = "Id"
        case name = "Name"
        case scope = "Scope"
        case isInternal = "Internal"
        case isIngress = "Ingress"
        case marks = "Labels"
    }

    var id: String
    var name: String?
    var scope: String?
    var isInternal: Bool?
    var isIngress: Bool?
    /// Docker's labels.
    var marks: [String: String]?
}

extension DiscoveryConfiguration.Docker {
    /// The targets of an engine's running containers, each a group of its own.
    ///
    /// - Source: Prometheus 3.5, `discovery/moby`: a container has a target for each of its TCP ports in each of its
    ///   networks, and one of the default port where it has none.
    func groups(_ containers: [DockerContainer], _ networks: [DockerNetwork]) -> [TargetGroup] {
        let byID = Dictionary(containers.map { ($0.id, $0) }) { first, _ in first }
        let networkLabels = Dictionary(networks.map { ($0.id, $0.labels) }) { first, _ in first }
        return containers.flatMap { container -> [TargetGroup] in
            guard let common = container.labels else { return [] }
            var endpoints = shared(container, byID).map(\.endpoint)
            if takesFirstNetwork { endpoints = Array(endpoints.prefix(1)) }
            return endpoints.flatMap { endpoint -> [TargetGroup] in
                let ip = endpoint.ip ?? ""
                let labels =
                    common + [("__meta_docker_network_ip", ip)] + (networkLabels[endpoint.networkID ?? ""] ?? [])
                let ports = (container.ports ?? []).filter { $0.kind == "tcp" }
                if ports.isEmpty {
                    let isHost = container.networkMode == "host"
                    return [group(isHost ? hostNetworkingHost : address(ip, port), labels)]
                }
                return ports.map { group(address(ip, Int($0.inside)), labels + $0.labels) }
            }
        }
    }

    /// The networks of a container, or else of that whose network it shares.
    private func shared(
        _ container: DockerContainer, _ byID: [String: DockerContainer]
    ) -> [(name: String, endpoint: DockerContainer.Endpoint)] {
        var current = container
        // Each may share that of another; a ring of them has none.
        for _ in byID {
            let networks = current.networks
            guard networks.isEmpty, current.networkMode.hasPrefix("container:"),
                let next = byID[String(current.networkMode.dropFirst("container:".count))]
            else { return networks }
            current = next
        }
        return current.networks
    }

    private func address(_ ip: String, _ port: Int) -> String { ip.contains(":") ? "[\(ip)]:\(port)" : "\(ip):\(port)" }

    private func group(_ address: String, _ labels: [(String, String)]) -> TargetGroup {
        var builder = LabelsBuilder()
        for (name, value) in labels { builder.set(name, value) }
        return TargetGroup(targets: [address], labels: builder.labels())
    }
}

extension DockerContainer {
    /// Nil where it has no name.
    fileprivate var labels: [(String, String)]? {
        guard let name = names?.first else { return nil }
        return [
            ("__meta_docker_container_id", id), ("__meta_docker_container_name", name),
            ("__meta_docker_container_network_mode", networkMode),
        ] + named("__meta_docker_container_label_", marks)
    }
}

extension DockerContainer.Port {
    fileprivate var labels: [(String, String)] {
        let inside = [("__meta_docker_port_private", String(inside))]
        guard let outside, outside > 0 else { return inside }
        return inside + [("__meta_docker_port_public", String(outside)), ("__meta_docker_port_public_ip", ip ?? "")]
    }
}

extension DockerNetwork {
    fileprivate var labels: [(String, String)] {
        [
            ("__meta_docker_network_id", id), ("__meta_docker_network_name", name ?? ""),
            ("__meta_docker_network_scope", scope ?? ""),
            ("__meta_docker_network_internal", isInternal == true ? "true" : "false"),
            ("__meta_docker_network_ingress", isIngress == true ? "true" : "false"),
        ] + named("__meta_docker_network_label_", marks)
    }
}

/// Labels of Docker's, in names that Prometheus's labels can have.
private func named(_ prefix: String, _ labels: [String: String]?) -> [(String, String)] {
    (labels ?? [:]).sorted { byteOrder($0.key, $1.key) }.map { name, value in
        (name.unicodeScalars.reduce(into: prefix) { $0.unicodeScalars.append(isPlain($1) ? $1 : "_") }, value)
    }
}

private func isPlain(_ scalar: Unicode.Scalar) -> Bool {
    "a"..."z" ~= scalar || "A"..."Z" ~= scalar || "0"..."9" ~= scalar
}
