import Glibc

/// One connection to a server on loopback, opened when needed and kept. Its calls block.
final class HTTPClient {
    private static let timeoutSeconds = 300
    private static let answerBytesMax = 1 << 30

    private let port: Int
    private var descriptor: Int32 = -1
    private var received: [UInt8] = []
    private var consumed = 0
    private var chunk = [UInt8](repeating: 0, count: 256 << 10)

    init(port: Int) { self.port = port }

    deinit { close() }

    func close() {
        if descriptor >= 0 { _ = Glibc.close(descriptor) }
        descriptor = -1
    }

    /// Sends a request and reads its answer; once more where a kept connection turns out to be closed.
    func request(
        _ method: String, _ target: String, headers: [(String, String)] = [], body: [UInt8] = []
    ) throws -> (status: Int, body: [UInt8]) {
        var head = "\(method) \(target) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\n"
        if method == "POST" { head += "Content-Length: \(body.count)\r\n" }
        for (name, value) in headers { head += "\(name): \(value)\r\n" }
        head += "\r\n"
        if descriptor >= 0, let answer = try? exchange(Array(head.utf8), body) { return answer }
        close()
        try connect()
        return try exchange(Array(head.utf8), body)
    }

    private func connect() throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw failure("open a socket") }
        var timeout = timeval(tv_sec: HTTPClient.timeoutSeconds, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        var on: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
        let code = withLoopback(port: port) { Glibc.connect(descriptor, $0, $1) }
        guard code == 0 else { throw failure("connect") }
        received.removeAll(keepingCapacity: true)
        consumed = 0
    }

    private func exchange(_ head: [UInt8], _ body: [UInt8]) throws -> (status: Int, body: [UInt8]) {
        try send(head)
        try send(body)
        let words = try line().split(separator: " ")
        guard words.count >= 2, let status = Int(words[1]) else { throw BenchmarkError("no HTTP status line") }
        var length = 0
        var isChunked = false
        var isLast = false
        while case let header = try line().lowercased(), !header.isEmpty {
            let parts = header.split(separator: ":", maxSplits: 1).map { $0.drop { $0 == " " } }
            guard parts.count == 2 else { continue }
            if parts[0] == "content-length" { length = Int(parts[1]) ?? 0 }
            if parts[0] == "transfer-encoding" { isChunked = parts[1] == "chunked" }
            if parts[0] == "connection" { isLast = parts[1] == "close" }
        }
        let answer = status == 204 ? [] : try isChunked ? chunks() : take(length)
        if isLast { close() }
        return (status, answer)
    }

    private func chunks() throws -> [UInt8] {
        var bytes: [UInt8] = []
        while true {
            guard let count = Int(try line(), radix: 16) else { throw BenchmarkError("no HTTP chunk size") }
            bytes += try take(count)
            _ = try line()
            if count == 0 { return bytes }
        }
    }

    private func send(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            // SAFETY: the range that is sent lies inside the array.
            let count = bytes.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress! + sent, bytes.count - sent, Int32(MSG_NOSIGNAL))
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw failure("send") }
            sent += count
        }
    }

    private func line() throws -> String {
        var scanned = consumed
        while true {
            while scanned < received.count, received[scanned] != 10 { scanned += 1 }
            if scanned < received.count { break }
            scanned -= consumed
            try fill()
        }
        defer { consumed = scanned + 1 }
        let end = scanned > consumed && received[scanned - 1] == 13 ? scanned - 1 : scanned
        return String(decoding: received[consumed..<end], as: UTF8.self)
    }

    private func take(_ count: Int) throws -> [UInt8] {
        guard count >= 0, count <= HTTPClient.answerBytesMax else {
            throw BenchmarkError("an answer of \(count) bytes")
        }
        while received.count - consumed < count { try fill() }
        defer { consumed += count }
        return Array(received[consumed..<consumed + count])
    }

    /// Waits for more; what has been read already makes room for it.
    private func fill() throws {
        if consumed > 0 {
            received.removeFirst(consumed)
            consumed = 0
        }
        var count = -1
        repeat { count = recv(descriptor, &chunk, chunk.count, 0) } while count < 0 && errno == EINTR
        guard count > 0 else {
            throw count == 0 ? BenchmarkError("port \(port) closed the connection") : failure("receive")
        }
        received += chunk[..<count]
    }

    private func failure(_ verb: String) -> BenchmarkError {
        BenchmarkError("cannot \(verb), port \(port): \(String(cString: strerror(errno)))")
    }
}

/// A port of 127.0.0.1 that nobody listens on now.
func freePort() throws -> Int {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    guard withLoopback(port: 0, { bind(descriptor, $0, $1) }) == 0 else { throw BenchmarkError("no free port") }
    // SAFETY: the kernel writes at most `length` bytes, the size of the structure.
    let code = withUnsafeMutablePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
    }
    guard code == 0 else { throw BenchmarkError("no free port") }
    return Int(UInt16(bigEndian: address.sin_port))
}

private func withLoopback(port: Int, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(port).bigEndian
    address.sin_addr.s_addr = UInt32(INADDR_LOOPBACK).bigEndian
    // SAFETY: a sockaddr_in is a sockaddr of the family that it names, and the pointer does not leave the closure.
    return withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
    }
}
