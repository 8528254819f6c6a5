import Model
import TestSupport
import Testing

@testable import QueryAPI

@Suite struct OTLPTargetInfoTests {
    private func times(_ points: [UInt64], lookbackMs: Int64 = 300_000) throws -> [Int64] {
        var message = OTLPMessage()
        message.resource = [("service.name", "shop"), ("host.name", "h1")]
        message.metric("m", kind: 5) {
            for time in points { $0.bytes(1, OTLPMessage.point(time, 1)) }
        }
        var reader = OTLPReader(OTLPSettings(), lookbackMs: lookbackMs)
        try message.bytes.withUnsafeBytes { try reader.read($0) }
        let request = reader.request
        return request.samples.filter { request.series[$0.series]["__name__"] == "target_info" }.map(\.timestamp)
    }

    @Test func aTimeFarFromTheOthersCostsOneSample() throws {
        let now: UInt64 = 1_700_000_000_000
        // One that has no time, and one of the year 2554.
        #expect(try times([0, now]) == [Int64(now)])
        #expect(try times([now, UInt64.max / 1_000_000]) == [Int64(now), Int64(UInt64.max / 1_000_000)])
        #expect(try times([0, 0]) == [])
    }

    /// Whenever a query sees a data point, it sees `target_info`.
    @Test(arguments: [1, 2, 1000, 300_000] as [Int64]) func everyDataPointHasItsTarget(_ lookbackMs: Int64) throws {
        var random = SeededGenerator(seed: makeSeed())
        for _ in 0..<20 {
            let points = (0..<50).map { _ in UInt64(1_000_000 + random.number(random.chance(50) ? 5000 : 5_000_000)) }
            let found = try times(points, lookbackMs: lookbackMs)
            #expect(found.count <= points.count)
            #expect(found == found.sorted() && found.last == points.max().map { Int64($0) })
            for point in Set(points).map({ Int64($0) }) {
                for asked in [point, point + lookbackMs / 2, point + lookbackMs - 1] {
                    #expect(found.contains { $0 <= asked && asked < $0 + lookbackMs }, "\(point) at \(asked)")
                }
            }
        }
    }
}
