import FoundationEssentials
import Glibc

/// What scraping costs engines that scrape the same targets side by side.
///
/// 1. A hundred targets of 2,000 series, every second, for a minute: processor time.
/// 2. A target of 100,000 series, by one engine after the other: how long a scrape takes.
/// 3. A hundred targets of one GPU and eleven hundred: the memory that a thousand more need.
/// 4. In this process, how long it takes to parse a page whose lines are those of the page before.
struct ScrapeComparison {
    private static let many = (targets: 100, gpus: 80, warmUpSeconds: 20)
    private static let large = (gpus: 4000, intervalSeconds: 2, scrapesBefore: 3)
    private static let idle = (fewTargets: 100, manyTargets: 1100, intervalSeconds: 10, seconds: UInt32(35))

    let engines: [EngineCommand]
    /// For how long the many targets are scraped, and four times how often the large one.
    let seconds: Int
    let seed: UInt64
    /// Where the engines' directories go.
    let directory: String

    func run() throws -> WorkloadResults {
        allowManyFiles()
        var results = engines.map { EngineResults(name: $0.name, version: $0.version) }
        parse(&results)
        try scrapeMany(&results)
        for index in engines.indices { try scrapeLarge(index, &results) }
        try idle(&results)
        let gpus = ScrapeComparison.many.targets * ScrapeComparison.many.gpus
        return WorkloadResults(
            workload: "scrape", gpus: gpus, scrapes: seconds, samples: gpus * GPUMetric.all.count * seconds,
            engines: results)
    }

    private func parse(_ results: inout [EngineResults]) {
        guard let index = results.firstIndex(where: { $0.name == "tsdb" }) else { return }
        _ = Progress("scrape: parsing pages")
        let pages = ScrapePages(targets: 1, gpus: ScrapeComparison.many.gpus, seed: seed)
        results[index].figures[.parseNs] = ParseSpeed(pages).nanosecondsPerSample(seconds: Double(seconds) / 20)
    }

    private func scrapeMany(_ results: inout [EngineResults]) throws {
        let (targets, gpus, warmUpSeconds) = ScrapeComparison.many
        let pages = ScrapePages(targets: targets, gpus: gpus, seed: seed)
        try withServers("many", pages, Array(engines.indices), intervalSeconds: 1) { servers, source in
            sleep(UInt32(warmUpSeconds))
            let before = try servers.map { try $0.figures.cpuSeconds() }
            let servedBefore = source.served
            var progress = Progress("scrape: \(targets) targets every second for \(seconds) s")
            for second in 0..<seconds {
                sleep(1)
                progress.report(Double(second + 1) / Double(seconds))
            }
            let served = source.served
            for (index, server) in servers.enumerated() {
                let spent = try server.figures.cpuSeconds() - before[index]
                let scrapes = Double(served[index] - servedBefore[index])
                // As if no scrape was left out where the machine is too slow for all of them.
                results[index].figures[.scrapeManyPercent] = spent / scrapes * Double(targets) * 100
                results[index].figures[.residentManyMiB] = try server.figures.residentPeakMiB()
                results[index].figures[.scrapeManyMissed] = max(0, 100 - scrapes * 100 / Double(targets * seconds))
            }
        }
    }

    private func scrapeLarge(_ engine: Int, _ results: inout [EngineResults]) throws {
        let (gpus, intervalSeconds, scrapesBefore) = ScrapeComparison.large
        let pages = ScrapePages(targets: 1, gpus: gpus, seed: seed)
        try withServers("large", pages, [engine], intervalSeconds: intervalSeconds) { servers, source in
            let server = servers[0]
            var durationsMs: [Double] = []
            var last = ""
            let count = max(seconds / 4, 3)
            var progress = Progress(
                "scrape: \(engines[engine].name), a page of \(pages.samples) samples \(count) times")
            var cpu = (seconds: 0.0, scrapes: 0)
            while durationsMs.count < scrapesBefore + count {
                usleep(200_000)
                guard let scrape = try server.lastScrape(), scrape.time != last else { continue }
                last = scrape.time
                durationsMs.append(scrape.seconds * 1000)
                if durationsMs.count == scrapesBefore { cpu = (try server.figures.cpuSeconds(), source.served[engine]) }
                progress.report(Double(durationsMs.count - scrapesBefore) / Double(count))
            }
            let spent = try server.figures.cpuSeconds() - cpu.seconds
            results[engine].figures[.scrapeLargeMs] = percentile(Array(durationsMs[scrapesBefore...]), 0.5)
            results[engine].figures[.scrapeLargeCPUMs] = spent * 1000 / Double(source.served[engine] - cpu.scrapes)
        }
    }

    private func idle(_ results: inout [EngineResults]) throws {
        let (few, many, intervalSeconds, seconds) = ScrapeComparison.idle
        var resident = [[Double]](repeating: [], count: engines.count)
        for targets in [few, many] {
            let pages = ScrapePages(targets: targets, gpus: 1, seed: seed)
            try withServers("idle", pages, Array(engines.indices), intervalSeconds: intervalSeconds) { servers, _ in
                _ = Progress("scrape: \(targets) targets every \(intervalSeconds) s")
                sleep(seconds)
                for (index, server) in servers.enumerated() {
                    resident[index].append(try server.figures.residentMiB())
                }
            }
        }
        for index in engines.indices {
            let more = (resident[index][1] - resident[index][0]) * 1024 / Double(many - few)
            results[index].figures[.residentTargetKiB] = more
        }
    }

    /// Runs `body` with engines that scrape `pages`, and with who serves those.
    private func withServers(
        _ name: String, _ pages: ScrapePages, _ indices: [Int], intervalSeconds: Int,
        _ body: ([Server], TargetServer) throws -> Void
    ) throws {
        let directory = "\(directory)/\(name)"
        guard mkdir(directory, 0o700) == 0 else { throw BenchmarkError("cannot make \(directory)") }
        defer { removeTree(directory) }
        let source = try TargetServer(pages, engines: engines.count)
        defer { source.stop() }
        let servers = try indices.map { index in
            let scrapes = """
                global: {scrape_interval: \(intervalSeconds)s, scrape_timeout: \(intervalSeconds)s}
                scrape_configs: [{job_name: gpu, metrics_path: /\(index), static_configs: [{targets: [\(source.targets)]}]}]

                """
            return try Server(engines[index], directory: directory, configuration: scrapes)
        }
        defer { for server in servers { server.stop() } }
        for server in servers { _ = try server.start() }
        try body(servers, source)
    }
}

/// Lets this process have as many connections as the system gives anybody.
private func allowManyFiles() {
    let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    var limit = rlimit()
    guard getrlimit(resource, &limit) == 0 else { return }
    limit.rlim_cur = limit.rlim_max
    setrlimit(resource, &limit)
}

extension Server {
    /// When the only target was scraped last, and how long that took; nil before the first time.
    fileprivate func lastScrape() throws -> (time: String, seconds: Double)? {
        let body = try get("/api/v1/targets?state=active")
        let target = try JSONDecoder().decode(Targets.self, from: Data(body)).data.activeTargets.first
        guard let target, target.lastScrapeDuration > 0 else { return nil }
        if !target.lastError.isEmpty { throw BenchmarkError("\(engine.name) cannot scrape: \(target.lastError)") }
        return (target.lastScrape, target.lastScrapeDuration)
    }
}

private struct Targets: Decodable {
    struct Content: Decodable {
        let activeTargets: [Target]
    }
    struct Target: Decodable {
        let lastScrape: String
        let lastScrapeDuration: Double
        let lastError: String
    }
    let data: Content
}
