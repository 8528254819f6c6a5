import WebConfig

/// How the server listens and what it allows. The defaults are Prometheus's.
public struct APIOptions: Sendable {
    /// One at least.
    public var addresses: [ListenAddress]
    /// Who may ask; nil where everybody may.
    public var access: WebAccess?
    /// Whether `/-/reload` and `/-/quit` are allowed.
    public var enableLifecycle = false
    /// Whether `/api/v1/admin/tsdb/…` may delete and copy.
    public var enableAdmin = false
    /// Whether `/api/v1/write` takes samples.
    public var enableRemoteWriteReceiver = false
    /// Whether `/api/v1/otlp/v1/metrics` takes samples.
    public var enableOTLPReceiver = false
    /// Clients that `/api/v1/notifications/live` serves at a time.
    public var notificationSubscribersMax = 16
    /// The most results that `/api/v1/search/…` gives for one request; 0 means any number.
    public var searchLimitMax = 10_000
    /// Samples of an answer to a remote read that is not streamed; 0 means any number.
    public var readSamplesMax = 50_000_000
    /// Remote reads answered at a time; further ones wait. 0 means any number.
    public var readConcurrencyMax = 10
    /// About what a frame of a streamed answer to a remote read may take.
    public var readFrameBytesMax = 1 << 20
    /// Connections held at a time, of each address; further ones wait to be accepted.
    public var connectionsMax = 512
    /// The longest that a request may take to arrive, a connection may be idle, and a client may take no byte of its
    /// answer.
    public var readTimeoutSeconds: Int64 = 300
    /// Queries evaluated at a time; further ones wait.
    public var queryConcurrencyMax = 20
    /// Regular expression of the origins that browsers may call the API from, anchored at both ends.
    public var corsOrigin = ".*"
    /// What comes before every path, such as `/prometheus`; empty where nothing does.
    public var routePrefix = ""
    /// Where the server is reached from outside; nil where that is not known.
    public var externalURL: ExternalURL?
    /// What browsers show as the page's title.
    public var pageTitle = "tsdb"

    public init(address: ListenAddress) {
        addresses = [address]
    }
}
