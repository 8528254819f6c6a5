import ArgumentParser

/// `tsdb check`: questions about a server or a database, answered by the exit status.
struct Check: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Whether a database is sound, or a running server well.",
        subcommands: [CheckDatabase.self, Healthy.self, Ready.self])

    struct Healthy: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Whether the server answers at all.")
        @Option(help: "The server to ask.") var url = "http://localhost:9090"

        func run() async throws { try await ask("\(url)/-/healthy") }
    }

    struct Ready: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Whether the server answers queries.")
        @Option(help: "The server to ask.") var url = "http://localhost:9090"

        func run() async throws { try await ask("\(url)/-/ready") }
    }
}

extension AsyncParsableCommand {
    fileprivate func ask(_ url: String) async throws {
        try await reportingErrors {
            let response = try HTTPClient.get(url, timeoutSeconds: 10)
            guard response.status == 200 else { throw CommandFailure("\(url) answered HTTP \(response.status)") }
            print(String(decoding: response.body, as: UTF8.self), terminator: "")
        }
    }
}
