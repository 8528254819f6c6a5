import Model

/// How federated samples are written, and how names that old readers do not know.
struct FederationFormat: Equatable {
    enum Notation: Equatable {
        case text
        /// Length-delimited messages, the one notation that native histograms have.
        case protobuf
    }

    /// What becomes of characters of names beyond `[a-zA-Z0-9_:]`.
    enum Escaping: String, CaseIterable {
        case allowUTF8 = "allow-utf-8"
        case underscores, dots, values
    }

    var notation = Notation.text
    var escaping = Escaping.underscores

    /// The format that a reader's `Accept` asks for; text where it names none that is known.
    /// - Source: Prometheus 3.5, found by asking it; it knows neither OpenMetrics nor text 1.0.0 here.
    init(accept: String) {
        for range in sortedRanges(accept) {
            if let scheme = range["escaping"].flatMap(Escaping.init) { escaping = scheme }
            let version = range["version"] ?? ""
            switch range[""] {
            case "application/vnd.google.protobuf"
            where range["proto"] == "io.prometheus.client.MetricFamily" && range["encoding"] == "delimited":
                notation = .protobuf
                return
            case "text/plain" where version.isEmpty || version == "0.0.4": return
            default: break
            }
        }
    }

    var contentType: String {
        let type =
            switch notation {
            case .text: "text/plain; version=0.0.4; charset=utf-8"
            case .protobuf:
                "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"
            }
        return type + "; escaping=" + escaping.rawValue
    }

    /// `name`, of a metric or a label, as it is written.
    func escaped(_ name: String) -> String {
        if isLegacyMetricName(name) { return name }
        return switch escaping {
        case .allowUTF8: name
        case .underscores: escapedName(name) { _ in "_" }
        case .values: valuesEscapedName(name)
        case .dots: escapedName(name, underscore: "__") { $0 == "." ? "_dot_" : "__" }
        }
    }
}

/// The media ranges of an `Accept`, the most wanted first: the type under the empty name, and parameters by theirs.
private func sortedRanges(_ accept: String) -> [[String: String]] {
    let ranges = accept.split(separator: ",").prefix(64).map { text -> [String: String] in
        var range: [String: String] = [:]
        for (index, part) in text.split(separator: ";").enumerated() {
            let pair = part.split(separator: "=", maxSplits: 1).map { $0.filter { $0 != " " && $0 != "\t" } }
            if index == 0 { range[""] = pair.first?.lowercased() } else { range[pair.first ?? ""] = pair.last }
        }
        return range
    }
    func quality(_ range: [String: String]) -> Double { range["q"].flatMap { Double($0) } ?? 1 }
    return ranges.enumerated().sorted { a, b in
        let (x, y) = (quality(a.element), quality(b.element))
        return x == y ? a.offset < b.offset : x > y
    }.map(\.element)
}
