import Exposition
import Model
import Testing

@Suite struct TextWriterTests {
    @Test func whatIsWrittenReadsBack() throws {
        let families = [
            MetricFamily(
                "plain_total", "A \\ counter\nwith two lines.", .counter,
                [
                    MetricPoint(labels: .empty, value: 1),
                    MetricPoint(labels: Labels([("path", "C:\\x\n\"y\"")]), value: 1.5e300),
                ]),
            MetricFamily("dotted.name", "", .unknown, [MetricPoint(labels: Labels([("a.b", "c")]), value: -0.0)]),
            MetricFamily(
                "duration_seconds", "h", .histogram, ClassicHistogram(bounds: [0.1, 1]).points(labels: .empty)),
        ]
        let page = writeText(families)
        let (samples, metadata) = try readPage(page)
        var expected: [Labels] = []
        for family in families {
            for point in family.points {
                var builder = LabelsBuilder(point.labels)
                builder.set("__name__", family.name + point.suffix)
                if let bound = point.labels["le"] { builder.set("le", bound == "1" ? "1.0" : bound) }
                expected.append(builder.labels())
            }
        }
        #expect(samples.map(\.labels) == expected)
        #expect(samples.map(\.valueBits) == families.flatMap(\.points).map(\.value.bitPattern))
        #expect(metadata.first == .help(metric: "plain_total", text: "A \\ counter\nwith two lines."))
    }
}
