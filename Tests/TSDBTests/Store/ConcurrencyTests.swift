import Model
import TestSupport
import Testing

@testable import TSDB

@Suite struct ConcurrencyTests {
    /// Every batch adds the same number to every series, so that a view that has part of a batch, or has a sample twice
    /// or not at all while it moves from the head to a block, shows it.
    @Test func viewsHaveWholeBatchesAndEachSampleOnce() async throws {
        let directory = TemporaryDirectory()
        let database = try Database.open(
            directory: directory.path, options: DatabaseOptions(retentionMs: 0, blockMs: 40))
        let series = (0..<10).map { labels("__name__=m", "n=\($0)") }
        let refs = try database.resolve(series)
        let batches: Int64 = 500
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                for time in 0..<batches {
                    let batch = SampleBatch(refs: refs, timestamps: [time], values: refs.map { _ in Double(time) })
                    let result = try? await database.append(batch)
                    #expect(result?.appended == refs.count)
                    guard let found = try? database.everything(from: time, to: time) else { continue }
                    if time % 50 == 0 { #expect(found.count == refs.count) }
                }
            }
            for _ in 0..<2 {
                group.addTask {
                    var last = -1
                    while last < Int(batches) - 1 {
                        guard let found = try? database.everything() else { continue }
                        let counts = Set(found.values.map(\.count))
                        #expect(counts.count <= 1 && found.count == (counts.isEmpty ? 0 : refs.count))
                        let count = counts.first ?? 0
                        #expect(count - 1 >= last)
                        last = count - 1
                        let wanted = (0..<Int64(count)).map { Sample($0, Double($0)) }
                        #expect(found.values.allSatisfy { $0 == wanted })
                        await Task.yield()
                    }
                }
            }
        }
        #expect(database.stats().seals > 5)
        #expect(database.takeProblems() == [])
    }

    @Test func severalThreadsReadOneViewAtOnce() async throws {
        let directory = TemporaryDirectory()
        let database = try Database.open(
            directory: directory.path, options: DatabaseOptions(retentionMs: 0, blockMs: 100))
        for time in 0..<Int64(1000) {
            let refs = try database.resolve((0..<20).map { labels("__name__=m", "n=\($0)") })
            try database.appendBlocking(SampleBatch(refs: refs, timestamps: [time], values: refs.map { Double($0.id) }))
        }
        try database.maintain()
        let view = try database.querier(minTime: .min, maxTime: .max)
        let set = try view.select([], hints: SelectHints(minTime: .min, maxTime: .max))
        let counts = await withTaskGroup(of: Int.self) { group in
            for worker in 0..<6 {
                group.addTask {
                    let buffer = SampleBuffer()
                    for index in 0..<set.count { try? set.read((index + worker) % set.count, into: buffer) }
                    return buffer.count
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(counts == Array(repeating: 20_000, count: 6))
        view.close()
        #expect(throws: StorageError.closed) { try set.read(0, into: SampleBuffer()) }
    }

    @Test func manyAppendersAreAllServed() async throws {
        let directory = TemporaryDirectory()
        let database = try Database.open(directory: directory.path)
        await withTaskGroup(of: Void.self) { group in
            for appender in 0..<50 {
                group.addTask {
                    for time in 0..<Int64(20) {
                        guard let refs = try? database.resolve([labels("__name__=m", "n=\(appender)")]) else {
                            continue
                        }
                        let batch = SampleBatch(
                            refs: refs, timestamps: [time], values: [1])
                        let result = try? await database.append(batch)
                        #expect(result?.appended == 1)
                    }
                }
            }
        }
        database.close()
        let again = try Database.open(directory: directory.path)
        let found = try again.everything()
        #expect(found.count == 50 && found.values.allSatisfy { $0.count == 20 })
    }

    /// Late samples that go where no block is, between two that are being merged, get a block of their own.
    @Test func aMergeCoversNoBlockThatComesMeanwhile() throws {
        let directory = TemporaryDirectory()
        var options = DatabaseOptions(retentionMs: 0, blockMs: 1000)
        options.outOfOrderMs = 1000
        let database = try Database.open(directory: directory.path, options: options)
        let series = labels("__name__=m")
        for (time, end) in [(100, 300), (400, 600)] as [(Int64, Int64)] {
            _ = try database.add(series, [Sample(time, 1)])
            try database.perform { (writer) throws(StorageError) in try writer.seal(to: end) }
        }
        #expect(try database.deleteSeries([[Matcher("__name__", equals: "m")]], minTime: 300, maxTime: 599) == 1)
        _ = try database.add(series, [Sample(700, 1)])
        let late = SampleBatch(refs: try database.resolve([series]), timestamps: [400], values: [2])
        let blocks = try database.perform { (writer) throws(StorageError) in
            try writer.seal(to: 1000)
            try writer.mergeSlice()
            writer.commit([.append(late) { _ in }])
            try writer.sealAll()
            while writer.merging != nil { try writer.mergeSlice() }
            return writer.state.gate.withLock { writer.state.blocks }
        }
        #expect(zip(blocks, blocks.dropFirst()).allSatisfy { $0.end <= $1.start }, "\(blocks)")
        #expect(try database.everything()[series] == [Sample(100, 1), Sample(400, 2), Sample(700, 1)])
        #expect(try Database.check(directory.path).findings.map(\.description) == [])
    }

    @Test func metadataIsRemembered() async throws {
        let directory = TemporaryDirectory()
        let database = try Database.open(directory: directory.path)
        let first = MetricMetadata(metric: "up", type: .gauge, help: "Is it up?", unit: "")
        try await database.setMetadata([first])
        let second = MetricMetadata(metric: "up", type: .counter, help: "é \"x\"", unit: "seconds")
        try await database.setMetadata([second, first, second])
        #expect(database.metadata(metric: "up") == ["up": [second]])
        database.close()
        let again = try Database.open(directory: directory.path)
        #expect(again.metadata(metric: nil) == ["up": [second]])
        #expect(again.metadata(metric: "down") == [:])
    }
}

extension Writer {
    /// Puts what is before `end` into a block.
    fileprivate func seal(to end: Int64) throws(StorageError) {
        beginSealing(to: end)
        while sealing != nil { try sealSlice() }
    }
}
