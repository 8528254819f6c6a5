import Model
import Testing

@Suite struct MetricsTests {
    @Test func theRegistryListsWhatItMade() {
        let registry = MetricRegistry()
        let counter = registry.counter("b_total", "B.")
        registry.counter("b_total", "B.", labels: ["x": "y"]).add(5)
        registry.gauge("a", "A.") { 2.5 }
        counter.add()
        counter.add(2)
        let families = registry.collect()
        #expect(families.map(\.name) == ["a", "b_total"])
        #expect(families[1].points.map(\.value) == [3, 5])
        #expect(families[0].type == .gauge && families[1].type == .counter)
    }

    @Test func histogramBucketsAreCumulative() {
        let histogram = ClassicHistogram(bounds: [1, 2.5, 1e6])
        for value in [0.5, 1, 2, 3, 1e7] { histogram.observe(value) }
        let points = histogram.points(labels: .empty)
        #expect(points.map(\.suffix) == ["_bucket", "_bucket", "_bucket", "_bucket", "_sum", "_count"])
        #expect(points.map(\.value) == [2, 3, 4, 5, 10_000_006.5, 5])
        #expect(points.prefix(4).map { $0.labels["le"] } == ["1", "2.5", "1e+06", "+Inf"])
    }

    @Test func batchesOfOneTimestampHoldItForAll() {
        let refs = (0..<3).map { SeriesRef(id: $0) }
        let one = SampleBatch(refs: refs, timestamps: [7], values: [1, 2, 3])
        #expect((0..<3).map(one.timestamp) == [7, 7, 7])
        let each = SampleBatch(refs: refs, timestamps: [7, 8, 9], values: [1, 2, 3])
        #expect((0..<3).map(each.timestamp) == [7, 8, 9])
    }

    @Test func onlyTheMarkerIsStale() {
        #expect(StaleMarker.isStale(StaleMarker.value) && StaleMarker.value.isNaN)
        for value in [Double.nan, .ordinaryNaN, 0, .infinity] { #expect(!StaleMarker.isStale(value)) }
    }

    @Test func buffersGrowAndTrim() {
        let buffer = SampleBuffer(capacity: 16)
        for index in 0..<100 { buffer.append(Int64(index), Double(index)) }
        buffer.trim(from: 10, minTime: 20, maxTime: 29)
        #expect(buffer.count == 20)
        #expect((0..<20).map { buffer.timestamps[$0] } == Array(0..<10) + Array(20..<30))
        buffer.trim(minTime: 1000, maxTime: 2000)
        #expect(buffer.count == 0)
    }
}
