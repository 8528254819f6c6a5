import Glibc

/// One workload given to all engines side by side: the same requests in turn, then the same queries in turn, so that a
/// ratio holds where an absolute figure does not.
///
/// 1. All start with an empty directory, and idle for a moment.
/// 2. Each slab of samples is encoded once and sent to one engine after the other.
/// 3. After a pause each query is asked of one engine after the other, `runs` times, ending a step earlier each time.
/// 4. All stop, and then each starts again alone, a few times.
struct Comparison {
    /// Seconds before an idle server's memory is read.
    private static let idleSeconds: UInt32 = 2
    /// Seconds between the load and the queries, for what engines put off.
    private static let settleSeconds: UInt32 = 6
    private static let restarts = 7

    let workload: Workload
    let engines: [EngineCommand]
    let runs: Int
    let seed: UInt64
    /// Where the engines' directories go.
    let directory: String

    func run() throws -> WorkloadResults {
        let directory = "\(directory)/\(workload.name)-\(workload.scrapes)"
        guard mkdir(directory, 0o700) == 0 else { throw BenchmarkError("cannot make \(directory)") }
        defer { removeTree(directory) }
        let servers = try engines.map { try Server($0, directory: directory) }
        defer { for server in servers { server.stop() } }
        var results = engines.map { EngineResults(name: $0.name, version: $0.version) }
        for server in servers { _ = try server.start() }
        sleep(Comparison.idleSeconds)
        for (index, server) in servers.enumerated() {
            results[index].figures[.residentEmptyMiB] = try server.figures.residentMiB()
        }
        // A minute ago, so that no engine holds back what it thinks is still coming in.
        var source = SampleSource(workload, endMs: Int64(time(nil) - 60) * 1000, seed: seed)
        try load(&source, servers, &results)
        try settle(servers, &results)
        try ask(end: source.endSeconds, servers, &results)
        try stop(servers, &results)
        for (index, server) in servers.enumerated() {
            try restart(server, end: source.endSeconds, &results[index])
        }
        return WorkloadResults(
            workload: workload.name, gpus: workload.gpus, scrapes: workload.scrapes, samples: workload.samples,
            engines: results)
    }

    private func load(_ source: inout SampleSource, _ servers: [Server], _ results: inout [EngineResults]) throws {
        var encoder = WriteRequestEncoder(source)
        let seriesPerRequest = Workload.samplesPerRequest / workload.samplesPerSeries
        var wallSeconds = [Double](repeating: 0, count: servers.count)
        let cpuSeconds = try servers.map { try $0.figures.cpuSeconds() }
        var progress = Progress("\(workload.name): loading \(millions(workload.samples)) samples")
        var requests = 0
        while case let scrapes = source.advance(), scrapes > 0 {
            for first in stride(from: 0, to: workload.series, by: seriesPerRequest) {
                let series = first..<min(first + seriesPerRequest, workload.series)
                encoder.encode(source, series: series, scrapes: scrapes)
                for index in rotated(servers.count, by: requests) {
                    let begun = now()
                    try servers[index].write(encoder.compressed)
                    wallSeconds[index] += now() - begun
                }
                requests += 1
            }
            progress.report(Double(source.nextScrape) / Double(workload.scrapes))
        }
        for (index, server) in servers.enumerated() {
            let spent = try server.figures.cpuSeconds() - cpuSeconds[index]
            results[index].figures[.loadCPUSecondsPerMillion] = spent * 1e6 / Double(workload.samples)
            results[index].figures[.loadWallSecondsPerMillion] = wallSeconds[index] * 1e6 / Double(workload.samples)
        }
    }

    private func settle(_ servers: [Server], _ results: inout [EngineResults]) throws {
        for server in servers { try server.flush() }
        sleep(Comparison.settleSeconds)
        for (index, server) in servers.enumerated() {
            results[index].figures[.residentLoadPeakMiB] = try server.figures.residentPeakMiB()
            results[index].figures[.residentLoadedMiB] = try server.figures.residentMiB()
        }
    }

    private func ask(end: Int, _ servers: [Server], _ results: inout [EngineResults]) throws {
        let queries = workload.coveredQueries
        var progress = Progress("\(workload.name): asking \(queries.count) queries \(runs) times")
        for (position, query) in queries.enumerated() {
            let measured = try ask(query, end: end, servers)
            for index in servers.indices { results[index].queries.append(measured[index]) }
            progress.report(Double(position + 1) / Double(queries.count))
        }
    }

    private func ask(_ query: Query, end: Int, _ servers: [Server]) throws -> [QueryResults] {
        var samples = [[Double]](repeating: [], count: servers.count)
        var cpuSeconds = [Double](repeating: 0, count: servers.count)
        var bodies = [[UInt8]](repeating: [], count: servers.count)
        for run in 0..<runs {
            for index in rotated(servers.count, by: run) {
                let server = servers[index]
                let cpu = try server.figures.cpuSeconds()
                let begun = now()
                let body = try server.query(query, end: end - run * query.stepSeconds)
                samples[index].append((now() - begun) * 1000)
                cpuSeconds[index] += try server.figures.cpuSeconds() - cpu
                if run == 0 { bodies[index] = body }
            }
        }
        let answers = try bodies.map { try Answer($0) }
        return servers.indices.map { index in
            QueryResults(
                name: query.name, expression: query.expression, spanSeconds: query.spanSeconds,
                stepSeconds: query.stepSeconds, medianMs: percentile(samples[index], 0.5),
                p95Ms: percentile(samples[index], 0.95), cpuMs: cpuSeconds[index] * 1000 / Double(runs),
                answerBytes: bodies[index].count,
                difference: index == 1 || servers.count == 1 ? nil : answers[index].difference(from: answers[1]))
        }
    }

    private func stop(_ servers: [Server], _ results: inout [EngineResults]) throws {
        for (index, server) in servers.enumerated() {
            results[index].figures[.residentQueriedMiB] = try server.figures.residentMiB()
            results[index].figures[.residentPeakMiB] = try server.figures.residentPeakMiB()
            results[index].figures[.diskRunningBytesPerSample] = Double(server.diskBytes) / Double(workload.samples)
            server.stop()
            results[index].figures[.diskStoppedBytesPerSample] = Double(server.diskBytes) / Double(workload.samples)
        }
    }

    private func restart(_ server: Server, end: Int, _ results: inout EngineResults) throws {
        var readySeconds: [Double] = []
        var answerSeconds: [Double] = []
        for restart in 0..<Comparison.restarts {
            let begun = now()
            readySeconds.append(try server.start())
            try server.waitForAnswer("count(DCGM_FI_DEV_GPU_TEMP)", time: end, expected: Double(workload.gpus))
            answerSeconds.append(now() - begun)
            if restart == 0 {
                sleep(Comparison.idleSeconds)
                results.figures[.residentRestartedMiB] = try server.figures.residentMiB()
            }
            server.stop()
        }
        results.figures[.restartReadySeconds] = percentile(readySeconds, 0.5)
        results.figures[.restartAnswerSeconds] = percentile(answerSeconds, 0.5)
    }
}

/// The numbers below `count`, beginning with another one each time, so that none has the same place always.
private func rotated(_ count: Int, by offset: Int) -> [Int] { (0..<count).map { ($0 + offset) % count } }

/// The smallest value that at least this share of the values do not exceed.
func percentile(_ values: [Double], _ share: Double) -> Double {
    values.sorted()[max(0, Int((Double(values.count) * share).rounded(.up)) - 1)]
}
