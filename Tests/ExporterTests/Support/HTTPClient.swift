import Glibc

struct HTTPAnswer {
    let status: Int
    /// Lower-case names.
    let headers: [String: String]
    let body: String

    func header(_ name: String) -> String? { headers[name] }
}

/// One GET over a connection of its own, read to the connection's end.
func httpGet(port: UInt16, path: String) throws -> HTTPAnswer {
    guard let descriptor = connected(to: port) else { throw TestFailure("cannot connect to port \(port)") }
    defer { close(descriptor) }
    let request = Array("GET \(path) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".utf8)
    guard write(descriptor, request, request.count) == request.count else { throw TestFailure("cannot send") }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65536)
    while true {
        let count = read(descriptor, &buffer, buffer.count)
        if count <= 0 { break }
        bytes += buffer[..<count]
    }
    return try parsed(String(decoding: bytes, as: UTF8.self))
}

private func parsed(_ text: String) throws -> HTTPAnswer {
    guard let end = text.firstRange(of: "\r\n\r\n") else { throw TestFailure("no HTTP answer: \(text)") }
    let lines = text[..<end.lowerBound].split(separator: "\r\n")
    let status = lines.first?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
    var headers: [String: String] = [:]
    for line in lines.dropFirst() {
        guard let colon = line.firstRange(of: ": ") else { continue }
        headers[line[..<colon.lowerBound].lowercased()] = String(line[colon.upperBound...])
    }
    return HTTPAnswer(status: status, headers: headers, body: String(text[end.upperBound...]))
}

/// A connection to a loopback port; nil where nothing listens.
func connected(to port: UInt16) -> Int32? {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    let code = withLoopback(port) { connect(descriptor, $0, $1) }
    if code == 0 { return descriptor }
    close(descriptor)
    return nil
}

/// A port that nothing listens on at this moment.
func freePort() throws -> UInt16 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    guard withLoopback(0, { bind(descriptor, $0, $1) }) == 0 else { throw TestFailure("cannot bind") }
    var address = sockaddr_in()
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let code = withUnsafeMutablePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &size) }
    }
    guard code == 0 else { throw TestFailure("cannot read the bound port") }
    return UInt16(bigEndian: address.sin_port)
}

private func withLoopback(_ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
    return withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
    }
}
