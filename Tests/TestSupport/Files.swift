import Glibc

/// The bytes of a file.
public func readFile(_ path: String) throws -> [UInt8] {
    guard let file = fopen(path, "rb") else { throw TestFailure("cannot read \(path)", code: errno) }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
        let count = fread(&buffer, 1, buffer.count, file)
        if count == 0 { return bytes }
        bytes += buffer[..<count]
    }
}

/// The text of a file.
public func readText(_ path: String) throws -> String { String(decoding: try readFile(path), as: UTF8.self) }

/// Makes a file of these bytes, in place of what was there.
public func writeFile(_ path: String, _ bytes: [UInt8]) throws {
    guard let file = fopen(path, "wb") else { throw TestFailure("cannot write \(path)", code: errno) }
    let written = fwrite(bytes, 1, bytes.count, file)
    guard fclose(file) == 0, written == bytes.count else { throw TestFailure("cannot write \(path)", code: errno) }
}

/// Makes a file of this text, in place of what was there.
public func writeFile(_ path: String, _ text: String) throws { try writeFile(path, Array(text.utf8)) }

/// What an `errno` means.
func describe(_ code: Int32) -> String { String(cString: strerror(code)) }
