import Glibc
import Synchronization

/// A program started by a test, whose output goes to a file; killed at the latest when the object goes.
final class ChildProcess: Sendable {
    let pid: pid_t
    let outputPath: String
    private let status = Mutex<Int32?>(nil)

    /// - Parameter executable: a path, or a name that is looked up on the PATH.
    init(_ executable: String, _ arguments: [String]) throws {
        outputPath = try temporaryDirectory() + "/output"
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, outputPath, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        var argv = ([executable] + arguments).map { strdup($0) }
        defer { argv.forEach { free($0) } }
        argv.append(nil)
        var pid: pid_t = 0
        let code = posix_spawnp(&pid, executable, &actions, nil, argv, environ)
        guard code == 0 else { throw TestFailure("cannot start \(executable): \(String(cString: strerror(code)))") }
        self.pid = pid
    }

    deinit { finish(SIGKILL) }

    var output: String { readFile(outputPath) }

    var isRunning: Bool {
        status.withLock { status in
            if status != nil { return false }
            var code: Int32 = 0
            guard waitpid(pid, &code, WNOHANG) == pid else { return true }
            status = code
            return false
        }
    }

    /// Sends `signal` unless the process has ended, and waits for its end.
    /// - Returns: the exit status, or 128 and the signal that ended it.
    @discardableResult
    func finish(_ signal: Int32) -> Int32 {
        if isRunning { kill(pid, signal) }
        return wait()
    }

    /// Waits for the end of the process.
    @discardableResult
    func wait() -> Int32 {
        let code = status.withLock { status in
            if let status { return status }
            var code: Int32 = 0
            while waitpid(pid, &code, 0) == -1, errno == EINTR {}
            status = code
            return code
        }
        return code & 0x7f == 0 ? (code >> 8) & 0xff : 128 + (code & 0x7f)
    }
}

struct TestFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// Runs a program to its end.
func runToEnd(_ executable: String, _ arguments: [String]) throws -> (status: Int32, output: String) {
    let child = try ChildProcess(executable, arguments)
    let status = child.wait()
    return (status, child.output)
}

/// A new empty directory.
func temporaryDirectory() throws -> String {
    var template = Array("/tmp/tsdb-test-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw TestFailure("mkdtemp failed: \(String(cString: strerror(errno)))") }
    return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
}

func readFile(_ path: String) -> String {
    guard let file = fopen(path, "r") else { return "" }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65536)
    while true {
        let count = fread(&chunk, 1, chunk.count, file)
        if count == 0 { return String(decoding: bytes, as: UTF8.self) }
        bytes += chunk[..<count]
    }
}

func writeFile(_ path: String, _ text: String) throws {
    guard let file = fopen(path, "w") else { throw TestFailure("cannot write \(path)") }
    defer { fclose(file) }
    fputs(text, file)
}

/// Where `name` lies on the PATH, or nil.
func onPath(_ name: String) -> String? {
    guard let path = getenv("PATH") else { return nil }
    return String(cString: path).split(separator: ":").map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 }
}

/// A TCP port of 127.0.0.1 that was free a moment ago.
func freePort() throws -> Int {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let bound = withUnsafeMutablePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
        }
    }
    guard bound else { throw TestFailure("no free port: \(String(cString: strerror(errno)))") }
    return Int(UInt16(bigEndian: address.sin_port))
}

/// Asks `condition` every 20 ms until it gives a value.
func eventually<Value>(
    _ what: String, within seconds: Double = 20, _ condition: () throws -> Value?
) throws -> Value {
    let deadline = time(nil) + Int(seconds.rounded(.up))
    while true {
        if let value = try condition() { return value }
        guard time(nil) <= deadline else { throw TestFailure("not within \(seconds) s: \(what)") }
        usleep(20_000)
    }
}
