import Exposition
import Model
import TestSupport

@testable import Scraper

/// Pages that cannot be read, each with what is said of it.
enum PageCorpus {
    struct Page {
        var format: ExpositionFormat
        var bytes: [UInt8]
        var message: String
        /// As the file has it.
        var line: String
    }

    /// One page a line: the format, the page with escapes or, of protobuf, in hexadecimal, and the message.
    static func brokenPages() throws -> [Page] {
        let folder = #filePath.split(separator: "/").dropLast(2).joined(separator: "/")
        let text = String(decoding: try readFile("/\(folder)/Corpora/broken-pages.tsv"), as: UTF8.self)
        return try text.split(separator: "\n").map { line in
            let fields = line.split(separator: "\t", omittingEmptySubsequences: false)
            guard fields.count == 3 else { throw TestFailure("expected three fields: \(line)") }
            switch fields[0] {
            case "text":
                return Page(format: .text, bytes: unescaped(fields[1]), message: "\(fields[2])", line: "\(line)")
            case "openmetrics":
                return Page(format: .openMetrics, bytes: unescaped(fields[1]), message: "\(fields[2])", line: "\(line)")
            case "protobuf":
                return Page(format: .protobuf, bytes: hexadecimal(fields[1]), message: "\(fields[2])", line: "\(line)")
            default: throw TestFailure("expected a format: \(line)")
            }
        }
    }

    private static func unescaped(_ text: Substring) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\"), let escape = rest.popFirst() else {
                bytes.append(byte)
                continue
            }
            switch escape {
            case UInt8(ascii: "n"): bytes.append(0x0a)
            case UInt8(ascii: "t"): bytes.append(0x09)
            case UInt8(ascii: "x"):
                bytes += hexadecimal(String(decoding: rest.prefix(2), as: UTF8.self)[...])
                rest = rest.dropFirst(2)
            default: bytes.append(escape)
            }
        }
        return bytes
    }

    private static func hexadecimal(_ text: Substring) -> [UInt8] {
        let digits = text.utf8.map { UInt8(String(UnicodeScalar($0)), radix: 16) ?? 0 }
        return stride(from: 0, to: digits.count - 1, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }
}

/// Reads a page behind no other, with everything on.
func readAlone(
    _ page: [UInt8], _ format: ExpositionFormat, _ settings: PageSettings = .everything,
    limits: ScrapeLimits = ScrapeLimits()
) -> (reader: PageReader, message: String?) {
    let labeller = SampleLabeller(targetLabels: .empty, honorLabels: false, rules: [], limits: limits)
    var reader = PageReader(previous: PageLayout(), previousRefs: [], labeller: labeller, settings: settings)
    do throws(ScrapeFailure) {
        try page.withUnsafeBufferPointer { (bytes) throws(ScrapeFailure) in try reader.read(bytes, format) }
        return (reader, nil)
    } catch {
        return (reader, error.message)
    }
}

extension PageSettings {
    static var everything: PageSettings {
        var settings = PageSettings()
        settings.histograms.takesNative = true
        settings.histograms.takesClassicToo = true
        return settings
    }
}
