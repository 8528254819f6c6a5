import Model
import Protobuf
import RemoteProtocol

extension WriteRequest {
    /// What a series says about its metric; equal where all references are.
    private struct MetadataReferences: Hashable {
        var name: Int
        var type: UInt64 = 0
        var help: UInt64 = 0
        var unit: UInt64 = 0
    }

    /// Request: symbols 4, timeseries 5. Fields may come in any order, so that the symbols are read first.
    mutating func readVersion2(_ message: UnsafeRawBufferPointer) throws(ProtobufError) {
        labels.symbols = try readSymbols(message)
        let nameSymbol = labels.symbols?.firstIndex { message[$0].elementsEqual(Labels.metricNameLabel.utf8) }
        var seen: Set<MetadataReferences> = []
        var budget = Limit.writeReferencedBytes
        var reader = ProtobufReader(message)
        while let (field, value) = try reader.next() {
            guard field == 5, case .bytes(let bytes) = value else { continue }
            guard let said = try readSeries2(bytes, nameSymbol) else { continue }
            if seen.insert(said).inserted { try appendMetadata(said, &budget) }
        }
    }

    private func readSymbols(_ message: UnsafeRawBufferPointer) throws(ProtobufError) -> [Range<Int>] {
        var symbols: [Range<Int>] = []
        var reader = ProtobufReader(message)
        while let (field, value) = try reader.next() {
            guard field == 4, case .bytes(let bytes) = value else { continue }
            guard symbols.count < Limit.writeSymbols else {
                throw ProtobufError(description: "more than \(Limit.writeSymbols) symbols in one request")
            }
            symbols.append(labels.range(bytes))
        }
        return symbols
    }

    /// TimeSeries: labels_refs 1, samples 2, histograms 3, exemplars 4, metadata 5, created_timestamp 6, which drafts of
    /// the specification had before there were start timestamps.
    ///
    /// - Returns: what it says about its metric, where it says something.
    private mutating func readSeries2(
        _ message: UnsafeRawBufferPointer, _ nameSymbol: Int?
    ) throws(ProtobufError) -> MetadataReferences? {
        let start = end
        var references: UnsafeRawBufferPointer?
        var referenceFields = 0
        var metadata: UnsafeRawBufferPointer?
        var created: Int64 = 0
        var reader = ProtobufReader(message)
        while true {
            reader.offset = readPlainSamples(message, from: reader.offset)
            guard let (field, value) = try reader.next() else { break }
            if field == 1 { referenceFields += 1 }
            switch value {
            case .bytes(let bytes):
                switch field {
                case 1: references = bytes
                case 2: try readSample(bytes)
                case 3: try readHistogram(bytes)
                case 4: try readExemplar(bytes)
                case 5: metadata = bytes
                default: break
                }
            case .varint(let number) where field == 6: created = Int64(bitPattern: number)
            default: break
            }
        }
        fillTimes(from: start, created: created)
        appendSeries(
            Series(source: labels.range(message), labels: referenceFields == 1 ? references : nil, start: start))
        guard let metadata, let nameSymbol, let references, referenceFields == 1 else { return nil }
        return try readReferences(metadata, of: references, nameSymbol)
    }

    /// Gives samples and histograms from `start` on that have no start time that of their series, and exemplars without
    /// a time that of the newest sample.
    private mutating func fillTimes(from start: Position, created: Int64) {
        if created != 0 {
            for index in start.sample..<values.count where startTimes.count <= index || startTimes[index] == 0 {
                setStartTime(created, of: index)
            }
            for index in start.histogram..<histograms.count where histograms[index].startTime == 0 {
                histograms[index].startTime = created
            }
        }
        let newest = max(
            values.count > start.sample ? timestamps[values.count - 1] : 0,
            histograms.count > start.histogram ? histograms[histograms.count - 1].timestamp : 0)
        for index in start.exemplar..<exemplars.count where exemplars[index].timestamp == 0 {
            exemplars[index].timestamp = newest
        }
    }

    /// Metadata: type 1, help_ref 3, unit_ref 4.
    private func readReferences(
        _ message: UnsafeRawBufferPointer, of series: UnsafeRawBufferPointer, _ nameSymbol: Int
    ) throws(ProtobufError) -> MetadataReferences? {
        var said = MetadataReferences(name: -1)
        var reader = ProtobufReader(message)
        while let (field, value) = try reader.next() {
            guard case .varint(let number) = value else { continue }
            switch field {
            case 1: said.type = number
            case 3: said.help = number
            case 4: said.unit = number
            default: break
            }
        }
        guard said.type != 0 || said.help != 0 || said.unit != 0 else { return nil }
        var references = ProtobufReader(series)
        while !references.isAtEnd {
            let name = try references.varint()
            guard !references.isAtEnd else { return nil }
            let value = try references.varint()
            if name == UInt64(nameSymbol) {
                said.name = Int(truncatingIfNeeded: value)
                return said
            }
        }
        return nil
    }

    /// Appends what a series says, under the name that its metric has in a page: that of the histogram or summary where
    /// the series is a part of one.
    private mutating func appendMetadata(_ said: MetadataReferences, _ budget: inout Int) throws(ProtobufError) {
        guard let name = labels.symbol(UInt64(truncatingIfNeeded: said.name)), let help = labels.symbol(said.help),
            let unit = labels.symbol(said.unit), !name.isEmpty
        else { return }
        guard max(name.count, help.count, unit.count) <= Limit.writeLabelBytes else { return }
        budget -= name.count + help.count + unit.count
        guard budget >= 0 else {
            throw ProtobufError(description: "metadata of more than \(Limit.writeReferencedBytes) bytes in one request")
        }
        let type = metricType(said.type)
        var metric = String(decoding: name, as: UTF8.self)
        if type == .histogram || type == .gaugehistogram || type == .summary {
            for suffix in ["_bucket", "_count", "_sum"] where metric.hasSuffix(suffix) {
                metric.removeLast(suffix.count)
                break
            }
        }
        metadata.append(
            MetricMetadata(
                metric: metric, type: type, help: String(decoding: help, as: UTF8.self),
                unit: String(decoding: unit, as: UTF8.self)))
    }
}
