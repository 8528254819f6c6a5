import Glibc
import Synchronization

/// A program started by a test, whose standard input, output and error are files; killed at the latest when the object
/// goes.
public final class ChildProcess: Sendable {
    public let pid: pid_t
    private let directory: TemporaryDirectory
    private let status = Mutex<Int32?>(nil)

    /// - Parameters:
    ///   - executable: a path.
    ///   - environment: `NAME=value` each, to which this process's PATH is added; nil for all of this process's own.
    ///   - input: what it reads from standard input.
    public init(
        _ executable: String, _ arguments: [String], environment: [String]? = nil, input: String = ""
    ) throws {
        let directory = TemporaryDirectory(.disk)
        self.directory = directory
        try writeFile(directory.path + "/in", input)
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, directory.path + "/in", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, directory.path + "/out", O_WRONLY | O_CREAT | O_APPEND, 0o600)
        posix_spawn_file_actions_addopen(&actions, 2, directory.path + "/err", O_WRONLY | O_CREAT | O_APPEND, 0o600)
        var attributes = plainAttributes()
        defer { posix_spawnattr_destroy(&attributes) }
        let path = getenv("PATH").map { String(cString: $0) } ?? "/usr/bin:/bin"
        let argv = ([executable] + arguments).map { strdup($0) } + [nil]
        let names = environment.map { ($0 + ["PATH=\(path)"]).map { strdup($0) } + [nil] }
        defer { for text in argv + (names ?? []) { free(text) } }
        var pid = pid_t()
        let code =
            if let names { posix_spawn(&pid, executable, &actions, &attributes, argv, names) } else {
                posix_spawn(&pid, executable, &actions, &attributes, argv, environ)
            }
        guard code == 0 else { throw TestFailure("cannot start \(executable)", code: code) }
        self.pid = pid
    }

    deinit { finish(SIGKILL) }

    /// What it has written to standard output so far.
    public var output: String { (try? readText(directory.path + "/out")) ?? "" }

    /// What it has written to standard error so far.
    public var errors: String { (try? readText(directory.path + "/err")) ?? "" }

    /// All that it has written so far.
    public var printed: String { output + errors }

    /// Whether it has not ended.
    public var isRunning: Bool {
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
    public func finish(_ signal: Int32) -> Int32 {
        if isRunning { kill(pid, signal) }
        return wait()
    }

    /// Waits for the end of the process.
    /// - Returns: the exit status, or 128 and the signal that ended it.
    @discardableResult
    public func wait() -> Int32 {
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

/// Attributes of a process that handles every signal as if a shell had started it: the threads that tests run on block
/// most of them, and a script would never see the one that is to end it.
private func plainAttributes() -> posix_spawnattr_t {
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    var all = sigset_t()
    sigfillset(&all)
    posix_spawnattr_setsigdefault(&attributes, &all)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
    return attributes
}

/// The children of a process that are alive, as `/proc` has them.
public func children(of parent: pid_t) -> [pid_t] {
    fileNames("/proc").compactMap { pid_t($0) }.filter { pid in
        // "PID (NAME) STATE PARENT …", where NAME may hold anything.
        guard let stat = try? readText("/proc/\(pid)/stat"), let end = stat.lastIndex(of: ")") else { return false }
        let fields = stat[end...].split(separator: " ")
        return fields.count > 2 && pid_t(fields[2]) == parent && fields[1] != "Z"
    }
}
