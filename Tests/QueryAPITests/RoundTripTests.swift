import Model
import TestSupport
import Testing

@testable import QueryAPI
@testable import RemoteProtocol

/// What is written of something made at random is read back as that.
@Suite struct RoundTripTests {
    @Test func everyEncodedStringDecodesToItself() throws {
        var random = SeededGenerator(seed: 7)
        for _ in 0..<2000 {
            let scalars = (0..<random.below(20)).compactMap { _ in Unicode.Scalar(UInt32(random.below(0x11_0000))) }
            var text = ""
            text.unicodeScalars.append(contentsOf: scalars)
            var form = QueryAPI.Form()
            try form.add("x=1&k=\(percentEncoded(text))&y".utf8)
            #expect(form["k"].utf8.elementsEqual(text.utf8))
            #expect(form.problem == nil)
            #expect(form.parameters.map(\.name) == ["x", "k", "y"])
        }
    }

    @Test func formattedTimesAreReadBack() {
        var random = SeededGenerator(seed: 5)
        for _ in 0..<20_000 {
            // Years 0000 to 9999.
            let time = Int64(random.below(315_569_520_000_000)) - 62_167_219_200_000
            #expect(CivilTime.parse(CivilTime.format(time)) == time)
        }
    }

    @Test func everyByteStringBecomesValidJSON() throws {
        var random = SeededGenerator(seed: 41)
        for _ in 0..<5000 {
            let bytes = (0..<random.below(30)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
            for escaping in [JSONEscaping.minimal, .html] {
                var out: [UInt8] = []
                bytes.withUnsafeBufferPointer { out.appendJSONString($0, escaping) }
                let text = try #require(String(validating: out, as: UTF8.self))
                #expect(text.dropFirst().dropLast().unicodeScalars.allSatisfy { $0.value >= 0x20 })
                #expect(unescaped(text) == String(decoding: bytes, as: UTF8.self))
            }
        }
    }
}

/// The text of a JSON string.
private func unescaped(_ json: String) -> String? {
    var rest = json.unicodeScalars.dropFirst().dropLast()
    var text = String.UnicodeScalarView()
    while let scalar = rest.popFirst() {
        guard scalar == "\\" else {
            if scalar == "\"" { return nil }
            text.append(scalar)
            continue
        }
        switch rest.popFirst() {
        case "n": text.append("\n")
        case "r": text.append("\r")
        case "t": text.append("\t")
        case "u":
            guard let code = UInt32(String(rest.prefix(4)), radix: 16), let scalar = Unicode.Scalar(code) else {
                return nil
            }
            text.append(scalar)
            rest = rest.dropFirst(4)
        case let other?: text.append(other)
        case nil: return nil
        }
    }
    return String(text)
}

extension SeededGenerator {
    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }
}
