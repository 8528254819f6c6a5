import Glibc
import Synchronization

/// What must be gone when this process is: the programs that it started, and its temporary directory.
final class Children: Sendable {
    static let shared = Children()

    private let state = Mutex(State())

    private struct State {
        var pids: Set<pid_t> = []
        var directory: String?

        mutating func end(_ pid: pid_t) {
            guard pids.remove(pid) != nil else { return }
            kill(pid, SIGKILL)
            while waitpid(pid, nil, 0) == -1, errno == EINTR {}
        }

        mutating func cleanUp() {
            for pid in pids { end(pid) }
            if let directory { removeTree(directory) }
            directory = nil
        }
    }

    /// The directory that is deleted in the end.
    func own(directory: String) { state.withLock { $0.directory = directory } }

    /// Starts a program that writes to the end of `log`, and that the kernel kills should this process die first.
    ///
    /// The kernel's promise holds for as long as the thread that calls this lives, so it is to be the main thread.
    func spawn(_ command: [String], log: String) throws -> pid_t {
        guard let tether = findProgram("setpriv") else {
            throw BenchmarkError("setpriv (of util-linux) is not on the PATH")
        }
        var actions = posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        // A group of its own, so that Ctrl-C reaches this process alone, and none of the signals that are blocked here.
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP))
        let words = [tether, "--pdeathsig", "KILL", "--"] + command
        let argv = words.map { strdup($0) } + [nil]
        defer { for word in argv { free(word) } }
        var pid = pid_t()
        let code = state.withLock { state in
            let code = posix_spawn(&pid, tether, &actions, &attributes, argv, environ)
            if code == 0 { state.pids.insert(pid) }
            return code
        }
        guard code == 0 else { throw BenchmarkError("cannot start \(command[0]): \(String(cString: strerror(code)))") }
        return pid
    }

    /// Whether a program has ended by itself; nothing is to be sent to its number any more if so.
    func hasEnded(_ pid: pid_t) -> Bool {
        state.withLock { state in
            guard state.pids.contains(pid) else { return true }
            guard waitpid(pid, nil, WNOHANG) == pid else { return false }
            state.pids.remove(pid)
            return true
        }
    }

    /// Asks a program to end, and makes it after `seconds`.
    func stop(_ pid: pid_t, seconds: Int) {
        guard !hasEnded(pid) else { return }
        kill(pid, SIGTERM)
        for _ in 0..<seconds * 100 {
            if hasEnded(pid) { return }
            usleep(10_000)
        }
        state.withLock { $0.end(pid) }
    }

    /// Kills what still runs and deletes the directory.
    func cleanUp() { state.withLock { $0.cleanUp() } }

    /// Cleans up and ends this process. The other threads get no chance to complain that the servers are gone, because
    /// whatever they would do about it needs the lock.
    func cleanUpAndExit(_ status: Int32) -> Never {
        state.withLock { state in
            state.cleanUp()
            _exit(status)
        }
    }
}

/// From here on the signals that end a program clean up first. To be called before any other thread is started.
nonisolated func cleanUpOnSignals() {
    var blocked = sigset_t()
    sigemptyset(&blocked)
    for signal in [SIGINT, SIGTERM, SIGHUP, SIGPIPE] { sigaddset(&blocked, signal) }
    pthread_sigmask(SIG_BLOCK, &blocked, nil)
    var thread = pthread_t()
    pthread_create(
        &thread, nil,
        { _ in
            var awaited = sigset_t()
            sigemptyset(&awaited)
            for signal in [SIGINT, SIGTERM, SIGHUP] { sigaddset(&awaited, signal) }
            var signal: Int32 = 0
            sigwait(&awaited, &signal)
            Children.shared.cleanUpAndExit(128 + signal)
        }, nil)
}
