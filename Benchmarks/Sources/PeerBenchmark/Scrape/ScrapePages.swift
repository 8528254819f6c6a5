/// What targets serve: pages with the same lines and other values each time, in the text format.
struct ScrapePages {
    /// How many pages a target goes through before it begins again.
    static let variants = 4
    /// Scrapes that go by before the first page, so that the GPUs are at work.
    private static let scrapesBefore = 150

    /// Of each target its pages, whole answers of HTTP.
    let answers: [[[UInt8]]]
    /// Samples of each page.
    let samples: Int

    /// - Parameter gpus: how many each target has.
    init(targets: Int, gpus: Int, seed: UInt64) {
        let scrapes = ScrapePages.scrapesBefore + ScrapePages.variants
        let workload = Workload(name: "pages", gpus: targets * gpus, scrapes: scrapes, samplesPerSeries: 1, queries: [])
        var source = SampleSource(workload, endMs: 0, seed: seed)
        samples = gpus * GPUMetric.all.count
        let heads = (0..<workload.series).map { ScrapePages.head(source.labels(series: $0)) }
        var answers = [[[UInt8]]](repeating: [], count: targets)
        while source.advance() > 0 {
            guard source.nextScrape > ScrapePages.scrapesBefore else { continue }
            for target in 0..<targets {
                let page = ScrapePages.page(target * gpus..<(target + 1) * gpus, heads, source.values)
                answers[target].append(ScrapePages.answer(page))
            }
        }
        self.answers = answers
    }

    /// A page without its head.
    static func body(_ answer: [UInt8]) -> ArraySlice<UInt8> {
        let end = answer.firstRange(of: "\r\n\r\n".utf8)?.upperBound ?? answer.endIndex
        return answer[end...]
    }

    /// The page of some GPUs, one metric after the other as exporters have them.
    private static func page(_ gpus: Range<Int>, _ heads: [[UInt8]], _ values: [Double]) -> [UInt8] {
        var page: [UInt8] = []
        for (index, metric) in GPUMetric.all.enumerated() {
            page += "# HELP \(metric.name) As DCGM has it.\n# TYPE \(metric.name) gauge\n".utf8
            for gpu in gpus {
                let series = gpu * GPUMetric.all.count + index
                page += heads[series]
                page += text(values[series]).utf8
                page.append(UInt8(ascii: "\n"))
            }
        }
        return page
    }

    /// A line's name and labels, without those that scraping adds.
    private static func head(_ labels: [(name: String, value: String)]) -> [UInt8] {
        let name = labels.first { $0.name == "__name__" }?.value ?? ""
        let own = labels.filter { !["__name__", "instance", "job"].contains($0.name) }
        return Array("\(name){\(own.map { "\($0.name)=\"\($0.value)\"" }.joined(separator: ","))} ".utf8)
    }

    private static func text(_ value: Double) -> String {
        abs(value) < 1e15 && value == value.rounded() ? "\(Int64(value))" : "\(value)"
    }

    private static func answer(_ page: [UInt8]) -> [UInt8] {
        let head = """
            HTTP/1.1 200 OK\r
            Content-Type: text/plain; version=0.0.4; charset=utf-8\r
            Content-Length: \(page.count)\r
            \r

            """
        return Array(head.utf8) + page
    }
}
