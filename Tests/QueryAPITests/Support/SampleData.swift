import Model

let t0: Int64 = 1_700_000_000_000

/// A label value with everything that JSON escapes.
let weirdValue = "a\"b\\c\nd\te<>&\u{2028}\u{2029}é\u{1}\u{7f}😀"

/// The series that the recorded answers of a Prometheus 3.5.3 are about.
func sampleStore() -> MemoryStore {
    let minutes = Int64(0)...60
    var series: [(Labels, [(Int64, Double)])] = []
    for (instance, slope) in [("0", 10.0), ("1", 20.0)] {
        let requests: Labels = [
            "__name__": "http_requests_total", "group": "production", "instance": instance, "job": "api",
        ]
        series.append((requests, minutes.map { (t0 + $0 * 60_000, Double($0) * slope) }))
    }
    series.append(
        (
            ["__name__": "temp", "gpu": "0", "Hostname": "a"],
            minutes.map { (t0 + $0 * 60_000 + 250, 50 + Double($0) * 0.25) }
        ))
    series.append((["__name__": "weird", "path": weirdValue], [(t0, 1)]))
    let values: [(String, Double)] = [
        ("nan", .nan), ("inf", .infinity), ("minf", -.infinity), ("tiny", 1e-7), ("big", 1e21), ("large", 1e20),
        ("long", 123456789.123), ("tenth", 0.1), ("negzero", -0.0), ("denormal", .leastNonzeroMagnitude),
        ("third", 1.0 / 3),
    ]
    for (kind, value) in values {
        series.append((["__name__": "vals", "kind": kind], [(t0, value)]))
    }
    series.append((["__name__": "my.metric", "my.label": "x"], [(t0, 7)]))
    return MemoryStore(series.map { (labels: $0.0, samples: $0.1.map { (timestamp: $0.0, value: $0.1) }) })
}
