import CSnappy

/// Why a body is no block in snappy's format.
package struct SnappyError: Error, CustomStringConvertible {
    package let description: String

    static let corrupt = SnappyError(description: "snappy: corrupt input")
}

/// The content of a block in snappy's block format.
///
/// - Parameter bytesMax: the longest content accepted; the length that the block declares is checked before anything is
///   allocated.
/// - Source: https://github.com/google/snappy/blob/main/format_description.txt
package func snappyDecompressed(_ block: UnsafeRawBufferPointer, bytesMax: Int) throws(SnappyError) -> [UInt8] {
    let input = block.bindMemory(to: CChar.self)
    var length = 0
    guard snappy_uncompressed_length(input.baseAddress, input.count, &length) == SNAPPY_OK else { throw .corrupt }
    guard length <= bytesMax else {
        throw SnappyError(description: "snappy: decoded length \(length) exceeds limit \(bytesMax)")
    }
    var isWhole = false
    let content = [UInt8](unsafeUninitializedCapacity: length) { output, count in
        var written = length
        let status = output.withMemoryRebound(to: CChar.self) {
            snappy_uncompress(input.baseAddress, input.count, $0.baseAddress, &written)
        }
        isWhole = status == SNAPPY_OK && written == length
        count = isWhole ? length : 0
    }
    guard isWhole else { throw .corrupt }
    return content
}

/// `content` as a block in snappy's block format.
package func snappyCompressed(_ content: [UInt8]) -> [UInt8] {
    var length = snappy_max_compressed_length(content.count)
    return [UInt8](unsafeUninitializedCapacity: length) { output, count in
        content.withUnsafeBytes { input in
            let input = input.bindMemory(to: CChar.self)
            output.withMemoryRebound(to: CChar.self) {
                let status = snappy_compress(input.baseAddress, input.count, $0.baseAddress, &length)
                precondition(status == SNAPPY_OK, "BUG: snappy has no room for what it says is the most")
            }
        }
        count = length
    }
}
