import Glibc

/// An answer as it came over the wire.
public struct HTTPAnswer: Sendable {
    public var status = 0
    public var headers: [(name: String, value: String)] = []
    public var body: [UInt8] = []

    public var text: String { String(decoding: body, as: UTF8.self) }

    /// The value of the first header of this name, in whatever case.
    public func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }
}

/// A connection that says exactly what it is told to: no library stands between a test and the server. Its calls block.
public final class HTTPConnection {
    private let descriptor: Int32
    private var received: [UInt8] = []
    private var consumed = 0

    /// Connects to a port of 127.0.0.1.
    public init(port: Int, receiveTimeoutSeconds: Int = 60) throws {
        descriptor = try connectedSocket(port: port)
        var timeout = timeval(tv_sec: receiveTimeoutSeconds, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close(descriptor) }

    public func send(_ bytes: [UInt8]) throws {
        guard sendAll(bytes, descriptor) else { throw TestFailure("cannot send", code: errno) }
    }

    /// Sends a request, with its length where it has a body or its method asks for one.
    public func send(
        _ method: String, _ target: String, headers: [(String, String)] = [], body: [UInt8] = []
    ) throws {
        var head = "\(method) \(target) HTTP/1.1\r\nHost: test\r\n"
        if !body.isEmpty || method == "POST" || method == "PUT" { head += "Content-Length: \(body.count)\r\n" }
        for (name, value) in headers { head += "\(name): \(value)\r\n" }
        try send(Array((head + "\r\n").utf8) + body)
    }

    /// Reads until what came holds `text`, and takes it.
    public func received(until text: String) throws -> String {
        while true {
            let seen = String(decoding: received[consumed...], as: UTF8.self)
            if seen.contains(text) {
                consumed = received.count
                return seen
            }
            try fill()
        }
    }

    /// Ends the connection both ways.
    public func finish() { shutdown(descriptor, Int32(SHUT_RDWR)) }

    /// Closes the sending side.
    public func finishSending() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// Whether the server has closed the connection; waits for it.
    public func isClosedByServer() -> Bool {
        var byte: UInt8 = 0
        return recv(descriptor, &byte, 1, 0) == 0 || errno != EAGAIN
    }

    /// Sends a request and reads its answer.
    public func request(
        _ method: String, _ target: String, headers: [(String, String)] = [], body: [UInt8] = []
    ) throws -> HTTPAnswer {
        try send(method, target, headers: headers, body: body)
        return try receive(head: method == "HEAD")
    }

    /// Reads one answer.
    ///
    /// - Parameter head: whether the answer is one to HEAD, which has no body whatever its headers say.
    public func receive(head: Bool = false) throws -> HTTPAnswer {
        var answer = HTTPAnswer()
        let statusLine = try line().split(separator: " ")
        guard statusLine.count >= 2, let status = Int(statusLine[1]) else {
            throw TestFailure("status line \(statusLine)")
        }
        answer.status = status
        while true {
            let line = try line()
            if line.isEmpty { break }
            guard let colon = line.firstIndex(of: ":") else { throw TestFailure("header \(line)") }
            let value = line[line.index(after: colon)...].drop { $0 == " " }
            answer.headers.append((String(line[..<colon]), String(value)))
        }
        if head || status == 100 || status == 204 || status == 304 { return answer }
        if answer.header("Transfer-Encoding") == "chunked" {
            while true {
                guard let count = Int(try line(), radix: 16) else { throw TestFailure("chunk size") }
                answer.body += try take(count)
                _ = try line()
                if count == 0 { break }
            }
        } else if let length = answer.header("Content-Length").flatMap({ Int($0) }) {
            answer.body = try take(length)
        }
        return answer
    }

    /// All that comes until the server closes the connection.
    public func receiveToEnd() throws -> [UInt8] {
        var bytes = Array(received[consumed...])
        consumed = received.count
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = recv(descriptor, &chunk, chunk.count, 0)
            if count == 0 { return bytes }
            guard count > 0 else { throw TestFailure("recv", code: errno) }
            bytes += chunk[..<count]
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
        guard count > 0 else { throw TestFailure(count == 0 ? "closed" : "recv: \(describe(errno))") }
        received += chunk[..<count]
    }
}
