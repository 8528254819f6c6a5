import Model

/// One entry of `remote_write`.
public struct RemoteWriteConfiguration: Sendable, Equatable {
    public enum Message: String, Sendable, CaseIterable {
        case v1 = "prometheus.WriteRequest"
        case v2 = "io.prometheus.write.v2.Request"
    }

    public var url = ""
    /// Empty where it is not given.
    public var name = ""
    public var message = Message.v1
    public var timeoutMs: Int64 = 30_000
    /// Sent with every request, sorted by name.
    public var headers: [HTTPClientConfiguration.Header] = []
    public var relabelRules: [RelabelRule] = []
    public var sendsExemplars = false
    public var sendsHistograms = false
    public var http = HTTPClientConfiguration()
    public var queue = Queue()
    public var metadata = Metadata()

    /// `queue_config`.
    public struct Queue: Sendable, Equatable {
        public var capacity = 10_000
        public var shardsMax = 50
        public var shardsMin = 1
        public var samplesPerSendMax = 2000
        public var batchSendDeadlineMs: Int64 = 5000
        public var backoffMinMs: Int64 = 30
        public var backoffMaxMs: Int64 = 5000
        public var retriesOn429 = false
        /// 0 where samples of any age are sent.
        public var sampleAgeLimitMs: Int64 = 0
    }

    /// `metadata_config`.
    public struct Metadata: Sendable, Equatable {
        public var isSent = true
        public var intervalMs: Int64 = 60_000
        public var samplesPerSendMax = 2000
    }

    /// What the receiver is known by in metrics, and its place in the store: its name, or else its URL without a password.
    public var identity: String { name.isEmpty ? shownURL : name }

    /// The URL without a password.
    public var shownURL: String { withoutPassword(url) }
}

/// One entry of `remote_read`.
public struct RemoteReadConfiguration: Sendable, Equatable {
    public var url = ""
    /// Empty where it is not given.
    public var name = ""
    public var timeoutMs: Int64 = 60_000
    /// Sent with every request, sorted by name.
    public var headers: [HTTPClientConfiguration.Header] = []
    /// Whether it is asked for times that this server has itself.
    public var readsRecent = false
    /// Equality matchers that a selector must have, or it is not asked; sorted by name.
    public var requiredMatchers = Labels.empty
    /// Whether selectors get this server's external labels, and series lose them.
    public var filtersExternalLabels = true
    public var http = HTTPClientConfiguration()

    public var identity: String { name.isEmpty ? withoutPassword(url) : name }
}
