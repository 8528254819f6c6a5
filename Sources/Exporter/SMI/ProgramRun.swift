import Glibc
import Synchronization

/// Runs a program to its end and takes what it prints; kills it when it takes too long.
///
/// - Parameters:
///   - program: found on the PATH where it has no slash.
///   - outputMax: bytes; more is an error.
/// - Returns: the standard output and error in the order in which they came, and the exit status.
/// - Throws: `SourceError` where it cannot be started, takes too long, or prints too much.
func runProgram(
    _ program: String, _ arguments: [String], timeoutMs: Int32, outputMax: Int
) throws(SourceError) -> (output: String, status: Int32) {
    var pipes: [Int32] = [-1, -1]
    guard pipe(&pipes) == 0 else {
        throw SourceError("cannot start \(program): \(String(cString: strerror(errno)))")
    }
    for end in pipes { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    defer { close(pipes[0]) }
    guard unended.hasNone(of: program) else {
        close(pipes[1])
        throw SourceError("\(program) was killed and does not end: its driver hangs")
    }
    let (process, code) = spawn(program, arguments, output: pipes[1])
    close(pipes[1])
    guard code == 0 else { throw SourceError("cannot start \(program): \(String(cString: strerror(code)))") }
    let endNs = monotonicNs() + UInt64(timeoutMs) * 1_000_000
    let output = collect(pipes[0], endNs: endNs, outputMax: outputMax)
    var status = output == nil ? nil : wait(for: process, endNs: endNs)
    let isInTime = status != nil
    if !isInTime {
        kill(process, SIGKILL)
        status = wait(for: process, endNs: monotonicNs() + killNs)
        if status == nil { unended.add(process, program) }
    }
    guard let output, let status, isInTime else {
        throw SourceError("\(program) did not end within \(timeoutMs / 1000) s, or printed over \(outputMax) bytes")
    }
    // WEXITSTATUS; 128 and the signal as shells have it.
    let ended = status & 0x7F == 0 ? (status >> 8) & 0xFF : 128 + (status & 0x7F)
    return (String(decoding: output, as: UTF8.self), ended)
}

/// How long a program that was killed may take to be gone: one that waits for a driver in the kernel is not.
private let killNs: UInt64 = 1_000_000_000

/// The status of a process that has ended; nil where it has not in time.
private func wait(for process: pid_t, endNs: UInt64) -> Int32? {
    var status: Int32 = 0
    while true {
        let result = waitpid(process, &status, WNOHANG)
        if result == process || result < 0 && errno != EINTR { return status }
        if monotonicNs() >= endNs { return nil }
        usleep(500)
    }
}

/// Processes that were killed and have not ended, by the program: no further one is started beside it.
private final class UnendedProcesses: Sendable {
    private let processes = Mutex<[String: pid_t]>([:])

    func add(_ process: pid_t, _ program: String) { processes.withLock { $0[program] = process } }

    func hasNone(of program: String) -> Bool {
        processes.withLock { processes in
            guard let process = processes[program] else { return true }
            guard wait(for: process, endNs: 0) != nil else { return false }
            processes[program] = nil
            return true
        }
    }
}

private let unended = UnendedProcesses()

private func spawn(_ program: String, _ arguments: [String], output: Int32) -> (pid_t, code: Int32) {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, output, 1)
    posix_spawn_file_actions_adddup2(&actions, output, 2)
    var words = ([program] + arguments).map { strdup($0) } + [nil]
    defer { for word in words { free(word) } }
    var process = pid_t()
    let code = posix_spawnp(&process, program, &actions, nil, &words, environ)
    return (process, code)
}

/// Everything that comes through a pipe until it is closed; nil where it takes too long or is too much.
private func collect(_ descriptor: Int32, endNs: UInt64, outputMax: Int) -> [UInt8]? {
    var output: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 16_384)
    while true {
        let nowNs = monotonicNs()
        guard nowNs < endNs else { return nil }
        var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        let ready = poll(&waiting, 1, Int32((endNs - nowNs) / 1_000_000) + 1)
        if ready < 0, errno != EINTR { return nil }
        guard ready > 0 else { continue }
        let count = read(descriptor, &chunk, chunk.count)
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { return count == 0 ? output : nil }
        output += chunk[..<count]
        if output.count > outputMax { return nil }
    }
}
