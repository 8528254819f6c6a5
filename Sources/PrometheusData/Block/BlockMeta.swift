import FoundationEssentials

/// What is needed of a block's `meta.json`.
struct BlockMeta: Decodable {
    struct Stats: Decodable {
        var numSamples: Int64?
    }
    struct Parent: Decodable {
        var ulid: String
    }
    struct Compaction: Decodable {
        var parents: [Parent]?
        var hints: [String]?
        var deletable: Bool?
    }

    var ulid: String
    /// Milliseconds since the Unix epoch, as are all times here.
    var minTime: Int64
    /// One past the last time.
    var maxTime: Int64
    var version: Int
    var stats: Stats?
    var compaction: Compaction?

    /// Whether it holds what came out of order, or of stale series alone, so that it tells nothing of how far the others
    /// reach.
    var isPartial: Bool { compaction?.hints?.contains { $0.hasPrefix("from-") } ?? false }

    /// The largest file that is read, in bytes; it grows with the number of parents.
    private static let bytesMax: Int64 = 16 << 20

    init(path: String) throws(FormatError) {
        let bytes = try DataFile.readAll(path, bytesMax: BlockMeta.bytesMax)
        do {
            self = try JSONDecoder().decode(BlockMeta.self, from: Data(bytes))
        } catch {
            throw FormatError(at: 0, "expected a block's metadata as JSON: \(Self.reason(error))")
        }
        guard version == 1 else { throw FormatError(at: 0, "expected version 1, found \(version)") }
        guard minTime <= maxTime else {
            throw FormatError(at: 0, "expected minTime before maxTime, found \(minTime) and \(maxTime)")
        }
    }

    private static func reason(_ error: any Error) -> String {
        switch error {
        case DecodingError.keyNotFound(let key, _): "\(key.stringValue) is missing"
        case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context),
            DecodingError.dataCorrupted(let context):
            context.codingPath.isEmpty
                ? "it is none" : context.codingPath.map(\.stringValue).joined(separator: ".") + " is none"
        default: "it is none"
        }
    }
}
