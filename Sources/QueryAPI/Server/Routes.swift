import HTTPTypes

extension RouteTable {
    /// Every path of the server.
    static let all = RouteTable([
        Route("/api/v1/query", [.get, .post], API.query),
        Route("/api/v1/query_range", [.get, .post], API.queryRange),
        Route("/api/v1/query_exemplars", [.get, .post], API.exemplars),
        Route("/api/v1/format_query", [.get, .post], API.formatQuery),
        Route("/api/v1/parse_query", [.get, .post], API.parseQuery),
        Route("/api/v1/labels", [.get, .post], API.labelNames),
        Route("/api/v1/label/:name/values", [.get], API.labelValues),
        Route("/api/v1/series", [.get, .post, .delete], API.series),
        Route("/api/v1/metadata", [.get], API.metadata),
        Route("/api/v1/rules", [.get], API.rules),
        Route("/api/v1/alerts", [.get], API.alerts),
        Route("/api/v1/alertmanagers", [.get], API.alertmanagers),
        Route("/api/v1/notifications", [.get], API.notifications),
        Route("/api/v1/targets", [.get], API.targets),
        Route("/api/v1/scrape_pools", [.get], API.scrapePools),
        Route("/api/v1/status/buildinfo", [.get], API.buildInfo),
        Route("/api/v1/status/runtimeinfo", [.get], API.runtimeInfo),
        Route("/api/v1/status/config", [.get], API.configuration),
        Route("/api/v1/status/flags", [.get], API.flags),
        Route("/api/v1/status/tsdb", [.get], API.storageStatus),
        Route("/api/v1/status/walreplay", [.get], API.journalReplay),
        Route("/api/v1/admin/tsdb/delete_series", [.post, .put], API.deleteSeries),
        Route("/api/v1/admin/tsdb/clean_tombstones", [.post, .put], API.cleanTombstones),
        Route("/api/v1/admin/tsdb/snapshot", [.post, .put], API.snapshot),
        Route(RemoteWriteReceiver.path, [.post], API.write),
        Route("/-/healthy", [.get, .head], API.healthy),
        Route("/-/ready", [.get, .head], API.ready),
        Route("/-/reload", [.get, .post, .put], API.reload),
        Route("/-/quit", [.get, .post, .put], API.quit),
        Route("/metrics", [.get], API.ownMetrics),
        Route("/version", [.get], API.version),
        Route("/", [.get], API.page),
    ])
}
