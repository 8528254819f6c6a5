import Glibc
import TestSupport
import Testing

/// Connections on which nothing happens.
@Suite struct ManyConnectionsTests {
    @Test func idleConnectionsCostLittleAndStopNobody() throws {
        // Both this process and the server need a descriptor for each.
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        let wanted = tries(1000, slow: 10_000)
        let count = min(wanted, Int(limit.rlim_cur) / 2)
        let server = try TestServer(
            config: "scrape_configs: []\n", flags: ["--web.max-connections=\(count + 20)", "--web.read-timeout=10m"])
        defer { server.process.finish(SIGKILL) }
        let before = try residentBytes(server)
        var idle: [HTTPConnection] = []
        for number in 0..<count {
            let connection = try HTTPConnection(port: server.port, receiveTimeoutSeconds: 60)
            // Half of them have asked something before.
            if number % 2 == 0 { #expect(try connection.request("GET", "/-/healthy").status == 200) }
            idle.append(connection)
        }
        let answer = try HTTPConnection(port: server.port, receiveTimeoutSeconds: 60).request(
            "GET", "/api/v1/query?query=1")
        #expect(answer.status == 200)
        let each = (try residentBytes(server) - before) / count
        #expect(each < 64 << 10, "\(each) bytes for each of \(count)")
        for connection in idle.suffix(10) { #expect(try connection.request("GET", "/-/ready").status == 200) }
    }

    private func residentBytes(_ server: TestServer) throws -> Int {
        let fields = try readText("/proc/\(server.process.pid)/statm").split(separator: " ")
        guard fields.count > 1, let pages = Int(fields[1]) else { throw TestFailure("no statm") }
        return pages * Int(getpagesize())
    }
}
