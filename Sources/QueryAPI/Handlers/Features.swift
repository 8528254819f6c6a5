import Model

extension API {
    /// `/api/v1/features`: what clients may rely on, by area. Everything of the query language is on.
    func features(_ call: Call) async throws(APIError) -> Answer {
        let areas: [(String, [(String, Bool)])] = [
            (
                "api",
                [
                    ("admin", options.enableAdmin), ("exclude_alerts", true), ("label_values_match", true),
                    ("lifecycle", options.enableLifecycle), ("otlp_write_receiver", options.enableOTLPReceiver),
                    ("query_stats", true), ("remote_write_receiver", options.enableRemoteWriteReceiver),
                    ("search", true),
                    ("time_range_labels", true), ("time_range_series", true),
                ]
            ),
            (
                "promql",
                [
                    "anchored", "at_modifier", "bool", "by", "delayed_name_removal", "duration_expr",
                    "experimental_functions", "fill", "group_left", "group_right", "ignoring", "negative_offset",
                    "offset", "on", "per_query_lookback_delta", "per_step_stats", "smoothed", "subqueries",
                    "utf8_names",
                    "without",
                ].map { ($0, true) }
            ),
            ("tsdb", [("delete", true), ("exemplars", true), ("native_histograms", true), ("snapshot", true)]),
        ]
        return .data { out in
            out.append("{")
            for (index, area) in areas.enumerated() {
                if index > 0 { out.append(",") }
                out.appendJSONString(area.0)
                out.append(":{")
                for (index, feature) in area.1.enumerated() {
                    if index > 0 { out.append(",") }
                    out.appendJSONString(feature.0)
                    out += (feature.1 ? ":true" : ":false").utf8
                }
                out.append("}")
            }
            out.append("}")
        }
    }

    /// `/api/v1/status/tsdb/blocks`: the store's sealed blocks.
    func blocks(_ call: Call) async throws(APIError) -> Answer {
        let read = dependencies.blocks
        let blocks = try await onStorageThread { read() }
        return .data { out in
            out.append("{\"blocks\":")
            out.appendJSONArray(blocks) { $0.append($1) }
            out.append("}")
        }
    }
}

extension [UInt8] {
    /// Appends a block as the metadata of Prometheus's: whose `maxTime` is not in it.
    fileprivate mutating func append(_ block: StoredBlock) {
        append("{\"ulid\":")
        appendJSONString(block.id)
        append(",\"minTime\":")
        appendDecimal(block.minTimeMs)
        append(",\"maxTime\":")
        appendDecimal(block.maxTimeMs + 1)
        append(",\"stats\":{\"numSamples\":")
        appendDecimal(block.sampleCount)
        append(",\"numSeries\":")
        appendDecimal(Int64(block.seriesCount))
        append("},\"version\":1}")
    }
}
