import Model

extension API {
    /// `/api/v1/targets`: what is scraped, and how it went.
    func targets(_ call: Call) async throws(APIError) -> Answer {
        let state = call.form["state"].lowercased()
        let pool = call.form["scrapePool"]
        var active: [TargetStatus] = []
        if state == "" || state == "any" || state == "active" {
            active = dependencies.targets.activeTargets().filter { pool.isEmpty || $0.scrapePool == pool }
        }
        return .data { out in
            out.append("{\"activeTargets\":")
            out.appendJSONArray(active) { $0.appendTarget($1) }
            out.append(",\"droppedTargets\":[],\"droppedTargetCounts\":{}}")
        }
    }

    /// `/api/v1/scrape_pools`: names of jobs.
    func scrapePools(_ call: Call) async throws(APIError) -> Answer {
        let pools = Set(dependencies.targets.activeTargets().map(\.scrapePool)).sorted(by: byteOrder)
        return .data { out in
            out.append("{\"scrapePools\":")
            out.appendJSONArray(pools) { $0.appendJSONString($1) }
            out.append("}")
        }
    }
}

extension [UInt8] {
    fileprivate mutating func appendTarget(_ target: TargetStatus) {
        append("{\"discoveredLabels\":")
        appendJSONLabels(target.discoveredLabels)
        append(",\"labels\":")
        appendJSONLabels(target.labels)
        let fields: [(String, String)] = [
            ("scrapePool", target.scrapePool), ("scrapeUrl", target.scrapeURL), ("globalUrl", target.globalURL),
            ("lastError", target.lastError),
            // Go's zero time stands for "never".
            ("lastScrape", target.lastScrape.map(CivilTime.format) ?? "0001-01-01T00:00:00Z"),
        ]
        for (name, value) in fields { appendField(name, value) }
        append(",\"lastScrapeDuration\":")
        appendFloat(target.lastScrapeDurationSeconds, .json)
        appendField("health", target.health.rawValue)
        appendField("scrapeInterval", PrometheusDuration.format(target.scrapeIntervalMs))
        appendField("scrapeTimeout", PrometheusDuration.format(target.scrapeTimeoutMs))
        append("}")
    }

    private mutating func appendField(_ name: String, _ value: String) {
        append(",")
        appendJSONString(name)
        append(":")
        appendJSONString(value)
    }
}
