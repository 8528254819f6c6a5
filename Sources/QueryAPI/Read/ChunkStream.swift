import Model
import RemoteProtocol

/// The answer to a remote read as frames of chunks, made while it is sent: one series at a time is in memory.
///
/// 1. Each query opens a view of the store when its turn comes.
/// 2. Of each series frames follow that hold as many chunks as fit.
final class ChunkStream: @unchecked Sendable {
    // SAFETY: whoever sends the answer asks for one part after the other; nobody else has this object.

    private let queries: [ReadRequest.Query]
    private let queryable: any Queryable
    private let externalLabels: Labels
    private let frameBytesMax: Int
    private let buffer = SampleBuffer()
    private var queryIndex = 0
    private var querier: (any Querier)?
    private var selection: ReadSelection?
    private var seriesIndex = 0
    /// What was made before it was asked for.
    private var first: [UInt8]?

    init(
        _ queries: [ReadRequest.Query], _ queryable: any Queryable, _ externalLabels: Labels, frameBytesMax: Int
    ) {
        self.queries = queries
        self.queryable = queryable
        self.externalLabels = externalLabels
        self.frameBytesMax = frameBytesMax
    }

    deinit { querier?.close() }

    /// Makes the first part, so that a store that cannot be read is known before an answer begins.
    func begin() throws(StorageError) { first = try next() }

    /// The next part, about ``Limit/chunkBytes`` long or one series; nil at the end.
    func next() throws(StorageError) -> [UInt8]? {
        if let first {
            self.first = nil
            return first
        }
        var out: [UInt8] = []
        while out.count < Limit.chunkBytes, queryIndex < queries.count {
            guard let selection = try openedSelection() else { break }
            if seriesIndex < selection.count {
                try appendSeries(selection, to: &out)
                seriesIndex += 1
            } else {
                closeQuery()
            }
        }
        return out.isEmpty ? nil : out
    }

    private func openedSelection() throws(StorageError) -> ReadSelection? {
        if let selection { return selection }
        let query = queries[queryIndex]
        let opened = try queryable.querier(minTime: query.range.min, maxTime: query.range.max)
        querier = opened
        selection = try ReadSelection(query, opened, externalLabels)
        return selection
    }

    private func closeQuery() {
        querier?.close()
        (querier, selection, seriesIndex) = (nil, nil, 0)
        queryIndex += 1
    }

    private func appendSeries(_ selection: ReadSelection, to out: inout [UInt8]) throws(StorageError) {
        let labels = selection.labels(seriesIndex)
        // A frame without chunks: the asker wants the labels alone.
        if selection.isSeriesOnly {
            return ReadFrame(labels: labels, chunks: [], queryIndex: queryIndex).append(to: &out)
        }
        try selection.read(seriesIndex, into: buffer)
        var writer = ChunkWriter(buffer)
        var frame = ReadFrame(labels: labels, chunks: [], queryIndex: queryIndex)
        let room = frameBytesMax - labels.encoded.count
        var bytes = 0
        while let chunk = writer.chunk() {
            if bytes > 0, bytes + chunk.encodedBytes > room {
                frame.append(to: &out)
                frame.chunks.removeAll()
                bytes = 0
            }
            frame.chunks.append(chunk)
            bytes += chunk.encodedBytes
        }
        if !frame.chunks.isEmpty { frame.append(to: &out) }
    }
}
