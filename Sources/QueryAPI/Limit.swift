/// Bounds on what a client may send and on what is held for it.
enum Limit {
    /// A form sent as a request's body: 10 MiB, as much as Go's `net/http` takes.
    static let formBytes = 10 << 20
    /// Parameters in a form.
    static let formParameters = 10_000
    /// A single header field, the URL included. Long queries sent by GET need it: 1 MiB and 4 KiB, as for Go's `net/http`.
    static let headerFieldBytes = (1 << 20) + 4096
    /// All header fields together.
    static let headerBytes = (1 << 20) + 4096
    static let headerFields = 1000
    /// A remote-write request as it is sent: 32 MiB.
    static let writeBytes = 32 << 20
    /// A remote-write request after decompression: 32 MiB, Prometheus's bound.
    static let writeDecodedBytes = 32 << 20
    /// Samples in a remote-write request. 32 MiB of ordinary samples are about two million; only forged requests of
    /// empty messages have more.
    static let writeSamples = 4 << 20
    /// Native histograms, and exemplars, in a remote-write request: 32 MiB of ordinary ones are fewer.
    static let writeHistograms = 512 << 10
    static let writeExemplars = 512 << 10
    /// Strings of a remote-write 2.0 request.
    static let writeSymbols = 2 << 20
    /// What the labels and metadata of a remote-write 2.0 request take where they are written out, because few strings
    /// may be used by many series: 128 MiB.
    static let writeReferencedBytes = 128 << 20
    /// Names and values of an exemplar's labels, in characters: OpenMetrics' bound.
    static let exemplarLabelCharacters = 128
    /// A remote-read request as it is sent, and after decompression: 32 MiB, Prometheus's bound.
    static let readBytes = 32 << 20
    static let readDecodedBytes = 32 << 20
    /// The answer to a remote read that is not streamed, before compression: 1 GiB.
    static let readAnswerBytes = 1 << 30
    /// A label name or value in a remote-write request, and a metric's or a scope's name in an OTLP one: 64 KiB.
    static let writeLabelBytes = 64 << 10
    /// Series that the remote-write receiver knows by the bytes of their labels: 40 MB when full.
    static let writeCachedSeries = 1 << 20
    /// The attributes of a resource, a scope or a data point in an OTLP request, names and values together: 64 KiB.
    static let otlpAttributeBytes = 64 << 10
    /// What the labels of all samples of an OTLP request take, where each has its own: 1 GiB. 32 MiB of histograms of
    /// a hundred and sixty buckets have half of that.
    static let otlpLabelBytes = 1 << 30
    /// Rejected samples that an answer names.
    static let writeRejectionsNamed = 10
    /// The part of an answer that is written at a time.
    static let chunkBytes = 64 << 10
    /// Answers below this are not worth compressing: they fit one packet.
    static let compressBytesMin = 1400
    /// Warnings, and infos, that an answer lists.
    static let annotations = 10
    /// Points per series of a range query.
    static let rangePoints: Int64 = 11_000
    /// What `search[]` of the search endpoints looks for: every name is compared with each.
    static let searchTerms = 32
    static let searchTermBytes = 1 << 10
    /// Entries per list of `/api/v1/status/tsdb`.
    static let statisticsEntries = 10_000
}
