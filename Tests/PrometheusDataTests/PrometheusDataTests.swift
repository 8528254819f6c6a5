import Glibc
import Model
import PrometheusData
import TestSupport
import Testing

@Suite(.enabled(if: RealPrometheus.path != nil, "no Prometheus 3 on the PATH")) struct PrometheusDataTests {
    @Test(arguments: [true, false]) func everythingThatWasWrittenIsRead(isKilled: Bool) throws {
        let fixture = try (isKilled ? Fixture.killed : Fixture.stopped).get()
        var expected: SeenSeries = [:]
        expected.add(fixture.history.series)
        expected.add(fixture.late)
        for labels in expected.keys where labels.metricName == Fixture.deletedName {
            for range in fixture.deleted { expected[labels] = expected[labels]?.filter { !range.contains($0.key) } }
        }
        var damage: [Damage] = []
        let found = try readAll(fixture.directory, damage: &damage)
        #expect(damage == [])
        #expect(found.keys.sorted() == expected.keys.sorted())
        // Prometheus 3.5 leaves these out of its checkpoints, so that it loses them itself when it is killed.
        if isKilled { expected = expected.filter { $0.key.metricName?.hasPrefix("latency_custom") != true } }
        for (labels, samples) in expected {
            let other = found[labels] ?? [:]
            let missing = samples.filter { other[$0.key] != $0.value }.sorted { $0.key < $1.key }
            let extra = other.filter { samples[$0.key] == nil }.keys.sorted()
            #expect(
                missing.isEmpty,
                "\(labels): \(missing.count) of \(samples.count) not found, such as \(missing.prefix(2)), in place of it \(missing.prefix(2).map { other[$0.key] as Any })"
            )
            #expect(extra.isEmpty, "\(labels): \(extra.count) too many, such as \(extra.prefix(3))")
        }
    }

    @Test func blocksCanBeReadOneByOne() throws {
        let fixture = try Fixture.stopped.get()
        var damage: [Damage] = []
        let data = try PrometheusData(fixture.directory, readsLogs: false) { _ in }
        var together = 0
        while let run = data.next() { together += run.samples.count }
        #expect(data.progress.bytesDone <= data.progress.bytesTotal)
        #expect(data.progress.bytesDone > data.progress.bytesTotal * 9 / 10)
        let apart = try data.blockPaths.map { try readAll($0, damage: &damage) }
        #expect(apart.count > 2 && apart.allSatisfy { !$0.isEmpty })
        #expect(apart.joined().reduce(0) { $0 + $1.value.count } == together)
        #expect(damage.isEmpty)
    }

    @Test func runsOfBlocksAreOfTwoHoursAndInOrder() throws {
        let data = try PrometheusData(try Fixture.stopped.get().directory, readsLogs: false) { _ in }
        var last = Int64.min
        while let run = data.next() {
            let first = run.samples.timestamps[0] / 7_200_000
            #expect(run.samples.timestamps[run.samples.count - 1] / 7_200_000 == first)
            #expect(first >= last)
            last = first
        }
    }

    @Test func blockThatWasCompactedIsReadOnce() throws {
        let directory = TemporaryDirectory()
        let fixture = try Fixture.stopped.get()
        #expect(try runToEnd("/bin/cp", ["-r", fixture.directory, directory.path + "/data"]).status == 0)
        let before = try PrometheusData(directory.path + "/data") { _ in }.blockPaths
        let block = try #require(before.first { (try? readText($0 + "/meta.json"))?.contains("\"level\": 1") == true })
        let name = String(try #require(block.split(separator: "/").last))
        let child = String(name.reversed())
        #expect(try runToEnd("/bin/cp", ["-r", block, directory.path + "/data/" + child]).status == 0)
        let meta = try readText(block + "/meta.json").replacing(name, with: child).replacing(
            "\"level\": 1,",
            with: "\"level\": 2, \"parents\": [{\"ulid\": \"\(name)\", \"minTime\": 0, \"maxTime\": 0}],")
        try writeFile("\(directory.path)/data/\(child)/meta.json", meta)
        let after = try PrometheusData(directory.path + "/data") { _ in }.blockPaths
        #expect(after.count == before.count)
        #expect(!after.contains(block) && after.contains("\(directory.path)/data/\(child)"))
    }
}
