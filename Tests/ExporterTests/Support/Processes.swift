import Glibc

struct TestFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}

/// What a finished program left.
struct ProgramResult {
    let status: Int32
    let output: String
    let errors: String
}

/// Runs a program to its end, with its input and outputs in files of a temporary folder.
func run(
    _ path: String, _ arguments: [String], environment: [String] = [], input: String = ""
) throws -> ProgramResult {
    let folder = try temporaryFolder()
    defer { removeFolder(folder) }
    try writeFile("\(folder)/in", input)
    let process = try start(path, arguments, environment: environment, folder: folder)
    let status = waitFor(process)
    return ProgramResult(status: status, output: readFile("\(folder)/out"), errors: readFile("\(folder)/err"))
}

/// Starts a program whose standard input, output and error are the files `in`, `out` and `err` of a folder.
func start(_ path: String, _ arguments: [String], environment: [String], folder: String) throws -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "\(folder)/in", O_RDONLY | O_CREAT, 0o600)
    posix_spawn_file_actions_addopen(&actions, 1, "\(folder)/out", O_WRONLY | O_CREAT, 0o600)
    posix_spawn_file_actions_addopen(&actions, 2, "\(folder)/err", O_WRONLY | O_CREAT, 0o600)
    var argv = ([path] + arguments).map { strdup($0) } + [nil]
    // PATH for the compiler's own programs.
    let searchPath = getenv("PATH").map { "PATH=\(String(cString: $0))" } ?? "PATH=/usr/bin:/bin"
    var envp = (environment + [searchPath]).map { strdup($0) } + [nil]
    defer { for text in argv + envp { free(text) } }
    var process = pid_t()
    let code = posix_spawn(&process, path, &actions, nil, &argv, &envp)
    guard code == 0 else { throw TestFailure("cannot start \(path): \(String(cString: strerror(code)))") }
    return process
}

/// Waits for a process's end: its exit status, or minus the signal that ended it.
@discardableResult
func waitFor(_ process: pid_t) -> Int32 {
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0, errno == EINTR {}
    return status & 0x7F == 0 ? (status >> 8) & 0xFF : -(status & 0x7F)
}

/// The program's path, where the PATH has it.
func findProgram(_ name: String) -> String? {
    guard let path = getenv("PATH") else { return nil }
    return String(cString: path).split(separator: ":").map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 }
}

/// The exporter that was built beside the tests.
func exporterPath() -> String {
    var buffer = [CChar](repeating: 0, count: 4096)
    let length = readlink("/proc/self/exe", &buffer, buffer.count - 1)
    let own = String(decoding: buffer.prefix(max(0, length)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return own.prefix(through: own.lastIndex(of: "/") ?? own.startIndex) + "gpu-exporter"
}
