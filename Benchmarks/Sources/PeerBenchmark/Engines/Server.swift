import Glibc

/// An engine's running program, its directory and its figures. Not to be used from two threads.
final class Server {
    private static let startSecondsMax = 300.0
    private static let stopSecondsMax = 120
    /// How often a starting server is asked.
    private static let pollMicroseconds: UInt32 = 1000

    let engine: EngineCommand
    private let data: String
    private let config: String
    private let log: String
    private var port = 0
    private var pid: pid_t = 0
    private var client = HTTPClient(port: 0)

    /// - Parameters:
    ///   - directory: where its data, configuration and log go.
    ///   - configuration: what Prometheus would find in its file.
    init(
        _ engine: EngineCommand, directory: String, configuration: String = "scrape_configs: []\n"
    ) throws {
        self.engine = engine
        data = "\(directory)/\(engine.name)"
        config = "\(data).yml"
        log = "\(data).log"
        guard mkdir(data, 0o700) == 0 else { throw BenchmarkError("cannot make \(data)") }
        try writeText(configuration, to: config)
    }

    var figures: ProcessFigures { ProcessFigures(pid: pid) }
    var diskBytes: Int { allocatedBytes(data) }

    /// Starts the program and waits until it says that it is ready.
    /// - Returns: the seconds that took.
    func start() throws -> Double {
        port = try freePort()
        client = HTTPClient(port: port)
        let begun = now()
        pid = try Children.shared.spawn(engine.arguments(port: port, data: data, config: config), log: log)
        try poll("be ready") { try client.request("GET", "/-/ready").status == 200 }
        return now() - begun
    }

    /// Waits until an instant query's only value is `expected`.
    func waitForAnswer(_ expression: String, time: Int, expected: Double) throws {
        let target = "/api/v1/query?" + form([("query", expression), ("time", "\(time)"), ("nocache", "1")])
        try poll("answer \(expression) with \(expected)") {
            let (status, body) = try client.request("GET", target)
            return status == 200 && (try? instantValue(body)) == expected
        }
    }

    func stop() {
        client.close()
        Children.shared.stop(pid, seconds: Server.stopSecondsMax)
    }

    /// Sends a remote-write request, and throws unless all of it is accepted.
    func write(_ body: [UInt8]) throws {
        let headers = [
            ("Content-Encoding", "snappy"), ("Content-Type", "application/x-protobuf"),
            ("X-Prometheus-Remote-Write-Version", "0.1.0"),
        ]
        let answer = try client.request("POST", "/api/v1/write", headers: headers, body: body)
        guard answer.status / 100 == 2 else { throw refused("a write", answer) }
    }

    /// Makes what was written visible where the engine has a call for that; elsewhere it is visible already.
    func flush() throws { _ = try client.request("GET", "/internal/force_flush") }

    /// The body of the answer to a range query.
    /// - Parameter end: seconds since the Unix epoch.
    func query(_ query: Query, end: Int) throws -> [UInt8] {
        let parameters = [
            ("query", query.expression), ("start", "\(end - query.spanSeconds)"), ("end", "\(end)"),
            ("step", "\(query.stepSeconds)"), ("nocache", "1"),
        ]
        let answer = try client.request("GET", "/api/v1/query_range?" + form(parameters))
        guard answer.status == 200 else { throw refused(query.expression, answer) }
        return answer.body
    }

    /// The body of the answer to a request.
    func get(_ target: String) throws -> [UInt8] {
        let answer = try client.request("GET", target)
        guard answer.status == 200 else { throw refused(target, answer) }
        return answer.body
    }

    private func poll(_ what: String, until isDone: () throws -> Bool) throws {
        let deadline = now() + Server.startSecondsMax
        while (try? isDone()) != true {
            if Children.shared.hasEnded(pid) {
                let end = (readText(log) ?? "").split(separator: "\n").suffix(5).joined(separator: "\n")
                throw BenchmarkError("\(engine.name) ended by itself; the end of its log:\n\(end)")
            }
            guard now() < deadline else {
                throw BenchmarkError("\(engine.name) did not \(what) in \(Server.startSecondsMax) s")
            }
            usleep(Server.pollMicroseconds)
        }
    }

    private func refused(_ what: String, _ answer: (status: Int, body: [UInt8])) -> BenchmarkError {
        let text = String(decoding: answer.body.prefix(300), as: UTF8.self)
        return BenchmarkError("\(engine.name) answered \(answer.status) to \(what): \(text)")
    }
}

/// Seconds on a clock that is never set.
func now() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

/// Parameters as they stand in a URL.
private func form(_ parameters: [(String, String)]) -> String {
    parameters.map { "\($0)=\(percentEncoded($1))" }.joined(separator: "&")
}

private func percentEncoded(_ text: String) -> String {
    var result = ""
    for byte in text.utf8 {
        let scalar = Unicode.Scalar(byte)
        if byte < 0x80,
            scalar.properties.isAlphabetic || scalar.properties.numericType != nil || "-._~".contains(Character(scalar))
        {
            result.unicodeScalars.append(scalar)
        } else {
            result += (byte < 16 ? "%0" : "%") + String(byte, radix: 16, uppercase: true)
        }
    }
    return result
}
