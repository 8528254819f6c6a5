import Model
import Protobuf
import RemoteProtocol

extension WriteRequest {
    /// WriteRequest: timeseries 1, metadata 3.
    mutating func readVersion1(_ message: UnsafeRawBufferPointer) throws(ProtobufError) {
        var reader = ProtobufReader(message)
        while let (field, value) = try reader.next() {
            guard case .bytes(let bytes) = value else { continue }
            switch field {
            case 1: try readSeries1(bytes)
            case 3: try readMetadata(bytes)
            default: break
            }
        }
    }

    /// TimeSeries: labels 1, samples 2, exemplars 3, histograms 4.
    private mutating func readSeries1(_ message: UnsafeRawBufferPointer) throws(ProtobufError) {
        var reader = ProtobufReader(message)
        let start = end
        var labelsStart = 0
        var labelsEnd = 0
        var isScattered = false
        while true {
            reader.offset = readPlainSamples(message, from: reader.offset)
            let fieldStart = reader.offset
            guard let (field, value) = try reader.next() else { break }
            if field == 1 {
                if labelsEnd == 0 {
                    labelsStart = fieldStart
                } else if labelsEnd != fieldStart {
                    isScattered = true
                }
                labelsEnd = reader.offset
            } else if case .bytes(let bytes) = value {
                switch field {
                case 2: try readSample(bytes)
                case 3: try readExemplar(bytes)
                case 4: try readHistogram(bytes)
                default: break
                }
            }
        }
        let together = UnsafeRawBufferPointer(rebasing: message[labelsStart..<labelsEnd])
        appendSeries(
            Series(
                source: labels.range(isScattered ? message : together), labels: isScattered ? nil : together,
                start: start))
    }

    /// MetricMetadata: type 1, family 2, help 4, unit 5.
    private mutating func readMetadata(_ message: UnsafeRawBufferPointer) throws(ProtobufError) {
        var type = MetricMetadata.MetricType.unknown
        var texts: [UInt64: String] = [:]
        var reader = ProtobufReader(message)
        while let (field, value) = try reader.next() {
            switch value {
            case .varint(let number) where field == 1: type = metricType(number)
            case .bytes(let bytes) where field == 2 || field == 4 || field == 5:
                texts[field] = String(decoding: bytes, as: UTF8.self)
            default: break
            }
        }
        guard let name = texts[2], !name.isEmpty else { return }
        metadata.append(MetricMetadata(metric: name, type: type, help: texts[4] ?? "", unit: texts[5] ?? ""))
    }
}
