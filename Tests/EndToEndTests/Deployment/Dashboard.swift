import TestSupport

/// What is looked at of a Grafana dashboard.
struct Dashboard {
    struct Target {
        var title: String
        var expression: String
        var isInstant: Bool
    }

    let panels: [JSONValue]
    private let variables: [JSONValue]

    init(_ file: String) throws {
        let json = try Repository.json("docker/grafana/dashboards/\(file)")
        panels = json["panels"]?.elements ?? []
        variables = json["templating"]?["list"]?.elements ?? []
    }

    static func all() throws -> [Dashboard] {
        try fileNames(Repository.path("docker/grafana/dashboards")).map { try Dashboard($0) }
    }

    var targets: [Target] {
        panels.flatMap { panel in
            (panel["targets"]?.elements ?? []).map { target in
                Target(
                    title: panel["title"]?.text ?? "", expression: target["expr"]?.text ?? "",
                    isInstant: target["instant"] == .bool(true))
            }
        }
    }

    /// The queries that give variables their values.
    var variableQueries: [String] { variables.compactMap { $0["definition"]?.text } }

    /// An expression with all values of the variables chosen, as Grafana sends it for half a minute at 500 ms' scrapes.
    ///
    /// - Parameter chosen: what is chosen of some variables.
    func substituted(_ expression: String, _ chosen: [String: String] = [:]) -> String {
        var values = [
            ("__rate_interval", "5s"), ("__interval_ms", "1000"), ("__interval", "1s"), ("__range", "30s"),
        ]
        for variable in variables {
            guard let name = variable["name"]?.text else { continue }
            let usual = variable["type"]?.text == "query" ? ".*" : variable["query"]?.text ?? ""
            values.append((name, chosen[name] ?? usual))
        }
        // The longest first, as one name may begin another.
        return values.sorted { $0.0.utf8.count > $1.0.utf8.count }.reduce(expression) {
            $0.replacing("$" + $1.0, with: $1.1)
        }
    }
}

extension JSONValue {
    private func place(_ name: String) -> Int {
        guard case .number(let number) = self["gridPos"]?[name] else { return 0 }
        return Int(number)
    }

    var column: Int { place("x") }
    var line: Int { place("y") }
    var width: Int { place("w") }
    var height: Int { place("h") }
}
