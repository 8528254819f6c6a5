import Exposition
import Model
import YAML

extension MappingDecoder {
    /// The notations that targets are asked for; nil where nothing is said.
    mutating func scrapeProtocols() -> [ScrapeProtocol]? {
        guard let nodes = list("scrape_protocols") else { return nil }
        let protocols = nodes.compactMap { scrapeProtocol($0, "scrape_protocols") }
        if nodes.isEmpty {
            diagnostics.report(place("scrape_protocols"), "scrape_protocols cannot be empty; leave the key out instead")
        }
        if Set(protocols).count < protocols.count {
            diagnostics.report(place("scrape_protocols"), "duplicated protocol in scrape_protocols")
        }
        return protocols
    }

    /// One of the notations by name.
    func scrapeProtocol(_ node: YAMLNode, _ key: String) -> ScrapeProtocol? {
        guard let name = scalar(node, key, "a scrape protocol") else { return nil }
        return word(name, node, key)
    }

    /// One of the words that `key` may have.
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
        guard let node = node("native_histogram_min_bucket_factor"),
            let text = scalar(node, "native_histogram_min_bucket_factor", "a number")
        else { return }
        var copy = text
        if let factor = copy.withUTF8({ parseNumber($0) }), factor.isFinite {
            histograms.minBucketFactor = factor
        } else {
            diagnostics.report(
                node.mark, "expected a number for native_histogram_min_bucket_factor, found \(quoted(text))")
        }
    }

    /// Which names are taken. What is not said of a scheme of names follows from the other one.
    /// - Source: Prometheus 3.5, `config.ScrapeConfig.Validate`.
    mutating func names(_ defaults: NameSettings?) -> NameSettings {
        var settings = defaults ?? NameSettings()
        var ownScheme = false
        if let node = node("metric_name_validation_scheme"),
            let text = scalar(node, "metric_name_validation_scheme", "utf8 or legacy"),
            let scheme: ValidationScheme = word(text, node, "metric_name_validation_scheme")
        {
            settings.isLegacy = scheme == .legacy
            ownScheme = true
        }
        if let node = node("metric_name_escaping_scheme"),
            let text = scalar(node, "metric_name_escaping_scheme", "an escaping scheme"),
            let escaping: NameSettings.Escaping = word(text, node, "metric_name_escaping_scheme")
        {
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
