import Model
import Protobuf

/// Which series are made of the histograms of a page.
public struct HistogramChoice: Sendable, Equatable {
    /// Whether native histograms are taken; otherwise the classic buckets of the same histograms are.
    public var takesNative = false
    /// Whether classic buckets are taken also of histograms that have a native one.
    public var takesClassicToo = false
    /// Whether native histograms with custom buckets are made of classic ones.
    public var convertsClassic = false

    public init() {}
}

/// Reads a page of delimited `io.prometheus.client.MetricFamily` messages, metric by metric.
///
/// - Source: https://github.com/prometheus/client_model, `metrics.proto`; series and their order as Prometheus 3.5 makes
///   them.
public struct ProtobufPage {
    // SAFETY: the bytes have to outlive this value; `ProtobufReader` checks every access.
    private var page: ProtobufReader
    /// What is left of the family that is being read.
    private var family: ProtobufReader?
    private var familyStart = 0
    private var metric: MetricReader
    private let choice: HistogramChoice
    private let headBytesMax: Int

    /// The bytes that names and labels of all series may have together, written out for each: as much as this for any
    /// page, and this many times the page's own bytes besides. Histograms of a hundred buckets have a dozen times.
    private static let headBytesAlways = 16 << 20
    private static let headBytesPerByte = 16

    /// - Parameter page: must outlive this value.
    public init(_ page: UnsafeRawBufferPointer, _ choice: HistogramChoice) {
        self.page = ProtobufReader(page)
        self.choice = choice
        headBytesMax = ProtobufPage.headBytesAlways + page.count * ProtobufPage.headBytesPerByte
        metric = MetricReader(kind: .counter, choice: choice)
    }

    /// Reads the next lines, which are those of one metric or the comments of a family, in place of what `lines` held.
    ///
    /// - Returns: false at the end of the page.
    /// - Throws: with the family's name and place.
    public mutating func next(_ lines: inout ExposedMetric) throws(ExpositionError) -> Bool {
        lines.removeAll()
        if page.offset == 0 { lines.headBytesLeft = headBytesMax }
        do throws(ProtobufError) {
            while family != nil {
                guard let next = try family?.next() else {
                    family = nil
                    break
                }
                guard case (4, .bytes(let message)) = next else { continue }
                try metric.read(message, &lines)
                return true
            }
            while !page.isAtEnd {
                familyStart = page.offset
                lines.name = ""
                let message = try page.lengthDelimited()
                guard try hasMetrics(message) else { continue }
                try begin(message, &lines)
                family = ProtobufReader(message)
                return true
            }
            return false
        } catch {
            let name = lines.name.isEmpty ? "" : " \(quotedText(lines.name.utf8.prefix(200)))"
            throw ExpositionError(reason: "cannot decode the metric family\(name) at byte \(familyStart): \(error)")
        }
    }

    /// Whether a family has any metric; one that has none says nothing, whatever else it holds.
    private func hasMetrics(_ message: UnsafeRawBufferPointer) throws(ProtobufError) -> Bool {
        var reader = ProtobufReader(message)
        while let (field, value) = try reader.next() {
            if case (4, .bytes) = (field, value) { return true }
        }
        return false
    }

    /// MetricFamily: name 1, help 2, type 3, metric 4, unit 5.
    private mutating func begin(
        _ message: UnsafeRawBufferPointer, _ lines: inout ExposedMetric
    ) throws(ProtobufError) {
        var (help, unit, type) = ("", "", UInt64(0))
        var reader = ProtobufReader(message)
        while let (field, value) = try reader.next() {
            switch (field, value) {
            case (1, .bytes(let bytes)): lines.name = try text(bytes, "metric name")
            case (2, .bytes(let bytes)): help = try text(bytes, "help text")
            case (3, .varint(let number)): type = number
            case (5, .bytes(let bytes)): unit = try text(bytes, "unit")
            default: break
            }
        }
        guard !lines.name.isEmpty else { throw ProtobufError(description: "invalid metric name: \"\"") }
        guard let kind = MetricReader.Kind(rawValue: type) else {
            throw ProtobufError(description: "unknown metric type \(type)")
        }
        guard unit.isEmpty || isUnit(unit, of: lines.name) else {
            throw ProtobufError(
                description: "unit \(quotedText(unit.utf8)) not a suffix of metric \(quotedText(lines.name.utf8))")
        }
        if !help.isEmpty { lines.append(.help(metric: lines.name, text: help)) }
        lines.append(.type(metric: lines.name, kind.metricType))
        if !unit.isEmpty { lines.append(.unit(metric: lines.name, unit)) }
        metric = MetricReader(kind: kind, choice: choice)
    }
}

extension ExpositionError {
    /// An error of a page that has no lines.
    init(reason: String) { self.init(line: 0, column: 0, reason: reason) }
}

/// The bytes as text, which has to be UTF-8.
func text(_ bytes: UnsafeRawBufferPointer, _ what: String) throws(ProtobufError) -> String {
    guard let text = String(validating: bytes, as: UTF8.self) else {
        throw ProtobufError(description: "expected valid UTF-8 in the \(what), found \(quotedText(bytes.prefix(40)))")
    }
    return text
}
