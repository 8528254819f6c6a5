import CZlib

/// Why a body is not what gzip made.
struct GzipError: Error, CustomStringConvertible {
    let description: String
}

/// The content of a body in gzip's format, of all its members.
///
/// - Parameter bytesMax: the longest content accepted; no more than that is ever held.
/// - Source: RFC 1952.
func gunzipped(_ body: UnsafeRawBufferPointer, bytesMax: Int) throws(GzipError) -> [UInt8] {
    var stream = z_stream()
    // 15 + 16: a window of 2^15 bytes, and gzip's header.
    guard inflateInit2_(&stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
        throw GzipError(description: "gzip: no memory")
    }
    defer { inflateEnd(&stream) }
    stream.next_in = UnsafeMutablePointer(mutating: body.bindMemory(to: UInt8.self).baseAddress)
    stream.avail_in = UInt32(clamping: body.count)
    var content: [UInt8] = []
    while true {
        let status = withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 64 << 10) { part in
            stream.next_out = part.baseAddress
            stream.avail_out = UInt32(part.count)
            let status = inflate(&stream, Z_NO_FLUSH)
            content.append(contentsOf: UnsafeBufferPointer(rebasing: part[..<(part.count - Int(stream.avail_out))]))
            return status
        }
        guard content.count <= bytesMax else {
            throw GzipError(description: "gzip: content is longer than \(bytesMax) bytes")
        }
        if status == Z_STREAM_END {
            // Members may follow one another; their contents do too.
            if stream.avail_in == 0 { return content }
            inflateReset(&stream)
            continue
        }
        guard status == Z_OK, stream.avail_in > 0 || stream.avail_out == 0 else {
            throw GzipError(description: status == Z_OK ? "gzip: unexpected EOF" : "gzip: invalid content")
        }
    }
}
