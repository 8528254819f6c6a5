import Model
import Protobuf
import RemoteProtocol

/// Why a remote read has no answer.
enum ReadError: Error {
    case tooMany(String)
    case storage(StorageError)
}

/// The samples of a remote read in one message, compressed. It has to be held as a whole, because a block in snappy's
/// format begins with its length; ``ChunkStream`` does not.
///
/// - Source: Prometheus, `prompb/remote.proto`: ReadResponse, its results 1, their series 1, of these labels 1, samples 2
///   and histograms 4.
func samplesAnswer(
    _ queries: [ReadRequest.Query], _ queryable: any Queryable, _ externalLabels: Labels, samplesMax: Int
) throws(ReadError) -> [UInt8] {
    var response = ProtobufWriter()
    var count = 0
    let buffer = SampleBuffer()
    for query in queries {
        var result = ProtobufWriter()
        do throws(StorageError) {
            let querier = try queryable.querier(minTime: query.range.min, maxTime: query.range.max)
            defer { querier.close() }
            let selection = try ReadSelection(query, querier, externalLabels)
            for index in 0..<selection.count {
                buffer.removeAll()
                if !selection.isSeriesOnly { try selection.read(index, into: buffer) }
                guard buffer.count > 0 || selection.isSeriesOnly else { continue }
                count += buffer.count
                if samplesMax > 0, count > samplesMax { break }
                result.message(1) { $0.series(selection.labels(index), buffer) }
                if response.bytes.count + result.bytes.count > Limit.readAnswerBytes { break }
            }
        } catch {
            throw .storage(error)
        }
        if samplesMax > 0, count > samplesMax { throw .tooMany("exceeded sample limit (\(samplesMax))") }
        if response.bytes.count + result.bytes.count > Limit.readAnswerBytes {
            throw .tooMany(
                "the answer exceeds \(Limit.readAnswerBytes >> 20) MiB; ask for less, or for STREAMED_XOR_CHUNKS")
        }
        response.bytes(1, result.bytes)
    }
    return snappyCompressed(response.bytes)
}

extension ProtobufWriter {
    fileprivate mutating func series(_ labels: Labels, _ buffer: SampleBuffer) {
        self.labels(1, labels)
        let histograms = buffer.histograms
        var next = 0
        for index in 0..<buffer.count {
            if next < histograms.count, histograms[next].index == index {
                next += 1
            } else {
                sample(2, buffer.timestamps[index], buffer.values[index])
            }
        }
        for one in histograms { histogram(4, buffer.timestamps[one.index], one.histogram) }
    }
}
