/// What the engines are loaded with: how many GPUs, how long, and how the samples are cut into requests.
struct Workload {
    /// Milliseconds between two scrapes.
    static let stepMs: Int64 = 15_000
    static let scrapesPerDay = 5760
    /// Samples in one request at most.
    static let samplesPerRequest = 10_000

    let name: String
    let gpus: Int
    let scrapes: Int
    /// Samples of one series in a request: 1 is what scraping gives, more is what catching up gives.
    let samplesPerSeries: Int
    let queries: [Query]

    /// Seconds between the first and the last scrape, and one more.
    var spanSeconds: Int { scrapes * Int(Workload.stepMs) / 1000 }
    var series: Int { gpus * GPUMetric.all.count }
    var samples: Int { series * scrapes }

    /// One machine with eight GPUs, caught up with in requests of 40 samples a series.
    static func pod(days: Double?, gpus: Int?) -> Workload {
        Workload(
            name: "pod", gpus: gpus ?? 8, scrapes: scrapes(days ?? 7), samplesPerSeries: 40, queries: Query.dashboard)
    }

    /// A data centre's GPUs, one scrape after the other.
    static func fleet(days: Double?, gpus: Int?) -> Workload {
        Workload(
            name: "fleet", gpus: gpus ?? 1000, scrapes: scrapes(days ?? 0.25), samplesPerSeries: 1,
            queries: Query.dashboard)
    }

    /// Many series that have just appeared, with a few samples each.
    static func wide(days: Double?, gpus: Int?) -> Workload {
        Workload(
            name: "wide", gpus: gpus ?? 8000, scrapes: days.map { scrapes($0) } ?? 8, samplesPerSeries: 1,
            queries: Query.recent)
    }

    private static func scrapes(_ days: Double) -> Int { max(1, Int((days * Double(scrapesPerDay)).rounded())) }

    /// The queries whose range the data covers.
    var coveredQueries: [Query] { queries.filter { Double($0.spanSeconds) <= Double(spanSeconds) * 1.02 } }
}
