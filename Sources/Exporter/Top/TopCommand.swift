import ArgumentParser
import Glibc

/// `gpu-exporter top`: what the GPUs do right now, for someone inside the pod.
struct TopCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "top",
        abstract: "Shows the GPUs and their processes in this terminal.",
        discussion: """
            q or Ctrl-C ends it. Without a terminal, as in a pipe, it prints once.

            EXAMPLES
              gpu-exporter top
              gpu-exporter top --interval 250
              gpu-exporter top --once > now.txt
              gpu-exporter top --simulate 8
            """)

    @OptionGroup(title: "Source") var source: SourceOptions

    @Option(name: .shortAndLong, help: "Read the GPUs every so many ms.")
    var interval = 1000

    @Flag(help: "Print once and end.")
    var once = false

    func validate() throws {
        do {
            _ = try source.settings()
            _ = try source.selection(EnvironmentReader { _ in nil })
        } catch {
            throw ValidationError(error.description)
        }
        let range = Settings.collectIntervalMsMin...60_000
        guard range.contains(interval) else {
            throw ValidationError(
                "--interval \(interval): expected \(range.lowerBound) to \(range.upperBound) milliseconds")
        }
    }

    func run() async throws {
        do {
            let request = SourceRequest(
                selection: try source.selection(.process), metrics: TopFrame.metrics, processes: true)
            let source = try openSource(try source.settings(), request)
            let view = TopView(source: source, intervalMs: interval)
            if once || isatty(1) == 0 { try view.printOnce() } else { try view.runInTerminal() }
        } catch {
            let line = "gpu-exporter: \(error)\n"
            _ = line.withCString { write(2, $0, strlen($0)) }
            throw ExitCode.failure
        }
    }
}
