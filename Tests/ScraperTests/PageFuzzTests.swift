import Exposition
import Model
import TestSupport
import Testing

@testable import Scraper

/// Pages of each format that were damaged at random: `make fuzz-pages`.
@Suite struct PageFuzzTests {
    private static let count = fuzzCount ?? 3000
    private static let pieces = [
        "{", "}", "\"", "\\", "=", ",", "#", " ", "\n", "# TYPE a histogram\n", "# EOF\n", "_bucket", "_created",
        "le=\"", "NaN",
        "1e400", "-", "# {t=\"x\"} 1 2\n", "\u{0}", "é",
    ].map { Array($0.utf8) }

    private func page(_ format: ExpositionFormat, _ random: inout SeededGenerator) -> [UInt8] {
        var families: [PageFamily] = []
        for index in 0..<2 {
            let kind = random.pick(PageFamily.Kind.allCases)
            var family = PageFamily.random(index, kind, utf8: random.chance(20), &random)
            if format == .protobuf, kind == .histogram, random.chance(60) {
                for metric in family.metrics.indices {
                    family.metrics[metric].makeNative(&random, isFloat: random.chance(30), exemplarCount: 1)
                }
            }
            families.append(family)
        }
        switch format {
        case .text: return Array(textPage(families, isOpenMetrics: false).utf8)
        case .openMetrics: return Array(textPage(families, isOpenMetrics: true).utf8)
        case .protobuf: return protobufPage(families)
        }
    }

    private func damage(_ page: inout [UInt8], _ random: inout SeededGenerator) {
        for _ in 0...random.number(4) where !page.isEmpty {
            let place = random.number(page.count)
            switch random.number(12) {
            // Most leave the length as it is, without which a page of protobuf is not read far.
            case 0..<5: page[place] = UInt8(random.number(256))
            case 5..<8: page[place] ^= 1 << UInt8(random.number(8))
            case 8: page.remove(at: place)
            case 9: page.insert(contentsOf: random.pick(Self.pieces), at: place)
            case 10: page.removeLast(random.number(page.count - place + 1))
            default: page.insert(contentsOf: page[place..<min(place + random.number(60), page.count)], at: place)
            }
        }
    }

    /// A damaged page is read or refused, never a trap; and what is read is the same whether or not lines of a page before
    /// are recognised in it.
    @Test(arguments: ExpositionFormat.allCases)
    func damagedPagesAreReadTheSameWithAndWithoutAPageBefore(format: ExpositionFormat) {
        var random = SeededGenerator(seed: makeSeed())
        var whole = page(format, &random)
        var taken = 0
        for round in 0..<Self.count {
            if round % 50 == 0 { whole = page(format, &random) }
            var settings = PageSettings.everything
            settings.histograms.convertsClassic = random.chance(40)
            settings.histograms.takesClassicToo = random.chance(50)
            settings.histograms.takesNative = random.chance(80)
            if random.chance(20) { settings.bucketsMax = 3 }
            var damaged = whole
            damage(&damaged, &random)
            let alone = outcome(damaged, format, settings, behind: nil)
            let behind = outcome(damaged, format, settings, behind: whole)
            #expect(alone == behind, "round \(round): \(quoted(String(decoding: damaged, as: UTF8.self)))")
            if alone.message == nil { taken += 1 }
        }
        // Of pages that are refused only the messages are compared.
        #expect(taken > Self.count / 20, "\(taken) of \(Self.count) pages were taken")
    }

    /// What is made of a line that comes twice does not depend on the page before either.
    @Test(arguments: ["_created", "_sum", "_count", "_bucket{le=\"1\"}"])
    func linesThatComeTwiceAreReadTheSame(line: String) {
        func page(_ more: String) -> [UInt8] {
            let own = ["_bucket{le=\"1\"} 2", "_bucket{le=\"+Inf\"} 4", "_sum 3", "_count 4", "_created 1700"]
            let lines = own.map { "a" + $0 } + (more.isEmpty ? [] : ["a\(line) \(more)"])
            return Array(("# TYPE a histogram\n" + lines.joined(separator: "\n") + "\n# EOF\n").utf8)
        }
        var settings = PageSettings.everything
        settings.histograms.convertsClassic = true
        let alone = outcome(page("1"), .openMetrics, settings, behind: nil)
        #expect(outcome(page("1"), .openMetrics, settings, behind: page("")) == alone)
        #expect(outcome(page("1"), .openMetrics, settings, behind: page("1")) == alone)
    }

    private struct Outcome: Equatable {
        /// Sorted.
        var samples: [String] = []
        /// Of a failure.
        var message: String?
    }

    /// What a session appends for a page.
    private func outcome(
        _ page: [UInt8], _ format: ExpositionFormat, _ settings: PageSettings, behind before: [UInt8]?
    ) -> Outcome {
        let labeller = SampleLabeller(targetLabels: .empty, honorLabels: false, rules: [], limits: ScrapeLimits())
        var session = ScrapeSession()
        var known: [Labels: SeriesRef] = [:]
        var labels: [Labels] = []
        func resolve(_ all: [Labels]) -> [SeriesRef] {
            all.map { one in
                if let ref = known[one] { return ref }
                let ref = SeriesRef(id: UInt32(labels.count))
                labels.append(one)
                known[one] = ref
                return ref
            }
        }
        var result: [String] = []
        for (number, page) in [before, page].enumerated() {
            guard let page else { continue }
            var reader = session.reader(labeller, settings)
            do throws(ScrapeFailure) {
                try page.withUnsafeBufferPointer { (bytes) throws(ScrapeFailure) in try reader.read(bytes, format) }
            } catch {
                if number == 1 { return Outcome(message: error.message) }
                _ = session.fail(reports: [], timestampMs: 1)
                continue
            }
            let refs = resolve(reader.draft.newLabels)
            let made = resolve(reader.draft.madeLabels)
            let batch = session.succeed(
                &reader.draft, newRefs: refs, madeRefs: made, reports: [], timestampMs: 2_000_000_000_000,
                tracksTimestamped: true
            ).batch
            result = batch.refs.indices.filter { !StaleMarker.isStale(batch.values[$0]) }.map { index in
                let start = batch.startTimes.isEmpty ? 0 : batch.startTimes[index]
                return
                    "\(labels[Int(batch.refs[index].id)]) \(batch.values[index].bitPattern) \(batch.timestamp(index)) \(start)"
            }
            result += batch.histograms.map {
                "\(labels[Int($0.ref.id)]) \($0.histogram) \($0.timestamp) \($0.startTime)"
            }
        }
        return Outcome(samples: result.sorted())
    }
}
