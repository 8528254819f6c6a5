import Glibc
import Synchronization

/// Targets for engines to scrape, each at an address of loopback of its own.
///
/// One thread and `poll`; the pages are made beforehand, so that serving costs little more than the kernel's copy.
final class TargetServer: Sendable {
    let port: Int
    private let pages: ScrapePages
    private let state: Mutex<State>

    private struct State {
        /// By engine, how many pages it has got.
        var served: [Int]
        var isStopping = false
        var hasEnded = false
    }

    /// Listens, and serves engine `n` what it asks for at `/n`.
    init(_ pages: ScrapePages, engines: Int) throws {
        self.pages = pages
        state = Mutex(State(served: [Int](repeating: 0, count: engines)))
        port = try freePort()
        let listeners = try pages.answers.indices.map { try listen(TargetServer.address($0), port) }
        let start = Unmanaged.passRetained(Start(server: self, listeners: listeners))
        var thread = pthread_t()
        let code = pthread_create(&thread, nil, serveTargets, start.toOpaque())
        guard code == 0 else { throw BenchmarkError("cannot start a thread: \(String(cString: strerror(code)))") }
    }

    /// By engine, how many pages it has got so far.
    var served: [Int] { state.withLock { $0.served } }

    /// Where the targets are, as a configuration has them.
    var targets: String {
        pages.answers.indices.map { target in
            let address = TargetServer.address(target)
            return "'\(address.map(String.init).joined(separator: ".")):\(port)'"
        }.joined(separator: ", ")
    }

    /// Ends the thread and closes its sockets.
    func stop() {
        state.withLock { $0.isStopping = true }
        while !state.withLock({ $0.hasEnded }) { usleep(10_000) }
    }

    private static func address(_ target: Int) -> [UInt8] { [127, 1, UInt8(target / 250), UInt8(target % 250 + 1)] }

    fileprivate func serve(_ listeners: [Int32]) {
        var serving = Serving(listeners)
        while !state.withLock({ $0.isStopping }) {
            serving.turn(pages.answers) { engine in
                state.withLock { state in
                    if state.served.indices.contains(engine) { state.served[engine] += 1 }
                }
            }
        }
        serving.close()
        state.withLock { $0.hasEnded = true }
    }
}

private final class Start {
    let server: TargetServer
    let listeners: [Int32]

    init(server: TargetServer, listeners: [Int32]) {
        self.server = server
        self.listeners = listeners
    }
}

/// A thread's body: at file level, so that it belongs to no actor.
private func serveTargets(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let context else { return nil }
    let start = Unmanaged<Start>.fromOpaque(context).takeRetainedValue()
    start.server.serve(start.listeners)
    return nil
}

/// The sockets of a target server, as its thread has them.
private struct Serving {
    private struct Connection {
        let target: Int
        /// What of a request has come.
        var request: [UInt8] = []
        /// How many pages were begun, and what of the present one is sent; nil between two.
        var pages = 0
        var sent: Int?
        var engine = 0
    }

    private static let pollMs: Int32 = 100

    /// First the listeners, one for each target, then the connections.
    private var polled: [pollfd]
    private let listenerCount: Int
    private var connections: [Connection] = []
    private var chunk = [UInt8](repeating: 0, count: 16 << 10)

    init(_ listeners: [Int32]) {
        polled = listeners.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        listenerCount = listeners.count
    }

    /// Waits for something to do, and does it. Calls `count` with the engine for each page that is sent whole.
    mutating func turn(_ answers: [[[UInt8]]], _ count: (Int) -> Void) {
        guard poll(&polled, nfds_t(polled.count), Serving.pollMs) > 0 else { return }
        for index in stride(from: polled.count - 1, through: listenerCount, by: -1) where polled[index].revents != 0 {
            if !move(index, answers, count) { remove(index) }
        }
        for target in 0..<listenerCount where polled[target].revents != 0 { accept(target) }
    }

    mutating func close() {
        for entry in polled { _ = Glibc.close(entry.fd) }
        polled = []
    }

    private mutating func accept(_ target: Int) {
        let descriptor = Glibc.accept(polled[target].fd, nil, nil)
        guard descriptor >= 0, fcntl(descriptor, F_SETFL, O_NONBLOCK) == 0, fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0
        else { return }
        polled.append(pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0))
        connections.append(Connection(target: target))
    }

    private mutating func remove(_ index: Int) {
        _ = Glibc.close(polled[index].fd)
        polled.remove(at: index)
        connections.remove(at: index - listenerCount)
    }

    /// - Returns: false where the connection is to be closed.
    private mutating func move(_ index: Int, _ answers: [[[UInt8]]], _ count: (Int) -> Void) -> Bool {
        let number = index - listenerCount
        if connections[number].sent == nil {
            guard Serving.receive(polled[index].fd, &connections[number], &chunk) else { return false }
        }
        guard let sent = connections[number].sent else { return true }
        let pages = answers[connections[number].target]
        let page = (connections[number].pages + connections[number].target) % pages.count
        guard let more = send(polled[index].fd, pages[page], from: sent) else { return false }
        let isDone = more == pages[page].count
        connections[number].sent = isDone ? nil : more
        polled[index].events = Int16(isDone ? POLLIN : POLLOUT)
        if isDone {
            connections[number].pages += 1
            count(connections[number].engine)
        }
        return true
    }

    /// Takes what has come of a request: `GET /n`, where `n` is a digit.
    private static func receive(_ descriptor: Int32, _ connection: inout Connection, _ chunk: inout [UInt8]) -> Bool {
        let received = recv(descriptor, &chunk, chunk.count, 0)
        if received < 0 { return errno == EAGAIN || errno == EINTR }
        guard received > 0, connection.request.count < chunk.count else { return false }
        connection.request += chunk[..<received]
        guard connection.request.suffix(4).elementsEqual("\r\n\r\n".utf8) else { return true }
        guard connection.request.starts(with: "GET /".utf8) else { return false }
        connection.engine = Int(connection.request[5]) - Int(UInt8(ascii: "0"))
        connection.request.removeAll(keepingCapacity: true)
        connection.sent = 0
        return true
    }

    /// Sends as much as the socket takes.
    /// - Returns: how much is sent then of the whole; nil where the connection is gone.
    private func send(_ descriptor: Int32, _ page: [UInt8], from start: Int) -> Int? {
        var sent = start
        while sent < page.count {
            // SAFETY: the range that is sent lies inside the array.
            let count = page.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress! + sent, page.count - sent, Int32(MSG_NOSIGNAL))
            }
            if count < 0 {
                if errno == EINTR { continue }
                return errno == EAGAIN ? sent : nil
            }
            sent += count
        }
        return sent
    }
}

/// A socket that listens at an address, four bytes of IPv4.
private func listen(_ address: [UInt8], _ port: Int) throws -> Int32 {
    let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    let descriptor = socket(AF_INET, type, 0)
    var on: Int32 = 1
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
    var place = sockaddr_in()
    place.sin_family = sa_family_t(AF_INET)
    place.sin_port = UInt16(port).bigEndian
    place.sin_addr.s_addr = address.reduce(0) { $0 << 8 | in_addr_t($1) }.bigEndian
    // SAFETY: a sockaddr_in is a sockaddr of the family that it names, and the pointer does not leave the closure.
    let code = withUnsafePointer(to: &place) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
    }
    guard descriptor >= 0, code == 0, Glibc.listen(descriptor, 128) == 0 else {
        throw BenchmarkError("cannot listen on port \(port) of loopback: \(String(cString: strerror(errno)))")
    }
    return descriptor
}
