/// Where the targets of a job come from besides its `static_configs`.
public enum DiscoveryConfiguration: Sendable, Equatable {
    case file(File)
    case http(HTTP)
    case dns(DNS)
    case docker(Docker)

    /// One entry of `file_sd_configs`.
    public struct File: Sendable, Equatable {
        /// Paths, each of which may have `*` in its last part.
        public var patterns: [String] = []
        public var refreshMs: Int64 = 300_000
    }

    /// One entry of `http_sd_configs`.
    public struct HTTP: Sendable, Equatable {
        public var url = ""
        public var refreshMs: Int64 = 60_000
        public var http = HTTPClientConfiguration()
    }

    /// One entry of `dns_sd_configs`.
    public struct DNS: Sendable, Equatable {
        public enum RecordType: String, Sendable, CaseIterable {
            case srv = "SRV"
            case a = "A"
            case aaaa = "AAAA"
            case mx = "MX"
            case ns = "NS"
        }

        public var names: [String] = []
        public var type = RecordType.srv
        /// Of the targets, where records have none: in all but SRV.
        public var port = 0
        public var refreshMs: Int64 = 30_000
    }

    /// One entry of `docker_sd_configs`.
    public struct Docker: Sendable, Equatable {
        /// A condition that containers must meet.
        public struct Filter: Sendable, Equatable {
            public var name: String
            public var values: [String]
        }

        /// The longest path of a socket that systems take, in bytes.
        static let socketPathBytesMax = 107

        /// Where the engine listens: a URL of scheme `unix`, `tcp`, `http` or `https`.
        public var host = ""
        /// Of containers without published or exposed TCP ports.
        public var port = 80
        /// The address of containers that are in the host's network.
        public var hostNetworkingHost = "localhost"
        /// Whether a container in several networks has targets in the first by name alone.
        public var takesFirstNetwork = true
        public var filters: [Filter] = []
        public var refreshMs: Int64 = 60_000
        /// How an engine behind `http` or `https` is asked.
        public var http = HTTPClientConfiguration()
    }

    /// How the server is asked that knows the targets; nil where there is none.
    public var http: HTTPClientConfiguration? {
        switch self {
        case .http(let source): source.http
        case .docker(let source): source.http
        case .file, .dns: nil
        }
    }
}
