import Glibc
import Synchronization

/// A loopback HTTP server that answers each path as it is told to, well or badly.
public final class ScriptedServer: Sendable {
    /// What an answer is made of.
    public enum Step: Sendable {
        case send([UInt8])
        case sleep(milliseconds: UInt32)
        /// Sends the byte `x` this often.
        case flood(Int)
    }

    /// What is sent for a request, whose path was asked for `count` times before.
    public typealias Script = @Sendable (_ request: String, _ count: Int) -> [Step]

    public let port: Int
    private let descriptor: Int32
    private let script: Script
    private let counts = Mutex<[String: Int]>([:])
    private let seen = Mutex<[String]>([])
    private let accepted = Atomic<Int>(0)

    /// - Parameter script: gets a request's head, and how many requests for its path came before, and says what is sent;
    ///   the connection is closed behind it unless a response was complete and said how long it is.
    public convenience init(_ script: @escaping Script) throws {
        let (descriptor, port) = try boundSocket()
        try self.init(descriptor, port, script)
    }

    /// Listens at a path in place of a port.
    public convenience init(unixSocket path: String, _ script: @escaping Script) throws {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        guard path.utf8.count < MemoryLayout.size(ofValue: address.sun_path) else {
            throw TestFailure("\(path) is too long for a socket")
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let bound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard bound == 0 else { throw TestFailure("cannot bind \(path)", code: errno) }
        try self.init(descriptor, 0, script)
    }

    private init(_ descriptor: Int32, _ port: Int, _ script: @escaping Script) throws {
        (self.descriptor, self.port, self.script) = (descriptor, port, script)
        guard listen(descriptor, 64) == 0 else { throw TestFailure("cannot listen on port \(port)", code: errno) }
        var thread = pthread_t()
        pthread_create(&thread, nil, acceptMain, Unmanaged.passRetained(self).toOpaque())
        pthread_detach(thread)
    }

    /// The heads of all requests so far.
    public var requests: [String] { seen.withLock { $0 } }

    /// How many connections were made.
    public var connections: Int { accepted.load(ordering: .relaxed) }

    /// Stops taking connections.
    public func close() { shutdown(descriptor, Int32(SHUT_RDWR)) }

    /// A whole response.
    public static func page(
        _ body: String, contentType: String? = "text/plain; version=0.0.4", status: String = "200 OK",
        extra: String = ""
    ) -> [Step] {
        page(Array(body.utf8), contentType: contentType, status: status, extra: extra)
    }

    /// A whole response whose body need not be text.
    public static func page(
        _ body: [UInt8], contentType: String? = "text/plain; version=0.0.4", status: String = "200 OK",
        extra: String = ""
    ) -> [Step] {
        let type = contentType.map { "Content-Type: \($0)\r\n" } ?? ""
        let head = "HTTP/1.1 \(status)\r\n\(type)\(extra)Content-Length: \(body.count)\r\n\r\n"
        return [.send(Array(head.utf8) + body)]
    }

    fileprivate func acceptLoop() {
        while true {
            let connection = accept(descriptor, nil, nil)
            guard connection >= 0 else { break }
            accepted.add(1, ordering: .relaxed)
            var thread = pthread_t()
            let context = Unmanaged.passRetained(Connection(server: self, descriptor: connection)).toOpaque()
            pthread_create(&thread, nil, connectionMain, context)
            pthread_detach(thread)
        }
        Glibc.close(descriptor)
    }

    fileprivate func serve(_ connection: Int32) {
        defer { Glibc.close(connection) }
        while let request = readHead(connection) {
            guard skipBody(of: request, connection) else { return }
            let path = String(request.split(separator: " ").dropFirst().first ?? "")
            let count = counts.withLock { counts in
                defer { counts[path, default: 0] += 1 }
                return counts[path, default: 0]
            }
            seen.withLock { $0.append(request) }
            let steps = script(request, count)
            for step in steps where !perform(step, connection) { return }
            // Only what is a whole response in one piece leaves the connection usable.
            guard steps.count == 1, case .send = steps[0] else { return }
        }
    }

    /// Takes what a request has behind its head.
    private func skipBody(of head: String, _ connection: Int32) -> Bool {
        let field = head.lowercased().split(whereSeparator: \.isNewline).first { $0.hasPrefix("content-length:") }
        var left = field.flatMap { Int($0.dropFirst(15).filter { $0 != " " }) } ?? 0
        var buffer = [UInt8](repeating: 0, count: 4096)
        while left > 0 {
            let count = recv(connection, &buffer, min(left, buffer.count), 0)
            guard count > 0 else { return false }
            left -= count
        }
        return true
    }

    private func readHead(_ connection: Int32) -> String? {
        var head: [UInt8] = []
        var byte: UInt8 = 0
        while head.count < 65536 {
            guard recv(connection, &byte, 1, 0) == 1 else { return nil }
            head.append(byte)
            if head.suffix(4) == [13, 10, 13, 10] { return String(decoding: head, as: UTF8.self) }
        }
        return nil
    }

    private func perform(_ step: Step, _ connection: Int32) -> Bool {
        switch step {
        case .sleep(let milliseconds):
            usleep(milliseconds * 1000)
            return true
        case .send(let bytes): return sendAll(bytes, connection)
        case .flood(let count):
            let chunk = [UInt8](repeating: UInt8(ascii: "x"), count: 1 << 16)
            var left = count
            while left > 0 {
                guard sendAll(Array(chunk.prefix(left)), connection) else { return false }
                left -= min(left, chunk.count)
            }
            return true
        }
    }
}

private final class Connection: Sendable {
    let server: ScriptedServer
    let descriptor: Int32

    init(server: ScriptedServer, descriptor: Int32) {
        self.server = server
        self.descriptor = descriptor
    }
}

private func acceptMain(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    if let context { Unmanaged<ScriptedServer>.fromOpaque(context).takeRetainedValue().acceptLoop() }
    return nil
}

private func connectionMain(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    if let context {
        let connection = Unmanaged<Connection>.fromOpaque(context).takeRetainedValue()
        connection.server.serve(connection.descriptor)
    }
    return nil
}
