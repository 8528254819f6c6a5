import Glibc
import Model
import Testing

@testable import TSDB

/// A directory that is removed with the object: in memory where there is such a place, because tests wait for the disk
/// longer than for anything else.
final class TemporaryDirectory {
    let path: String

    init() {
        let parent = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"
        var template = Array("\(parent)/tsdb-test-XXXXXX".utf8CString)
        path = mkdtemp(&template).map { String(cString: $0) } ?? parent + "/tsdb-test"
    }

    deinit { removeAll(path) }
}

/// Removes a directory with the files in it.
func removeAll(_ path: String) {
    for name in fileNames(path) {
        let inner = path + "/" + name
        if unlink(inner) != 0 { removeAll(inner) }
    }
    rmdir(path)
}

func fileNames(_ path: String) -> [String] {
    guard let directory = opendir(path) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) {
            $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        if name != "." && name != ".." { names.append(name) }
    }
    return names
}

func readFile(_ path: String) -> [UInt8] {
    guard let file = fopen(path, "rb") else { return [] }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
        let count = fread(&buffer, 1, buffer.count, file)
        if count == 0 { return bytes }
        bytes += buffer[..<count]
    }
}

func writeFile(_ path: String, _ bytes: [UInt8]) {
    guard let file = fopen(path, "wb") else { return }
    fwrite(bytes, 1, bytes.count, file)
    fclose(file)
}

/// What a crash would leave: the database and its log, copied while they are in use. The log first: should it be moved
/// into the database meanwhile, the copy has the same twice, which does no harm.
func copyDatabase(_ from: String, _ to: String) {
    mkdir(to, 0o755)
    for name in [Database.fileName + "-wal", Database.fileName] {
        let bytes = readFile(from + "/" + name)
        if !bytes.isEmpty { writeFile(to + "/" + name, bytes) }
    }
}

/// Random numbers that a printed seed brings back: SplitMix64.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
        return mixed ^ mixed >> 31
    }

    mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &self) < percent }
}

/// The seed of this run: random unless the environment brings one back. It is printed, so that a failure can be
/// repeated.
private let runSeed: UInt64 = {
    let seed = getenv("TSDB_SEED").flatMap { UInt64(String(cString: $0)) } ?? UInt64.random(in: 0...UInt64.max)
    print("TSDB_SEED=\(seed)")
    return seed
}()

func makeSeed() -> UInt64 { runSeed }

struct Sample: Hashable, CustomStringConvertible {
    let time: Int64
    let bits: UInt64

    init(_ time: Int64, _ value: Double) {
        self.time = time
        bits = value.bitPattern
    }

    init(_ time: Int64, bits: UInt64) {
        self.time = time
        self.bits = bits
    }

    var description: String { "\(time): \(Double(bitPattern: bits))" }
}

extension SampleBuffer {
    convenience init(_ samples: [Sample]) {
        self.init()
        for sample in samples { append(sample.time, Double(bitPattern: sample.bits)) }
    }

    var samples: [Sample] { (0..<count).map { Sample(timestamps[$0], bits: values[$0].bitPattern) } }
}

func labels(_ text: String...) -> Labels {
    Labels(
        text.map { pair in
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (name: String(parts[0]), value: parts.count > 1 ? String(parts[1]) : "")
        })
}

extension Database {
    /// All samples by labels that a view of now has.
    func everything(from minTime: Int64 = .min, to maxTime: Int64 = .max) throws -> [Labels: [Sample]] {
        let view = try querier(minTime: minTime, maxTime: maxTime)
        defer { view.close() }
        return try view.everything(from: minTime, to: maxTime)
    }

    func add(_ labels: Labels, _ samples: [Sample]) throws -> AppendResult {
        let ref = try resolve([labels])[0]
        return try appendBlocking(
            SampleBatch(
                refs: samples.map { _ in ref }, timestamps: samples.map(\.time),
                values: samples.map { Double(bitPattern: $0.bits) }))
    }
}

extension Querier {
    func everything(from minTime: Int64 = .min, to maxTime: Int64 = .max) throws -> [Labels: [Sample]] {
        let set = try select([], hints: SelectHints(minTime: minTime, maxTime: maxTime))
        var found: [Labels: [Sample]] = [:]
        for index in 0..<set.count {
            let buffer = SampleBuffer()
            try set.read(index, into: buffer)
            if buffer.count > 0 { found[set.labels(index)] = buffer.samples }
        }
        return found
    }
}
