import Glibc
import Model
import PrometheusData
import TestSupport
import Testing

/// Whatever is done to the files of a real Prometheus: what is read was written, and the rest is reported.
@Suite(.enabled(if: RealPrometheus.path != nil, "no Prometheus 3 on the PATH")) struct DamageTests {
    /// All files of a directory and of those in it.
    private static func files(_ directory: String) -> [String] {
        fileNames(directory).flatMap { name -> [String] in
            let path = directory + "/" + name
            var status = stat()
            guard stat(path, &status) == 0 else { return [] }
            if status.st_mode & S_IFMT == S_IFDIR { return files(path) }
            return status.st_size > 0 ? [path] : []
        }
    }

    private static func copy() throws -> (directory: String, keeper: TemporaryDirectory, written: SeenSeries) {
        let fixture = try Fixture.stopped.get()
        let keeper = TemporaryDirectory()
        #expect(try runToEnd("/bin/cp", ["-r", fixture.directory, keeper.path + "/data"]).status == 0)
        var written: SeenSeries = [:]
        written.add(fixture.history.series)
        written.add(fixture.late)
        return (keeper.path + "/data", keeper, written)
    }

    @Test func mutationsGiveErrorsAndNoWrongSamples() throws {
        var random = SeededGenerator(seed: makeSeed())
        let (directory, keeper, written) = try Self.copy()
        defer { withExtendedLifetime(keeper) {} }
        let files = Self.files(directory).filter { !$0.hasSuffix("/lock") && !$0.hasSuffix("/queries.active") }
        #expect(files.count > 15)
        var reported = 0
        for round in 0..<50 {
            let path = files[round % files.count]
            let original = try readFile(path)
            let what = mutation(original, &random)
            try writeFile(path, what.bytes)
            var damage: [Damage] = []
            do {
                let found = try readAll(directory, damage: &damage)
                for (labels, samples) in found {
                    let wrong = samples.filter { written[labels]?[$0.key] != $0.value }
                    #expect(wrong.isEmpty, "\(what.name) in \(path): \(labels) has \(wrong.prefix(2))")
                }
            } catch let error as PrometheusDataError {
                #expect(error.description.contains(directory), "\(error)")
            }
            for one in damage { #expect(one.file.hasPrefix(directory) && !one.reason.isEmpty, "\(one)") }
            reported += damage.isEmpty ? 0 : 1
            try writeFile(path, original)
        }
        #expect(reported > 25, "only \(reported) of 50 mutations were seen")
    }

    private func mutation(
        _ original: [UInt8], _ random: inout SeededGenerator
    ) -> (name: String, bytes: [UInt8]) {
        var bytes = original
        let place = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<5, using: &random) {
        case 0:
            bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            return ("bit flipped at \(place)", bytes)
        case 1:
            bytes.removeLast(bytes.count - place)
            return ("cut off at \(place)", bytes)
        case 2:
            for index in place..<min(place + 200, bytes.count) { bytes[index] = .random(in: 0...255, using: &random) }
            return ("noise at \(place)", bytes)
        case 3:
            for index in place..<min(place + 5000, bytes.count) { bytes[index] = 0 }
            return ("zeros at \(place)", bytes)
        default:
            bytes.insert(255, at: place)
            return ("a byte inserted at \(place)", bytes)
        }
    }

    @Test func damageIsNamedAndTheRestIsRead() throws {
        let (directory, keeper, written) = try Self.copy()
        defer { withExtendedLifetime(keeper) {} }
        let chunks = try #require(Self.files(directory).first { $0.hasSuffix("/chunks/000001") })
        var bytes = try readFile(chunks)
        bytes[100] ^= 255
        try writeFile(chunks, bytes)
        var damage: [Damage] = []
        let found = try readAll(directory, damage: &damage)
        #expect(damage.count == 1)
        #expect(damage.first?.file == chunks)
        #expect(damage.first.map { (8...100).contains($0.offset) } == true)
        let count = { (series: SeenSeries) in series.values.reduce(0) { $0 + $1.count } }
        // A chunk has 120 samples; some were deleted.
        #expect(count(found) > count(written) - 400)
    }

    @Test func blockWithoutIndexIsLeftOut() throws {
        let (directory, keeper, _) = try Self.copy()
        defer { withExtendedLifetime(keeper) {} }
        let index = try #require(Self.files(directory).first { $0.hasSuffix("/index") })
        unlink(index)
        var damage: [Damage] = []
        let found = try readAll(directory, damage: &damage)
        #expect(damage.map(\.file) == [index])
        #expect(!found.isEmpty)
    }

    @Test func otherDirectoriesAreRefused() throws {
        let directory = TemporaryDirectory()
        #expect(throws: PrometheusDataError.self) { try PrometheusData(directory.path) { _ in } }
        #expect(throws: PrometheusDataError.self) { try PrometheusData(directory.path + "/none") { _ in } }
    }

    @Test func zstdIsRefusedWithWhatToDo() throws {
        let directory = TemporaryDirectory(.disk)
        let prometheus = try RealPrometheus(
            data: directory.path + "/data", flags: ["--storage.tsdb.wal-compression-type=zstd"])
        try prometheus.write(
            [WrittenSeries(["__name__": "up"], (0..<200).map { (1_700_000_000_000 + $0 * 1000, .float(1)) })])
        #expect(PrometheusData.isOne(prometheus.data))
        prometheus.process.finish(SIGTERM)
        let error = #expect(throws: PrometheusDataError.self) { try PrometheusData(prometheus.data) { _ in } }
        #expect(error?.description.contains("--storage.tsdb.wal-compression-type=snappy") == true)
        let without = try PrometheusData(prometheus.data, readsLogs: false) { _ in }
        #expect(without.next() == nil)
    }

    @Test func runningPrometheusIsNoticed() throws {
        let directory = TemporaryDirectory(.disk)
        let prometheus = try RealPrometheus(data: directory.path + "/data")
        #expect(try PrometheusData(prometheus.data) { _ in }.isInUse)
        prometheus.process.finish(SIGTERM)
        #expect(try !PrometheusData(prometheus.data) { _ in }.isInUse)
    }
}
