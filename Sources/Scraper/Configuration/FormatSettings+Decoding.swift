import Exposition
import Model
import YAML

extension MappingDecoder {
    /// The notations that targets are asked for; nil where nothing is said.
    mutating func scrapeProtocols() -> [ScrapeProtocol]? {
        guard let nodes = list("scrape_protocols") else { return nil }
        let protocols = nodes.compactMap { node -> ScrapeProtocol? in
            scalar(node, "scrape_protocols", "a scrape protocol").flatMap { word($0, node, "scrape_protocols") }
        }
        if nodes.isEmpty {
            diagnostics.report(place("scrape_protocols"), "scrape_protocols cannot be empty; leave the key out instead")
        }
        if Set(protocols).count < protocols.count {
            diagnostics.report(place("scrape_protocols"), "duplicated protocol in scrape_protocols")
        }
        return protocols
    }

    /// One of the words that `key` may have; an empty text is as none.
    mutating func word<Word: RawRepresentable & CaseIterable>(_ key: String) -> Word? where Word.RawValue == String {
        guard let node = node(key), let text = scalar(node, key, "a word"), !text.isEmpty else { return nil }
        return word(text, node, key)
    }

    private func word<Word: RawRepresentable & CaseIterable>(
        _ text: String, _ node: YAMLNode, _ key: String
    ) -> Word? where Word.RawValue == String {
        if let word = Word(rawValue: text) { return word }
        let words = Word.allCases.map(\.rawValue).joined(separator: ", ")
        diagnostics.report(node.mark, "expected one of \(words) for \(key), found \(quoted(text))")
        return nil
    }

    /// What is made of histograms.
    mutating func histograms(_ defaults: HistogramSettings) -> HistogramSettings {
        var settings = defaults
        settings.choice.takesNative = bool("scrape_native_histograms") ?? settings.choice.takesNative
        settings.choice.takesClassicToo = bool("always_scrape_classic_histograms") ?? settings.choice.takesClassicToo
        settings.choice.convertsClassic = bool("convert_classic_histograms_to_nhcb") ?? settings.choice.convertsClassic
        return settings
    }

    /// What bounds native histograms, of a job alone.
    mutating func bounds(of histograms: inout HistogramSettings) {
        histograms.bucketLimit = count("native_histogram_bucket_limit") ?? 0
        histograms.minBucketFactor = number("native_histogram_min_bucket_factor") ?? 0
    }

    /// Which names are taken. What is not said of a scheme of names follows from the other one.
    /// - Source: Prometheus 3.5, `config.ScrapeConfig.Validate`.
    mutating func names(_ defaults: NameSettings?) -> NameSettings {
        var settings = defaults ?? NameSettings()
        var ownScheme = false
        if let scheme: ValidationScheme = word("metric_name_validation_scheme") {
            settings.isLegacy = scheme == .legacy
            ownScheme = true
        }
        if let escaping: NameSettings.Escaping = word("metric_name_escaping_scheme") {
            settings.escaping = escaping
        } else if ownScheme {
            settings.escaping = settings.isLegacy ? .underscores : .none
        }
        if settings.isLegacy, settings.escaping == .none {
            diagnostics.report(
                place("metric_name_escaping_scheme"),
                "utf8 metric names requested but validation scheme is not set to UTF8")
        }
        return settings
    }
}

private enum ValidationScheme: String, CaseIterable {
    case utf8, legacy
}
