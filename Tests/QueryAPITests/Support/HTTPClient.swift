import NIOPosix
import TestSupport

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

/// A connection whose calls wait on a thread of their own.
///
/// Used by one task at a time.
final class HTTPClient: @unchecked Sendable {
    // SAFETY: a test awaits each call before it makes the next.
    private let connection: HTTPConnection

    init(port: Int, receiveTimeoutSeconds: Int = 60) throws {
        connection = try HTTPConnection(port: port, receiveTimeoutSeconds: receiveTimeoutSeconds)
    }

    func send(_ text: String) async throws { try await send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) async throws {
        try await onSocketThread { try self.connection.send(bytes) }
    }

    func send(
        _ method: String, _ target: String, headers: [(String, String)] = [], body: [UInt8] = []
    ) async throws {
        try await onSocketThread { try self.connection.send(method, target, headers: headers, body: body) }
    }

    func received(until text: String) async throws -> String {
        try await onSocketThread { try self.connection.received(until: text) }
    }

    func close() { connection.finish() }

    func finishSending() { connection.finishSending() }

    func receive(head: Bool = false) async throws -> HTTPAnswer {
        try await onSocketThread { try self.connection.receive(head: head) }
    }

    /// All that comes until the server closes the connection.
    func receiveToEnd() async throws -> [UInt8] {
        try await onSocketThread { try self.connection.receiveToEnd() }
    }

    func request(
        _ method: String, _ target: String, headers: [(String, String)] = [], body: [UInt8] = []
    ) async throws -> HTTPAnswer {
        try await onSocketThread { try self.connection.request(method, target, headers: headers, body: body) }
    }

    func isClosedByServer() async throws -> Bool {
        try await onSocketThread { self.connection.isClosedByServer() }
    }
}
