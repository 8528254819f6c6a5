import Glibc
import Synchronization

/// Where ``freePort()`` looks next: below the ports that connections are made from, one of which may otherwise be taken
/// between two calls.
private let nextPort = Atomic<Int>(Int.random(in: 20_000..<30_000))

/// A stream's socket that no process started meanwhile inherits: it would keep the port.
private let streamAlone = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)

/// A TCP port of 127.0.0.1 that was free a moment ago, and that no other call of this process has got.
public func freePort() throws -> Int {
    for _ in 0..<1000 {
        let port = 20_000 + nextPort.add(1, ordering: .relaxed).oldValue % 10_000
        let descriptor = socket(AF_INET, streamAlone, 0)
        defer { close(descriptor) }
        if withLoopback(port, { bind(descriptor, $0, $1) }) == 0 { return port }
    }
    throw TestFailure("no port is free")
}

/// A TCP socket on a free port of 127.0.0.1, which does not listen yet.
func boundSocket() throws -> (descriptor: Int32, port: Int) {
    let descriptor = socket(AF_INET, streamAlone, 0)
    var address = sockaddr_in()
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isBound =
        withLoopback(0) { bind(descriptor, $0, $1) } == 0
        && withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &size) }
        } == 0
    guard isBound else {
        defer { close(descriptor) }
        throw TestFailure("cannot bind a port", code: errno)
    }
    return (descriptor, Int(UInt16(bigEndian: address.sin_port)))
}

/// A socket that is connected to a port of 127.0.0.1.
func connectedSocket(port: Int) throws -> Int32 {
    let descriptor = socket(AF_INET, streamAlone, 0)
    guard withLoopback(port, { connect(descriptor, $0, $1) }) == 0 else {
        defer { close(descriptor) }
        throw TestFailure("cannot connect to port \(port)", code: errno)
    }
    return descriptor
}

/// Sends all of `bytes`; false where the other side is gone.
func sendAll(_ bytes: [UInt8], _ descriptor: Int32) -> Bool {
    bytes.withUnsafeBytes { bytes in
        var rest = bytes[...]
        while !rest.isEmpty {
            let part = UnsafeRawBufferPointer(rebasing: rest)
            let count = send(descriptor, part.baseAddress, part.count, Int32(MSG_NOSIGNAL))
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }
}

private func withLoopback(_ port: Int, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(port).bigEndian
    address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
    return withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
    }
}
