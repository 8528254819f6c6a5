/// A range query that ends with the data.
struct Query {
    let name: String
    let expression: String
    let spanSeconds: Int
    let stepSeconds: Int

    /// What dashboards and alerts of a GPU fleet ask.
    static let dashboard = [
        Query(name: "temp, 1 h", expression: "DCGM_FI_DEV_GPU_TEMP", spanSeconds: hour, stepSeconds: 15),
        Query(
            name: "power sum, 6 h", expression: "sum(DCGM_FI_DEV_POWER_USAGE)", spanSeconds: 6 * hour, stepSeconds: 15),
        Query(name: "temp avg, 1 d", expression: "avg(DCGM_FI_DEV_GPU_TEMP)", spanSeconds: day, stepSeconds: 60),
        Query(
            name: "util by gpu, 7 d", expression: "avg by (gpu) (avg_over_time(DCGM_FI_DEV_GPU_UTIL[10m]))",
            spanSeconds: 7 * day, stepSeconds: 600),
        Query(
            name: "energy rate by host, 6 h",
            expression: "sum by (Hostname) (rate(DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION[5m]))",
            spanSeconds: 6 * hour, stepSeconds: 30),
        Query(
            name: "framebuffer %, 6 h",
            expression: "100 * DCGM_FI_DEV_FB_USED / (DCGM_FI_DEV_FB_USED + DCGM_FI_DEV_FB_FREE)",
            spanSeconds: 6 * hour, stepSeconds: 60),
        Query(
            name: "power max, 7 d", expression: "max_over_time(DCGM_FI_DEV_POWER_USAGE[1h])", spanSeconds: 7 * day,
            stepSeconds: 3600),
        Query(
            name: "tensor p95, 1 d", expression: "quantile_over_time(0.95, DCGM_FI_PROF_PIPE_TENSOR_ACTIVE[1h])",
            spanSeconds: day, stepSeconds: 300),
        Query(
            name: "util topk, 6 h", expression: "topk(5, avg_over_time(DCGM_FI_DEV_GPU_UTIL[10m]))",
            spanSeconds: 6 * hour, stepSeconds: 60),
        Query(
            name: "count of all, 1 h", expression: #"count({job="dcgm-exporter"})"#, spanSeconds: hour, stepSeconds: 60),
        Query(
            name: "clock by regex, 1 h",
            expression: #"max by (gpu) (DCGM_FI_DEV_SM_CLOCK{instance=~"pod-(0|1|2).*",gpu=~"[0-3]"})"#,
            spanSeconds: hour, stepSeconds: 15),
        Query(
            name: "subquery, 1 d",
            expression: "max_over_time(sum(rate(DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION[5m]))[1h:1m])",
            spanSeconds: day, stepSeconds: 600),
    ]

    /// What can be asked a minute after the first sample.
    static let recent = [
        Query(name: "temp avg, 1 min", expression: "avg(DCGM_FI_DEV_GPU_TEMP)", spanSeconds: 60, stepSeconds: 15),
        Query(
            name: "power by host, 1 min", expression: "sum by (Hostname) (DCGM_FI_DEV_POWER_USAGE)", spanSeconds: 60,
            stepSeconds: 15),
        Query(
            name: "count of all, 1 min", expression: #"count({job="dcgm-exporter"})"#, spanSeconds: 60, stepSeconds: 15),
        Query(
            name: "clock by regex, 1 min",
            expression: #"max by (gpu) (DCGM_FI_DEV_SM_CLOCK{instance=~"pod-(0|1|2).*",gpu=~"[0-3]"})"#,
            spanSeconds: 60, stepSeconds: 15),
    ]
}

private let hour = 3600
private let day = 86_400
