import Glibc
import Testing

/// Where `promtool` lies, where it is installed.
private let promtool: String? = {
    let path = getenv("PATH").map { String(cString: $0) } ?? ""
    return path.split(separator: ":").map { "\($0)/promtool" }.first { access($0, X_OK) == 0 }
}()

@Suite(.enabled(if: promtool != nil, "needs promtool on the PATH")) struct PromtoolTests {
    static let commands: [([String], String)] = [
        (["instant", "URL", "temp", "--time=1700000100"], "temp{Hostname=\"a\", gpu=\"0\"} => 50.25 @[1700000100]\n"),
        (["instant", "URL", "1+1", "--time=4"], "scalar: 2 @[4]\n"),
        (
            ["range", "URL", "temp", "--start=1700000001", "--end=1700000121", "--step=1m"],
            "temp{Hostname=\"a\", gpu=\"0\"} =>\n50 @[1700000001]\n50.25 @[1700000061]\n50.5 @[1700000121]\n"
        ),
        (
            ["series", "URL", "--match=temp", "--start=1700000000", "--end=1700003600"],
            "{Hostname=\"a\", __name__=\"temp\", gpu=\"0\"}\n"
        ),
        (["labels", "URL", "gpu", "--start=1700000000", "--end=1700003600"], "0\n"),
    ]

    @Test(arguments: commands.indices) func promtoolUnderstandsTheAnswer(_ index: Int) async throws {
        let (arguments, expected) = PromtoolTests.commands[index]
        try await withServer { port in
            let url = "http://127.0.0.1:\(port)"
            let output = try await onSocketThread {
                try run(promtool ?? "", ["query"] + arguments.map { $0 == "URL" ? url : $0 })
            }
            #expect(output == expected)
        }
    }
}

/// What a program writes to standard output and standard error.
private func run(_ program: String, _ arguments: [String]) throws -> String {
    var ends: [Int32] = [0, 0]
    guard pipe(&ends) == 0 else { throw HTTPClientError(reason: "pipe: \(errno)") }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
    posix_spawn_file_actions_adddup2(&actions, ends[1], 2)
    posix_spawn_file_actions_addclose(&actions, ends[0])
    var words: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) } + [nil]
    defer { words.forEach { free($0) } }
    var child = pid_t()
    let status = posix_spawn(&child, program, &actions, nil, &words, environ)
    close(ends[1])
    defer { close(ends[0]) }
    guard status == 0 else { throw HTTPClientError(reason: "spawn \(program): \(status)") }
    var output: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 4096)
    while true {
        let count = read(ends[0], &chunk, chunk.count)
        if count <= 0 { break }
        output += chunk[..<count]
    }
    var exit: Int32 = 0
    waitpid(child, &exit, 0)
    return String(decoding: output, as: UTF8.self)
}
