import Model

/// What the search endpoints have in common.
struct SearchRequest: Sendable {
    enum Order: Sendable {
        case ascending, descending, score
    }

    var minTime: Int64
    var maxTime: Int64
    var selectors: [[Matcher]] = []
    var terms: SearchTerms
    var order = Order.ascending
    var includesScore: Bool
    var limit = 100
    var batchSize = 100

    private static let hourMs: Int64 = 3_600_000

    init(_ call: Call, _ api: API, endpoint: String) throws(APIError) {
        let form = call.form
        try form.requireWhole()
        let now = api.dependencies.clock.nowMs()
        minTime = try form.time("start") ?? now - SearchRequest.hourMs
        maxTime = try form.time("end") ?? now
        for text in form.all("match[]") { selectors.append(try api.selector(text, nil)) }
        let texts = form.all("search[]")
        guard texts.count <= Limit.searchTerms, texts.allSatisfy({ $0.utf8.count <= Limit.searchTermBytes }) else {
            throw .badData("search[] may be given \(Limit.searchTerms) times, each of \(Limit.searchTermBytes) bytes")
        }
        terms = SearchTerms(terms: texts)
        includesScore = try form.bool("include_score", otherwise: false)
        try readTerms(form)
        try readOrder(form, endpoint)
        limit = try form.positive("limit", otherwise: limit)
        if api.options.searchLimitMax > 0 { limit = min(limit, api.options.searchLimitMax) }
        batchSize = try form.positive("batch_size", otherwise: batchSize)
    }

    private mutating func readTerms(_ form: Form) throws(APIError) {
        if !form["fuzz_threshold"].isEmpty {
            guard let percent = Int(form["fuzz_threshold"]), (0...100).contains(percent) else {
                throw .badData("invalid fuzz_threshold \(quoted(form["fuzz_threshold"])): must be 0-100")
            }
            terms.threshold = Double(percent) / 100
        }
        if !form["fuzz_alg"].isEmpty {
            guard let algorithm = SearchTerms.Algorithm(rawValue: form["fuzz_alg"]) else {
                let known = SearchTerms.Algorithm.allCases.map(\.rawValue).joined(separator: " ")
                throw .badData("unsupported fuzz_alg \(quoted(form["fuzz_alg"])): must be one of [\(known)]")
            }
            terms.algorithm = algorithm
        }
        terms.isCaseSensitive = try form.bool("case_sensitive", otherwise: true)
    }

    private mutating func readOrder(_ form: Form, _ endpoint: String) throws(APIError) {
        let (by, direction) = (form["sort_by"], form["sort_dir"])
        guard direction.isEmpty || !by.isEmpty else { throw .badData("sort_dir is only valid when sort_by is set") }
        guard direction.isEmpty || by != "score" else { throw .badData("sort_dir is not supported for sort_by=score") }
        guard ["", "asc", "dsc"].contains(direction) else {
            throw .badData("invalid sort_dir \(quoted(direction)): must be \"asc\" or \"dsc\"")
        }
        guard by != "score" || !terms.terms.isEmpty else { throw .badData("sort_by=score requires search[] to be set") }
        guard ["", "alpha", "score"].contains(by) else {
            throw .badData("invalid sort_by \(quoted(by)) for \(endpoint): must be \"alpha\" or \"score\"")
        }
        order = by == "score" ? .score : direction == "dsc" ? .descending : .ascending
    }
}

extension Form {
    fileprivate func bool(_ name: String, otherwise: Bool) throws(APIError) -> Bool {
        if self[name].isEmpty { return otherwise }
        guard let value = goBoolean(self[name]) else {
            throw .badData("invalid \(name) \(quoted(self[name])): must be boolean")
        }
        return value
    }

    /// `otherwise` also where it is 0.
    fileprivate func positive(_ name: String, otherwise: Int) throws(APIError) -> Int {
        if self[name].isEmpty { return otherwise }
        guard let value = Int(self[name]), value >= 0 else {
            throw .badData("invalid \(name) \(quoted(self[name])): must be non-negative integer")
        }
        return value == 0 ? otherwise : value
    }

    /// Whether names come with what is known of their metrics.
    func includesMetadata() throws(APIError) -> Bool { try bool("include_metadata", otherwise: false) }
}
