import Glibc
import PromQL
import Synchronization
import Testing

/// Runs `body` on a thread with a stack of 512 KiB, the least that one may be given.
private func onSmallStack(_ body: @escaping @Sendable () -> Void) {
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    pthread_attr_setstacksize(&attributes, 512 * 1024)
    defer { pthread_attr_destroy(&attributes) }
    var thread = pthread_t()
    let started = pthread_create(&thread, &attributes, runBody, Unmanaged.passRetained(Body(body)).toOpaque())
    guard started == 0 else {
        Issue.record("no thread: \(started)")
        return
    }
    pthread_join(thread, nil)
}

private final class Body: Sendable {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}

private func runBody(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    if let argument { Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run() }
    return nil
}

private func repeated(_ text: String, _ count: Int) -> String { String(repeating: text, count: count) }

@Suite struct ParserLimitsTests {
    /// What parsing and printing give on the small stack.
    private func outcomeOnSmallStack(_ text: String) -> String {
        let box = Box()
        onSmallStack { box.value.withLock { $0 = outcome(text) } }
        return box.value.withLock { $0 }
    }

    @Test(arguments: [
        repeated("(", 1_000_000), repeated("-", 1_000_000),
        repeated("- + ", 250_000) + "a", repeated("sum(", 250_000), repeated("abs(", 250_000), repeated("2^", 500_000),
        "foo[" + repeated("(", 1_000_000), "foo[" + repeated("-", 1_000_000) + "1]",
        "foo offset " + repeated("-", 999_000),
        "foo[" + repeated("2^", 400_000) + "1]", "foo[" + repeated("min_of(", 100_000),
        "foo[1" + repeated("+1", 400_000) + "]",
        repeated("1+", 500_000) + "1", "a" + repeated(" or a", 200_000), "a" + repeated("[5m:]", 200_000),
        repeated("a==", 300_000) + "a",
    ])
    func deepExpressionsAreRefused(_ text: String) {
        let outcome = outcomeOnSmallStack(text)
        #expect(outcome.contains("too deep"), "\(outcome.prefix(200))")
    }

    @Test func expressionsWithinTheLimitsFitTheStack() {
        let nesting = ParserLimits.nestingMax - 2
        let depth = ParserLimits.depthMax - 1
        for text in [
            repeated("(", nesting) + "1" + repeated(")", nesting), repeated("-", nesting) + "a",
            repeated("sum(", nesting) + "a" + repeated(")", nesting), "1" + repeated(" + 1", depth),
            "a" + repeated(" or a", depth), "foo[1" + repeated("+1", depth - 1) + "]",
            "foo[step()" + repeated("+1", depth - 1) + "]", repeated("2 ^ ", nesting) + "2",
            "foo[" + repeated("(", nesting - 1) + "1" + repeated(")", nesting - 1) + "]",
            repeated("abs(", nesting - 1) + "a" + repeated(" + a", depth - nesting) + repeated(")", nesting - 1),
        ] {
            let outcome = outcomeOnSmallStack(text)
            #expect(outcome.hasPrefix("OK "), "\(outcome.prefix(200))")
        }
    }

    @Test func aTextThatIsTooLongIsRefused() {
        let text = "foo{a=\"" + repeated("x", ParserLimits.textBytesMax) + "\"}"
        #expect(outcome(text).hasPrefix("1:1: parse error: the text has 1048585 bytes"))
        #expect(outcome(repeated(" ", ParserLimits.textBytesMax - 1) + "1") == "OK 1")
    }

    @Test func wideExpressionsAreReadWhole() {
        let labels = (0..<20_000).map { "l\($0)=\"\($0)\"" }.joined(separator: ",")
        #expect(outcome("foo{\(labels)}").hasPrefix("OK foo{"))
        let names = (0..<50_000).map { "l\($0)" }.joined(separator: ",")
        #expect(outcome("sum by (\(names)) (foo)").hasPrefix("OK sum"))
        let arguments = repeated(", \"a\"", 100_000)
        #expect(outcome("label_join(foo, \"a\", \"b\"\(arguments))").hasPrefix("OK label_join"))
    }
}

private final class Box: Sendable {
    let value = Mutex("")
}
