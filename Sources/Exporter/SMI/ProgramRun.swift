import Glibc

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
    let (process, code) = spawn(program, arguments, output: pipes[1])
    close(pipes[1])
    guard code == 0 else { throw SourceError("cannot start \(program): \(String(cString: strerror(code)))") }
    let output = collect(pipes[0], timeoutMs: timeoutMs, outputMax: outputMax)
    if output == nil { kill(process, SIGKILL) }
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0, errno == EINTR {}
    guard let output else {
        throw SourceError("\(program) did not end within \(timeoutMs / 1000) s, or printed over \(outputMax) bytes")
    }
    // WEXITSTATUS; 128 and the signal as shells have it.
    let ended = status & 0x7F == 0 ? (status >> 8) & 0xFF : 128 + (status & 0x7F)
    return (String(decoding: output, as: UTF8.self), ended)
}

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
private func collect(_ descriptor: Int32, timeoutMs: Int32, outputMax: Int) -> [UInt8]? {
    let endNs = monotonicNs() + UInt64(timeoutMs) * 1_000_000
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
