import Glibc
import NIOPosix

/// An answer as it came over the wire.
struct HTTPAnswer {
    var status = 0
    var headers: [(name: String, value: String)] = []
    var body: [UInt8] = []

    var text: String { String(decoding: body, as: UTF8.self) }

    func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }
}

struct HTTPClientError: Error {
    let reason: String
}

/// Threads for sockets: a test that blocked one of the few cooperative threads could block the server it talks to.
private let socketThreads: NIOThreadPool = {
    let pool = NIOThreadPool(numberOfThreads: 32)
    pool.start()
    return pool
}()

/// Runs `body`, which may block, away from the cooperative threads.
func onSocketThread<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await socketThreads.runIfActive(body)
}

/// A connection that says exactly what it is told to: no library stands between a test and the server.
///
/// Used by one task at a time.
final class HTTPClient: @unchecked Sendable {
    // SAFETY: a test awaits each call before it makes the next.
    private let descriptor: Int32
    private var received: [UInt8] = []
    private var consumed = 0

    init(port: Int, receiveTimeoutSeconds: Int = 10) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var timeout = timeval(tv_sec: receiveTimeoutSeconds, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard status == 0 else { throw HTTPClientError(reason: "connect: \(errno)") }
    }

    deinit { close(descriptor) }

    func send(_ text: String) async throws { try await send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) async throws {
        try await socketThreads.runIfActive { try self.sendNow(bytes) }
    }

    private func sendNow(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress! + sent, bytes.count - sent, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw HTTPClientError(reason: "send: \(errno)") }
            sent += count
        }
    }

    func send(
        _ method: String, _ target: String, headers: [(String, String)] = [], body: [UInt8] = []
    ) async throws {
        var head = "\(method) \(target) HTTP/1.1\r\nHost: test\r\n"
        if !body.isEmpty || method == "POST" || method == "PUT" { head += "Content-Length: \(body.count)\r\n" }
        for (name, value) in headers { head += "\(name): \(value)\r\n" }
        try await send(Array((head + "\r\n").utf8) + body)
    }

    /// Closes the sending side.
    func finishSending() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// Reads one answer.
    func receive(head: Bool = false) async throws -> HTTPAnswer {
        try await socketThreads.runIfActive { try self.receiveNow(head: head) }
    }

    private func receiveNow(head: Bool) throws -> HTTPAnswer {
        var answer = HTTPAnswer()
        let statusLine = try line().split(separator: " ")
        guard statusLine.count >= 2, let status = Int(statusLine[1]) else {
            throw HTTPClientError(reason: "status line \(statusLine)")
        }
        answer.status = status
        while true {
            let line = try line()
            if line.isEmpty { break }
            guard let colon = line.firstIndex(of: ":") else { throw HTTPClientError(reason: "header \(line)") }
            let value = line[line.index(after: colon)...].drop { $0 == " " }
            answer.headers.append((String(line[..<colon]), String(value)))
        }
        if head || status == 204 || status == 304 { return answer }
        if answer.header("Transfer-Encoding") == "chunked" {
            while true {
                guard let count = Int(try line(), radix: 16) else { throw HTTPClientError(reason: "chunk size") }
                answer.body += try take(count)
                _ = try line()
                if count == 0 { break }
            }
        } else if let length = answer.header("Content-Length").flatMap({ Int($0) }) {
            answer.body = try take(length)
        }
        return answer
    }

    func request(
        _ method: String, _ target: String, headers: [(String, String)] = [], body: [UInt8] = []
    ) async throws -> HTTPAnswer {
        try await send(method, target, headers: headers, body: body)
        return try await receive(head: method == "HEAD")
    }

    /// Whether the server has closed the connection; waits for it.
    func isClosedByServer() async throws -> Bool {
        try await socketThreads.runIfActive {
            var byte: UInt8 = 0
            return recv(self.descriptor, &byte, 1, 0) == 0 || errno != EAGAIN
        }
    }

    private func line() throws -> String {
        var end = consumed
        while true {
            while end + 1 < received.count {
                if received[end] == 13, received[end + 1] == 10 {
                    let line = String(decoding: received[consumed..<end], as: UTF8.self)
                    consumed = end + 2
                    return line
                }
                end += 1
            }
            let scanned = end - consumed
            try fill()
            end = consumed + scanned
        }
    }

    private func take(_ count: Int) throws -> [UInt8] {
        while received.count - consumed < count { try fill() }
        defer { consumed += count }
        return Array(received[consumed..<consumed + count])
    }

    private func fill() throws {
        received.removeFirst(consumed)
        consumed = 0
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        let count = recv(descriptor, &chunk, chunk.count, 0)
        guard count > 0 else { throw HTTPClientError(reason: count == 0 ? "closed" : "recv: \(errno)") }
        received += chunk[..<count]
    }
}

/// `text` so that it can stand in a URL or form.
func percentEncoded(_ text: String) -> String {
    text.utf8.map { byte in
        let isPlain = byte >= 0x30 && byte <= 0x39 || byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7a || byte == 0x5f
        let hex = String(byte, radix: 16)
        return isPlain ? String(UnicodeScalar(byte)) : "%" + (hex.count < 2 ? "0" : "") + hex
    }.joined()
}

func form(_ parameters: [(String, String)]) -> String {
    parameters.map { "\($0.0)=\(percentEncoded($0.1))" }.joined(separator: "&")
}
