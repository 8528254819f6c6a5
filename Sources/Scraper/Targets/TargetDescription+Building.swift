import Model

extension JobConfiguration {
    /// The targets of the job after relabelling, each once, with a reason for those that cannot be used, and the labels of
    /// those that relabelling drops.
    /// - Parameter discovered: what there is besides the job's own groups.
    func buildTargets(_ discovered: [TargetGroup] = []) -> (
        targets: [TargetDescription], problems: [String], dropped: [Labels]
    ) {
        var targets: [TargetDescription] = []
        var places: [TargetDescription.Identity: Int] = [:]
        var problems: [String] = []
        var problemCount = 0
        var dropped: [Labels] = []
        for group in targetGroups + discovered {
            for address in group.targets {
                switch build(address, group.labels) {
                case .success(.target(let target)):
                    // Of several that are the same, the last says what was discovered, as in Prometheus.
                    if let place = places.updateValue(targets.count, forKey: target.identity) {
                        places[target.identity] = place
                        targets[place].discoveredLabels = target.discoveredLabels
                    } else {
                        targets.append(target)
                    }
                case .success(.dropped(let discovered)): dropped.append(discovered)
                case .failure(let problem):
                    problemCount += 1
                    guard problems.count < JobConfiguration.problemsMax else { continue }
                    problems.append("target \(quoted(address)) of job \(quoted(name)): \(problem.reason)")
                }
            }
        }
        if problemCount > problems.count {
            problems.append("job \(quoted(name)): \(problemCount - problems.count) more of its targets")
        }
        return (targets, problems, dropped)
    }

    /// How many of a job's unusable targets are named.
    private static let problemsMax = 10

    private enum Built {
        case target(TargetDescription)
        /// Relabelling drops what bears these labels.
        case dropped(Labels)
    }

    private struct Problem: Error {
        let reason: String
    }

    /// - Source: Prometheus 3.5, `scrape.PopulateLabels`.
    private func build(_ address: String, _ groupLabels: Labels) -> Result<Built, Problem> {
        var builder = LabelsBuilder(groupLabels)
        builder.set("__address__", address)
        var defaults = [
            ("job", name), ("__scrape_interval__", PrometheusDuration.format(scrapeIntervalMs)),
            ("__scrape_timeout__", PrometheusDuration.format(scrapeTimeoutMs)), ("__metrics_path__", metricsPath),
            ("__scheme__", scheme),
        ]
        defaults += parameters.compactMap { parameter in
            parameter.values.first.map { ("__param_" + parameter.name, $0) }
        }
        for (name, value) in defaults where builder[name] == nil { builder.set(name, value) }
        let discovered = builder.labels()
        guard relabelRules.apply(&builder) else { return .success(.dropped(discovered)) }
        return finish(builder, discovered).map { .target($0) }
    }

    private func finish(_ relabelled: LabelsBuilder, _ discovered: Labels) -> Result<TargetDescription, Problem> {
        guard let address = relabelled["__address__"] else { return .failure(Problem(reason: "no address")) }
        if address.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7f || "/?#@\\".utf8.contains($0) }) {
            return .failure(Problem(reason: "\(quoted(address)) is not a valid hostname"))
        }
        let scheme = relabelled["__scheme__"] ?? ""
        guard scheme == "http" || scheme == "https" else {
            return .failure(Problem(reason: "expected http or https as __scheme__, found \(quoted(scheme))"))
        }
        let times = ["__scrape_interval__", "__scrape_timeout__"].map {
            PrometheusDuration.parse(relabelled[$0] ?? "") ?? 0
        }
        guard times.allSatisfy({ $0 > 0 && $0 <= 365 * 86_400_000 }) else {
            return .failure(
                Problem(reason: "expected durations from 1ms to 1y as __scrape_interval__ and __scrape_timeout__"))
        }
        guard times[1] <= times[0] else {
            return .failure(Problem(reason: "scrape timeout is greater than scrape interval"))
        }
        var final = LabelsBuilder()
        for label in relabelled.labels() where !label.name.hasPrefix("__") { final.set(label.name, label.value) }
        if final["instance"] == nil { final.set("instance", address) }
        let url = "\(scheme)://\(address)\(path(relabelled))"
        return .success(
            TargetDescription(
                discoveredLabels: discovered, labels: final.labels(), url: url, intervalMs: times[0],
                timeoutMs: times[1]))
    }

    /// The path and query of the URL: the job's parameters, the first value of each replaced by its `__param_` label.
    private func path(_ labels: LabelsBuilder) -> String {
        var values: [String: [String]] = [:]
        for parameter in parameters { values[parameter.name] = parameter.values }
        for label in labels.labels() where label.name.hasPrefix("__param_") {
            let name = String(label.name.dropFirst("__param_".count))
            values[name] = [label.value] + (values[name] ?? []).dropFirst()
        }
        let query = values.sorted { byteOrder($0.key, $1.key) }.flatMap { name, values in
            values.map { "\(percentEncoded(name))=\(percentEncoded($0))" }
        }
        var path = labels["__metrics_path__"] ?? ""
        if !path.hasPrefix("/") { path = "/" + path }
        path = escapedPath(path)
        return query.isEmpty ? path : path + (path.contains("?") ? "&" : "?") + query.joined(separator: "&")
    }
}

/// `text` with all but letters, digits and `-_.~` as percent escapes.
func percentEncoded(_ text: String) -> String {
    escaped(text) { byte in
        byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "z")
            || byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") || "-_.~".utf8.contains(byte)
    }
}

/// A path with what cannot stand in a request line as percent escapes.
private func escapedPath(_ text: String) -> String {
    escaped(text) { $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "#") }
}

private func escaped(_ text: String, _ isPlain: (UInt8) -> Bool) -> String {
    var result = ""
    for byte in text.utf8 {
        if isPlain(byte) {
            result.unicodeScalars.append(Unicode.Scalar(byte))
        } else {
            result += (byte < 16 ? "%0" : "%") + String(byte, radix: 16, uppercase: true)
        }
    }
    return result
}
