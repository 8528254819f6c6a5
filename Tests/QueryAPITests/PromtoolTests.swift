import TestSupport
import Testing

private let promtool = findProgram("promtool")

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
                try runToEnd(promtool ?? "", ["query"] + arguments.map { $0 == "URL" ? url : $0 }).printed
            }
            #expect(output == expected)
        }
    }
}
