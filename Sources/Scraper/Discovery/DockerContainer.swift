import Model

/// What an engine says of a container, as far as targets are made of it. All of it may be missing or null, as for Go's
/// `encoding/json`.
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
        var inside: UInt16?
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

    var id: String?
    var names: [String?]?
    /// Docker's labels.
    var marks: [String: String?]?
    var ports: [Port?]?
    var hostConfig: HostConfig?
    var networkSettings: NetworkSettings?

    var networkMode: String { hostConfig?.networkMode ?? "" }

    /// The container whose network it shares; nil where it has its own.
    var host: String? {
        networkMode.hasPrefix("container:") ? String(networkMode.dropFirst("container:".count)) : nil
    }

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

    var id: String?
    var name: String?
    var scope: String?
    var isInternal: Bool?
    var isIngress: Bool?
    /// Docker's labels.
    var marks: [String: String?]?
}

extension DiscoveryConfiguration.Docker {
    /// What the labels of all targets may take: 64 MiB, as each port of a container has those of the container. A thousand
    /// containers with two ports and 30 labels have a fiftieth of it.
    static let labelBytesMax = 64 << 20

    /// The targets of an engine's running containers, each a group of its own.
    ///
    /// - Source: Prometheus 3.5, `discovery/moby`: a container has a target for each of its TCP ports in each of its
    ///   networks, and one of the default port where it has none.
    func groups(_ containers: [DockerContainer], _ networks: [DockerNetwork]) throws(TargetTextError) -> [TargetGroup] {
        var shared = SharedNetworks(containers)
        let networkLabels = Dictionary(networks.map { ($0.id ?? "", $0.labels) }) { first, _ in first }
        var groups: [TargetGroup] = []
        var bytesLeft = Self.labelBytesMax
        for container in containers {
            guard let common = container.labels else { continue }
            let ports = container.tcpPorts
            let endpoints = shared.networks(of: container)
            for endpoint in takesFirstNetwork ? endpoints.prefix(1) : endpoints[...] {
                var labels = common.setting(encoded([("__meta_docker_network_ip", endpoint.ip ?? "")]))
                if let network = networkLabels[endpoint.networkID ?? ""] { labels = labels.setting(network.encoded) }
                for port in ports {
                    let group = group(container, endpoint, port, labels)
                    bytesLeft -= group.labels.encoded.count
                    guard bytesLeft >= 0 else { throw .tooManyLabels(container) }
                    groups.append(group)
                }
            }
        }
        return groups
    }

    private func group(
        _ container: DockerContainer, _ endpoint: DockerContainer.Endpoint, _ port: DockerContainer.Port?,
        _ labels: Labels
    ) -> TargetGroup {
        let ip = endpoint.ip ?? ""
        guard let port else {
            let isHost = container.networkMode == "host"
            return TargetGroup(targets: [isHost ? hostNetworkingHost : address(ip, self.port)], labels: labels)
        }
        return TargetGroup(targets: [address(ip, Int(port.inside ?? 0))], labels: labels.setting(encoded(port.labels)))
    }

    private func address(_ ip: String, _ port: Int) -> String { ip.contains(":") ? "[\(ip)]:\(port)" : "\(ip):\(port)" }
}

extension TargetTextError {
    fileprivate static func tooManyLabels(_ container: DockerContainer) -> TargetTextError {
        let bytesMax = DiscoveryConfiguration.Docker.labelBytesMax
        return TargetTextError(
            reason:
                "the engine's containers make targets with more than \(bytesMax >> 20) MiB of labels, the last of them "
                + "of container \(quoted(container.id ?? "")); leave containers out by filters")
    }
}

/// Where the networks of containers are that share those of others.
private struct SharedNetworks {
    private let byID: [String: DockerContainer]
    /// Of the containers whose networks were looked for; empty of those in a ring.
    private var known: [String: [DockerContainer.Endpoint]] = [:]

    init(_ containers: [DockerContainer]) {
        byID = Dictionary(containers.map { ($0.id ?? "", $0) }) { first, _ in first }
    }

    /// The networks of a container, or else of that whose network it shares, by name.
    mutating func networks(of container: DockerContainer) -> [DockerContainer.Endpoint] {
        let own = container.networks.map(\.endpoint)
        if !own.isEmpty { return own }
        var (host, chain, found) = (container.host, [] as [String], own)
        while let id = host, let next = byID[id], found.isEmpty {
            if let before = known[id] {
                found = before
                break
            }
            known[id] = []
            chain.append(id)
            found = next.networks.map(\.endpoint)
            host = next.host
        }
        for id in chain { known[id] = found }
        return found
    }
}

extension DockerContainer {
    /// Nil, for the default port, where there is none.
    fileprivate var tcpPorts: [Port?] {
        let found = (ports ?? []).filter { $0?.kind == "tcp" }
        return found.isEmpty ? [nil] : found
    }

    /// Nil where it has no name.
    fileprivate var labels: Labels? {
        guard let name = names?.first else { return nil }
        let own: [(name: String, value: String)] = [
            ("__meta_docker_container_id", id ?? ""), ("__meta_docker_container_name", name ?? ""),
            ("__meta_docker_container_network_mode", networkMode),
        ]
        return Labels(own + named("__meta_docker_container_label_", marks))
    }
}

extension DockerContainer.Port {
    /// Sorted by name.
    fileprivate var labels: [(name: String, value: String)] {
        let inside = [(name: "__meta_docker_port_private", value: String(inside ?? 0))]
        guard let outside, outside > 0 else { return inside }
        return inside + [("__meta_docker_port_public", String(outside)), ("__meta_docker_port_public_ip", ip ?? "")]
    }
}

extension DockerNetwork {
    fileprivate var labels: Labels {
        let own: [(name: String, value: String)] = [
            ("__meta_docker_network_id", id ?? ""), ("__meta_docker_network_name", name ?? ""),
            ("__meta_docker_network_scope", scope ?? ""),
            ("__meta_docker_network_internal", isInternal == true ? "true" : "false"),
            ("__meta_docker_network_ingress", isIngress == true ? "true" : "false"),
        ]
        return Labels(own + named("__meta_docker_network_label_", marks))
    }
}

/// Labels of Docker's, in names that Prometheus's labels can have.
private func named(_ prefix: String, _ labels: [String: String?]?) -> [(name: String, value: String)] {
    (labels ?? [:]).sorted { byteOrder($0.key, $1.key) }.map { name, value in
        (name.unicodeScalars.reduce(into: prefix) { $0.unicodeScalars.append(isPlain($1) ? $1 : "_") }, value ?? "")
    }
}

/// `labels`, which are sorted by name, in the layout of ``Labels/encoded``, empty values too.
private func encoded(_ labels: [(name: String, value: String)]) -> [UInt8] {
    labels.reduce(into: []) { bytes, label in
        bytes.appendLabelString(label.name)
        bytes.appendLabelString(label.value)
    }
}

private func isPlain(_ scalar: Unicode.Scalar) -> Bool {
    "a"..."z" ~= scalar || "A"..."Z" ~= scalar || "0"..."9" ~= scalar
}
