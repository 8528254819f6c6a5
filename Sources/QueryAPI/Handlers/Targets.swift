import Model

extension API {
    /// `/api/v1/targets`: what is scraped, and how it went.
    func targets(_ call: Call) async throws(APIError) -> Answer {
        let state = call.form["state"].lowercased()
        let pool = call.form["scrapePool"]
        let wantsAll = state == "" || state == "any"
        var active: [TargetStatus] = []
        if wantsAll || state == "active" {
            active = dependencies.targets.activeTargets().filter { pool.isEmpty || $0.scrapePool == pool }
        }
        if let external = options.externalURL {
            for index in active.indices {
                let url = external.replacingLocalhost(in: active[index].scrapeURL, ownPort: options.addresses[0].port)
                if let url { active[index].globalURL = url }
            }
        }
        let wantsDropped = wantsAll || state == "dropped"
        let dropped = wantsDropped ? dependencies.targets.droppedTargets() : []
        let pools = wantsDropped ? dependencies.targets.scrapePools() : nil
        return .data { [active] out in
            out.append("{\"activeTargets\":")
            out.appendJSONArray(active) { $0.appendTarget($1) }
            out.append(",\"droppedTargets\":")
            out.appendJSONArray(dropped.filter { pool.isEmpty || $0.scrapePool == pool }) { out, target in
                out.append("{\"discoveredLabels\":")
                out.appendJSONLabels(target.discoveredLabels)
                out.appendField("scrapePool", target.scrapePool)
                out.append("}")
            }
            out.append(",\"droppedTargetCounts\":")
            out.appendCounts(of: dropped, pools)
            out.append("}")
        }
    }

    /// `/api/v1/scrape_pools`: names of jobs.
    func scrapePools(_ call: Call) async throws(APIError) -> Answer {
        let pools = dependencies.targets.scrapePools()
        return .data { out in
            out.append("{\"scrapePools\":")
            out.appendJSONArray(pools) { $0.appendJSONString($1) }
            out.append("}")
        }
    }
}

extension [UInt8] {
    /// Appends per job how many of its targets were dropped; null where nobody asked for jobs.
    fileprivate mutating func appendCounts(of dropped: [DroppedTarget], _ pools: [String]?) {
        guard let pools else { return append("null") }
        var counts: [String: Int64] = [:]
        for target in dropped { counts[target.scrapePool, default: 0] += 1 }
        append("{")
        for (index, pool) in pools.enumerated() {
            if index > 0 { append(",") }
            appendJSONString(pool)
            append(":")
            appendDecimal(counts[pool] ?? 0)
        }
        append("}")
    }

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

    fileprivate mutating func appendField(_ name: String, _ value: String) {
        append(",")
        appendJSONString(name)
        append(":")
        appendJSONString(value)
    }
}
