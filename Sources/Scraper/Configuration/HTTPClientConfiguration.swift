/// How a job's requests are made.
public struct HTTPClientConfiguration: Sendable, Equatable {
    public var basicAuth: BasicAuth?
    public var authorization: Authorization?
    public var oauth2: OAuth2?
    public var tls = TLS()
    public var followRedirects = true
    public var enableHTTP2 = true
    public var proxy = Proxy()
    /// Sent with every request, sorted by name.
    public var headers: [Header] = []

    public init() {}

    /// A secret as it is written, or the file that holds it, which is read for every request.
    public enum Secret: Sendable, Equatable {
        case text(String)
        case file(String)
    }

    public struct BasicAuth: Sendable, Equatable {
        public var username: Secret
        public var password: Secret
    }

    public struct Authorization: Sendable, Equatable {
        public var type: String
        public var credentials: Secret
    }

    /// A token that a server gives for the client's credentials.
    public struct OAuth2: Sendable, Equatable {
        public var clientID = ""
        public var clientSecret = Secret.text("")
        public var tokenURL = ""
        public var scopes: [String] = []
        /// Further parameters of the request for a token, sorted by name.
        public var parameters: [Header] = []
        public var tls = TLS()
        public var proxy = Proxy()
    }

    public struct TLS: Sendable, Equatable {
        /// Paths, read for every connection; empty where not given.
        public var caFile = ""
        public var certFile = ""
        public var keyFile = ""
        /// PEM texts in place of the files; empty where not given.
        public var ca = ""
        public var cert = ""
        public var key = ""
        /// The name that the server's certificate must have; empty for that in the URL.
        public var serverName = ""
        public var minVersion: Version?
        public var maxVersion: Version?
        public var insecureSkipVerify = false

        public enum Version: String, Sendable, CaseIterable {
            case tls10 = "TLS10"
            case tls11 = "TLS11"
            case tls12 = "TLS12"
            case tls13 = "TLS13"
        }
    }

    public struct Proxy: Sendable, Equatable {
        /// Empty where requests go straight to the target.
        public var url = ""
        /// Hosts, domains and networks that are reached without it, as they are written: with commas between them.
        public var exceptions = ""
        /// Whether `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` say what the proxy is.
        public var isFromEnvironment = false
        /// Sent to the proxy when it is asked for a connection.
        public var connectHeaders: [Header] = []
    }

    public struct Header: Sendable, Equatable {
        public var name: String
        public var values: [String]
        /// Files that hold further values, read for every request.
        public var files: [String] = []
    }
}
