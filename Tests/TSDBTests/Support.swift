import Glibc
import Model
import TestSupport
import Testing

@testable import TSDB

/// Copies a database as a process that is killed at the moment leaves it.
///
/// - Parameter open: the database, where it is open. Its writer waits meanwhile, and the copy is made again where a
///   checkpoint has cut the log: pages of the log's first part would come over newer ones of the file.
func copyDatabase(_ from: String, _ to: String, whileOpen open: Database? = nil) throws {
    guard let open else { return try copyFiles(from, to) }
    try open.perform { (_) throws(StorageError) in
        do {
            try copyFiles(from, to)
        } catch {
            throw .io("\(error)")
        }
    }
}

private func copyFiles(_ from: String, _ to: String) throws {
    mkdir(to, 0o755)
    let (log, file) = (Database.fileName + "-wal", Database.fileName)
    while true {
        let logBytes = bytes(log)
        let fileBytes = bytes(file)
        guard bytes(log) == logBytes else { continue }
        if !logBytes.isEmpty { try writeFile("\(to)/\(log)", logBytes) }
        if !fileBytes.isEmpty { try writeFile("\(to)/\(file)", fileBytes) }
        return
    }
    func bytes(_ name: String) -> [UInt8] { (try? readFile("\(from)/\(name)")) ?? [] }
}

/// A clock that says what it is told.
struct FixedClock: WallClock {
    let now: Int64
    func nowMs() -> Int64 { now }
}

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

    /// The start time that each of its samples has, by the sample's time.
    var startTimesByTime: [Int64: Int64] {
        Dictionary(uniqueKeysWithValues: (0..<count).map { (timestamps[$0], startTime(at: $0)) })
    }
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
