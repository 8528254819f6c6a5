import Exposition
import Model
import TestSupport
import Testing

@testable import Scraper

/// Two hundred pages that cannot be read: each is refused, and the message says where and why.
@Suite struct BrokenPagesTests {
    @Test func everyBrokenPageIsRefusedWithItsMessage() throws {
        let pages = try PageCorpus.brokenPages()
        #expect(pages.count >= 200)
        let wrong = pages.compactMap { page -> String? in
            let message = readAlone(page.bytes, page.format).message
            return message == page.message ? nil : "\(page.line)\n    is answered \(message ?? "nothing")"
        }
        #expect(wrong == [])
    }

    /// Each label of a sample costs what it may cost, and no more than one page is held.
    @Test func labelExplosionsEndAtTheLimits() {
        var limits = ScrapeLimits()
        limits.labels = 20
        let many = (0..<100).map { "l\($0)=\"x\"" }.joined(separator: ",")
        #expect(
            readAlone(Array("ok 1\na{\(many)} 1\n".utf8), .text, limits: limits).message
                == "label_limit exceeded (metric: a, number of labels: 101, limit: 20)")
        limits = ScrapeLimits()
        limits.labelNameBytes = 10
        let long = String(repeating: "n", count: 60)
        #expect(
            readAlone(Array("a{\(long)=\"x\"} 1\n".utf8), .text, limits: limits).message
                == "label_name_length_limit exceeded (metric: a, label name: \(long.prefix(50)), length: 60, limit: 10)"
        )
        limits = ScrapeLimits()
        limits.labelValueBytes = 10
        #expect(
            readAlone(Array("a{l=\"\(long)\"} 1\n".utf8), .text, limits: limits).message
                == "label_value_length_limit exceeded (metric: a, label name: l, value: \"\(long.prefix(50))\", "
                + "length: 60, limit: 10)")
        var family = PageFamily("a", .gauge)
        family.metrics = [PageFamily.Metric()]
        family.metrics[0].labels = (0...TextParser.labelsMax).map { ("l\($0)", "x") }
        #expect(
            readAlone(protobufPage([family]), .protobuf).message
                == "cannot decode the metric family \"a\" at byte 0: a metric has more than 10000 labels")
    }

    /// A sample that is read well and has labels that no series can have is one of those scraped.
    @Test func samplesWithBadLabelsCountAsScraped() {
        var limits = ScrapeLimits()
        limits.labels = 2
        let pages: [(String, scraped: Int, kept: Int)] = [
            ("a 1\nb{x=\"1\",x=\"2\"} 1\nc 1\n", 2, 1), ("a 1\nb{x=\"1\",y=\"2\"} 1\nc 1\n", 2, 1),
            ("a 1\nb x\n", 1, 1), ("a 1\nb{x=\"1\",y=\"2\"} x\n", 1, 1), ("a 1\nb{x=1} 1\n", 1, 1),
        ]
        for (page, scraped, kept) in pages {
            let (reader, message) = readAlone(Array(page.utf8), .text, limits: limits)
            #expect(message != nil)
            #expect(reader.counts == (scraped, kept), "\(page)")
        }
    }

    @Test func commentsForPeopleAreNotKept() {
        let page = "# HELP a Help.\n" + String(repeating: "#\n# for people\n", count: 1000) + "a 1\n#HELP\n"
        let (reader, message) = readAlone(Array(page.utf8), .text)
        #expect(message == nil)
        #expect(reader.draft.layout?.count == 2)
    }

    private static let changes: [(String, String)] = [
        ("# TYPE a counter\na 1\n", "# TYPE a gauge\na 2\n"),
        (
            "# TYPE a gauge\na 1\n",
            "# TYPE a histogram\na_bucket{le=\"1\"} 1\na_bucket{le=\"+Inf\"} 1\na_count 1\na_sum 1\n"
        ),
        ("# TYPE a summary\na{quantile=\"1\"} 1\n", "# TYPE a gauge\na{quantile=\"1\"} 1\n"),
        ("a 1\n", "# TYPE a counter\n# HELP a Now with a text.\na 1\n"),
    ]

    /// A family that is of another type in the next page is read as that, in both directions.
    @Test(arguments: changes)
    func familiesMayChangeTheirType(before: String, after: String) {
        for (first, second) in [(before, after), (after, before)] {
            let labeller = SampleLabeller(targetLabels: .empty, honorLabels: false, rules: [], limits: ScrapeLimits())
            var session = ScrapeSession()
            for page in [first, second] {
                var reader = session.reader(labeller, PageSettings())
                let isRead = try? Array(page.utf8).withUnsafeBufferPointer { try reader.read($0, .text) }
                #expect(isRead != nil)
                #expect(reader.counts.scraped == page.split(separator: "\n").count { !$0.hasPrefix("#") })
                let types = page.split(separator: "\n").filter { $0.hasPrefix("# TYPE") }
                let news = reader.metadata ?? []
                #expect(news.count { if case .type = $0 { true } else { false } } == types.count)
                let refs = (0..<reader.draft.newLabels.count).map { SeriesRef(id: UInt32($0)) }
                _ = session.succeed(
                    &reader.draft, newRefs: refs, reports: [], timestampMs: 1000, tracksTimestamped: false)
            }
        }
    }
}
