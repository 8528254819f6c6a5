import Glibc
import Synchronization

/// A tiny HTTP server on a port of 127.0.0.1 that answers every request with the page of the moment.
final class PageServer: Sendable {
    let port: Int
    private let descriptor: Int32
    private let page: @Sendable () -> String

    init(page: @escaping @Sendable () -> String) throws {
        self.page = page
        port = try freePort()
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var yes: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let bound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard bound == 0, listen(descriptor, 64) == 0 else { throw TestFailure("cannot listen on \(port)") }
        startAcceptThread(descriptor, page)
    }

    deinit { shutdown(descriptor, Int32(SHUT_RDWR)) }
}

private final class AcceptContext {
    let descriptor: Int32
    let page: @Sendable () -> String

    init(_ descriptor: Int32, _ page: @escaping @Sendable () -> String) {
        self.descriptor = descriptor
        self.page = page
    }
}

private func startAcceptThread(_ descriptor: Int32, _ page: @escaping @Sendable () -> String) {
    var thread = pthread_t()
    let context = Unmanaged.passRetained(AcceptContext(descriptor, page)).toOpaque()
    pthread_create(&thread, nil, acceptLoop, context)
    pthread_detach(thread)
}

/// One connection after the other, one request each: plenty for a test's few scrapes.
private func acceptLoop(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let argument else { return nil }
    let context = Unmanaged<AcceptContext>.fromOpaque(argument).takeRetainedValue()
    while true {
        let client = accept(context.descriptor, nil, nil)
        guard client >= 0 else {
            close(context.descriptor)
            return nil
        }
        var request = [UInt8](repeating: 0, count: 8192)
        if recv(client, &request, request.count, 0) > 0 {
            let body = context.page()
            let head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nConnection: close\r\n"
            let answer = Array("\(head)Content-Length: \(body.utf8.count)\r\n\r\n\(body)".utf8)
            var sent = 0
            while sent < answer.count {
                let count = answer.withUnsafeBytes {
                    send(client, $0.baseAddress! + sent, answer.count - sent, Int32(MSG_NOSIGNAL))
                }
                guard count > 0 else { break }
                sent += count
            }
        }
        close(client)
    }
}
