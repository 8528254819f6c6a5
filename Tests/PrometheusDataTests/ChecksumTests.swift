import Testing

@testable import PrometheusData

@Suite struct ChecksumTests {
    @Test(
        arguments: [
            ("", 0), ("123456789", 0xE306_9283), ("The quick brown fox jumps over the lazy dog", 0x2262_0404),
        ] as [(String, UInt32)])
    func isCastagnolis(_ text: String, _ expected: UInt32) {
        let bytes = Array(text.utf8)
        #expect(bytes.withUnsafeBytes { crc32c($0) } == expected)
        for cut in 0...bytes.count {
            let first = bytes[..<cut].withUnsafeBytes { crc32c($0) }
            #expect(bytes[cut...].withUnsafeBytes { crc32c($0, seed: first) } == expected)
        }
    }
}
