/// Where the targets of a job come from besides its `static_configs`.
public enum DiscoveryConfiguration: Sendable, Equatable {
    case file(File)
    case http(HTTP)
    case dns(DNS)

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
}
